"""Markdown (CommonMark with tables): markup taken off, headings as outline, code kept as it stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.core.errors import DocumentError
from app.documents.raw import Block, BlockKind
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.blocks import BlockFile
from app.documents.readers.html import html_blocks
from app.documents.readers.text import decode

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*\n", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*[\"']?(.+?)[\"']?[ \t]*$", re.MULTILINE)


class MarkdownReader:
    """The Markdown format."""

    format = "markdown"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Parse the whole file; raises DocumentError when it holds no text."""
        text, _ = decode(path.read_bytes())
        title, blocks = markdown_blocks(text.replace("\r\n", "\n").replace("\r", "\n"))
        if not blocks:
            raise DocumentError(f"{path.name} is a Markdown file without text", code="no-text")
        return BlockFile(title, blocks)


def markdown_blocks(text: str) -> tuple[str, list[Block]]:
    """The title in the front matter ('' without one) and the blocks."""
    title = ""
    front = _FRONT_MATTER.match(text)
    if front is not None:
        found = _FRONT_TITLE.search(front[1])
        title = found[1] if found else ""
        text = text[front.end() :]
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    writer = _Writer()
    for token in parser.parse(text):
        writer.take(token)
    return title, writer.blocks


class _Writer:
    """Blocks from the parser's tokens, which are taken in order."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._heading = 0
        """Level of the heading that is open, 0 for none."""
        self._prefix = ""
        """Bullet or number of the list item that has just begun."""
        self._numbers: list[int | None] = []
        """Of each open list the next item's number, None for bullets."""
        self._cells: list[str] | None = None
        """Of the table's row that is open."""
        self._rows: list[str] = []

    def take(self, token: Token) -> None:
        """The next token."""
        match token.type:
            case "heading_open":
                self._heading = int(token.tag[1:])
            case "heading_close":
                self._heading = 0
            case "inline":
                self._write(_inline_text(token.children or []))
            case "bullet_list_open":
                self._numbers.append(None)
            case "ordered_list_open":
                self._numbers.append(int(token.attrGet("start") or 1))
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
            case "list_item_open":
                self._begin_item()
            case "tr_open":
                self._cells = []
            case "tr_close":
                self._rows.append(" | ".join(self._cells or []))
                self._cells = None
            case "table_close":
                self.blocks.append(Block(BlockKind.PREFORMATTED, "\n".join(self._rows)))
                self._rows = []
            case "fence" | "code_block" if token.content.strip():
                self.blocks.append(Block(BlockKind.PREFORMATTED, token.content))
            case "html_block":
                self.blocks += html_blocks(token.content)[1]

    def _write(self, content: str) -> None:
        if self._cells is not None:
            self._cells.append(content.replace("\n", " "))
        elif content.strip():
            kind = BlockKind.HEADING if self._heading else BlockKind.PARAGRAPH
            self.blocks.append(Block(kind, self._prefix + content, self._heading))
            self._prefix = ""

    def _begin_item(self) -> None:
        number = self._numbers[-1]
        if number is None:
            self._prefix = "• "
        else:
            self._prefix, self._numbers[-1] = f"{number}. ", number + 1


def _inline_text(tokens: Sequence[Token]) -> str:
    """The text of inline markup: link targets and image sources fall away, a hard break stays a line break."""
    parts: list[str] = []
    for token in tokens:
        if token.type in ("text", "code_inline"):
            parts.append(token.content)
        elif token.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif token.type == "image":
            parts.append(_inline_text(token.children or []))
    return "".join(parts)
