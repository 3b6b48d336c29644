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
    return title, _blocks(parser.parse(text))


def _blocks(tokens: Sequence[Token]) -> list[Block]:
    blocks: list[Block] = []
    heading = 0
    prefix = ""
    counters: list[int | None] = []  # one for each open list: the next number, None for bullets
    cells: list[str] | None = None
    rows: list[str] = []
    for token in tokens:
        if token.type == "heading_open":
            heading = int(token.tag[1:])
        elif token.type == "inline":
            content = _inline_text(token.children or [])
            if cells is not None:
                cells.append(content.replace("\n", " "))
            elif content.strip():
                kind = BlockKind.HEADING if heading else BlockKind.PARAGRAPH
                blocks.append(Block(kind, prefix + content, heading))
                prefix = ""
        elif token.type == "heading_close":
            heading = 0
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            counters.append(int(token.attrGet("start") or 1) if token.type[0] == "o" else None)
        elif token.type in ("bullet_list_close", "ordered_list_close"):
            counters.pop()
        elif token.type == "list_item_open":
            number = counters[-1]
            prefix = "• " if number is None else f"{number}. "
            counters[-1] = None if number is None else number + 1
        elif token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            rows.append(" | ".join(cells or []))
            cells = None
        elif token.type == "table_close":
            blocks.append(Block(BlockKind.PREFORMATTED, "\n".join(rows)))
            rows = []
        elif token.type in ("fence", "code_block") and token.content.strip():
            blocks.append(Block(BlockKind.PREFORMATTED, token.content))
        elif token.type == "html_block":
            blocks.extend(html_blocks(token.content)[1])
    return blocks


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
