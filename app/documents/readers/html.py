"""HTML: headings, paragraphs, lists, tables and preformatted text; scripts, styles and navigation left out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from selectolax.lexbor import LexborHTMLParser, LexborNode

from app.core.errors import DocumentError
from app.documents.raw import Block, BlockKind
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.blocks import BlockFile
from app.documents.readers.text import decode


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


_SKIPPED = _names(
    """script style nav template svg iframe object head rt rp noscript canvas audio video select textarea"""
)
_INLINE = _names(
    """a abbr acronym b bdi bdo big cite code data del dfn em font i ins kbd label mark q ruby rb s samp small span
    strike strong sub sup time tt u var wbr img input button math"""
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_META_CHARSET = re.compile(rb"""<meta[^>]{0,200}charset\s*=\s*["']?\s*([\w.:-]{1,40})""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]{0,200}encoding\s*=\s*["']([\w.:-]{1,40})""", re.IGNORECASE)
_SELF_CLOSED = re.compile(
    r"<(?!(?:br|hr|img|input|link|meta|area|base|col|embed|source|track|wbr)\b)([A-Za-z][\w:-]*)((?:\s[^<>]*)?)/>"
)
_SPACE = re.compile(r"\s+")
_MAX_CELL = 400
"""Table cells with more characters hold prose: the table is only layout."""


def decode_html(data: bytes) -> str:
    """Text of an HTML file: the encoding it declares, unless a byte order mark or valid UTF-8 says otherwise."""
    declared = _XML_ENCODING.search(data[:1024]) or _META_CHARSET.search(data[:4096])
    if declared is not None and not data.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        name = declared[1].decode("ascii", "ignore").lower()
        # A page that can be read as ASCII to find this out is not UTF-16; Latin-1 means Windows' superset of it.
        name = {"utf-16": "utf-8", "iso-8859-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252"}.get(name, name)
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            pass
    return decode(data)[0]


def html_blocks(markup: str, *, xml: bool = False) -> tuple[str, list[Block]]:
    """The title and the blocks of a page. `xml`: XHTML, where any element may close itself."""
    if xml:
        markup = _SELF_CLOSED.sub(r"<\1\2></\1>", markup)
    tree = LexborHTMLParser(markup)
    title_node = tree.css_first("title")
    title = " ".join(title_node.text().split()) if title_node is not None else ""
    return title, _Walk().blocks(tree.body) if tree.body is not None else []


class HtmlReader:
    """The HTML format."""

    format = "html"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Parse the whole file; raises DocumentError when it holds no text."""
        data = path.read_bytes()
        title, blocks = html_blocks(decode_html(data), xml=data[:200].lstrip().startswith(b"<?xml"))
        if not blocks:
            raise DocumentError(f"{path.name} is an HTML page without text", code="no-text")
        return BlockFile(title, blocks)


class _Walk:
    """Goes through a tree once, without recursion: hostile pages nest by the hundred thousand."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._text: list[str] = []
        self._anchors: list[str] = []
        self._breaks = False
        self._counters: list[int] = []

    def blocks(self, root: LexborNode) -> list[Block]:
        for node, entering in _visits(root):
            tag = node.tag or ""
            if tag == "-text":
                self._text.append(_SPACE.sub(" ", node.text_content or ""))
            elif entering:
                self._enter(node, tag)
            else:
                self._leave(tag)
        self._flush(BlockKind.PARAGRAPH)
        return self._blocks

    def _enter(self, node: LexborNode, tag: str) -> None:
        if tag == "math":
            for annotation in node.css("annotation, annotation-xml"):
                annotation.decompose()
            self._text.append(" ".join(node.text(deep=True).split()))
            return
        anchor = node.attributes.get("id") or (node.attributes.get("name") if tag == "a" else None)
        if tag in _INLINE:
            if anchor:
                self._anchors.append(anchor)
            return
        if tag == "br":
            self._text.append("\n")
            self._breaks = True
            return
        self._flush(BlockKind.PARAGRAPH)
        if anchor:
            self._anchors.append(anchor)
        if tag == "pre":
            self._add(BlockKind.PREFORMATTED, node.text(deep=True))
        elif tag == "table" and (rows := _table_rows(node)):
            self._anchors.extend(child.attributes["id"] or "" for child in node.css("[id]"))
            self._add(BlockKind.PREFORMATTED, "\n".join(rows))
        elif tag in ("ul", "ol"):
            self._counters.append(0)
        elif tag == "li":
            self._text.append(self._bullet(node))

    def _bullet(self, node: LexborNode) -> str:
        parent = node.parent
        if parent is not None and parent.tag == "ol" and self._counters:
            self._counters[-1] += 1
            return f"{self._counters[-1]}. "
        return "• "

    def _leave(self, tag: str) -> None:
        if tag in _INLINE or tag == "br":
            return
        if tag in _HEADINGS:
            self._flush(BlockKind.HEADING, _HEADINGS[tag])
            return
        self._flush(BlockKind.PARAGRAPH)
        if tag in ("ul", "ol") and self._counters:
            self._counters.pop()

    def _flush(self, kind: BlockKind, level: int = 0) -> None:
        text = "".join(self._text)
        breaks = self._breaks
        self._text, self._breaks = [], False
        lines = [" ".join(line.split()) for line in text.split("\n")]
        if breaks and kind is BlockKind.PARAGRAPH:
            self._add(BlockKind.PREFORMATTED, "\n".join(lines))
        else:
            self._add(kind, " ".join(line for line in lines if line), level)

    def _add(self, kind: BlockKind, text: str, level: int = 0) -> None:
        if text.strip() and text.strip() != "•":
            self._blocks.append(Block(kind, text, level, tuple(self._anchors)))
            self._anchors = []


def _visits(root: LexborNode) -> Iterator[tuple[LexborNode, bool]]:
    """Every node below `root` in order, elements once on the way in (True) and once on the way out (False)."""
    stack: list[tuple[LexborNode, bool]] = [(root, False)]
    node = root.child
    while stack:
        if node is None:
            left, opened = stack.pop()
            if opened:
                yield left, False
            node = left.next if stack else None
            continue
        if node.tag == "-text":
            yield node, True
            node = node.next
        elif node.tag in _SKIPPED or node.tag in ("_comment", "-comment", "!--", "!doctype") or _hidden(node):
            node = node.next
        else:
            yield node, True
            whole = node.tag in ("pre", "math") or (node.tag == "table" and bool(_table_rows(node)))
            stack.append((node, True))
            node = None if whole else node.child


def _hidden(node: LexborNode) -> bool:
    attributes = node.attributes
    style = (attributes.get("style") or "").replace(" ", "").lower()
    return "hidden" in attributes or "display:none" in style or attributes.get("role") == "navigation"


def _table_rows(table: LexborNode) -> list[str]:
    """One line for each row of a table of data; [] for a table that only lays out the page."""
    if table.css_first("td table, th table, td h1, td h2, td h3, td pre") is not None:
        return []
    rows: list[str] = []
    for row in table.css("tr"):
        cells = [" ".join(cell.text(deep=True, separator=" ").split()) for cell in row.css("td, th")]
        if any(len(cell) > _MAX_CELL for cell in cells):
            return []
        if any(cells):
            rows.append(" | ".join(cell for cell in cells if cell))
    return rows
