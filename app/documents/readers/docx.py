"""DOCX: paragraphs, headings, lists, tables and footnotes in the order of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import docx
from docx.document import Document as DocxDocument
from docx.oxml.ns import qn
from lxml import etree

from app.core.errors import DocumentError
from app.documents.raw import Block, BlockKind
from app.documents.readers.archive import Archive
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.blocks import BlockFile

_HEADING = re.compile(r"heading (\d)")
_MAX_STYLE_CHAIN = 10
_HEADING_ID = re.compile(r"heading ?(\d)")
_BODY = "word/document.xml"
_FOOTNOTES = "word/footnotes.xml"
_BREAKS = (qn("w:br"), qn("w:cr"))
_NO_TEXT = (
    qn("w:del"),
    qn("w:pPr"),
    qn("w:rPr"),
    "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback",  # repeats a text box for old programs
)


class DocxReader:
    """The DOCX format."""

    format = "docx"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Parse the whole file; raises DocumentError when it is damaged or holds no text."""
        archive = Archive(path, options.limits)
        try:
            file = _read(path, archive)
        except (MemoryError, DocumentError):
            raise
        except Exception:  # python-docx lets through whatever a broken file makes Python raise
            file = _rescued(path, archive)
        archive.close()
        if not file.page_count:
            raise DocumentError(f"{path.name} is a DOCX file without text", code="no-text")
        return file


def _read(path: Path, archive: Archive) -> BlockFile:
    """Raises anything where any part of the file is broken."""
    document = docx.Document(str(path))
    blocks = list(_body_blocks(document.element.body, _styles(document)))
    notes = archive.find_xml(_FOOTNOTES)
    lost = _FOOTNOTES in archive and (notes is None or _FOOTNOTES in archive.mended)
    blocks += _footnotes(notes) if notes is not None else []
    warnings = [f"{path.name} is damaged in its footnotes: some may be missing."] if lost else []
    return BlockFile(document.core_properties.title or "", blocks, warnings)


def _rescued(path: Path, archive: Archive) -> BlockFile:
    """What the text's own part holds, when other parts are broken, or itself in a place; DocumentError for nothing."""
    body = archive.read_xml(_BODY).find(qn("w:body"))
    blocks: list[Block] = []
    if body is not None:
        named = {_style_id(paragraph) for paragraph in body.iter(qn("w:p"))}
        levels = {name: int(found[1]) for name in named if (found := _HEADING_ID.fullmatch(name.lower()))}
        blocks += _body_blocks(body, _Styles(levels, frozenset()))
    if not blocks:
        raise DocumentError(f"{path.name} is damaged: it is no readable DOCX; get a fresh copy", code="damaged")
    notes = archive.find_xml(_FOOTNOTES)
    blocks += _footnotes(notes) if notes is not None else []
    return BlockFile("", blocks, [f"{path.name} is damaged; what could be saved of it was read."])


def _body_blocks(body: etree._Element, styles: _Styles) -> Iterator[Block]:
    for node in _top_nodes(body):
        if node.tag == qn("w:tbl"):
            rows = [_row(row) for row in node.iterchildren(qn("w:tr"))]
            if any(rows):
                yield Block(BlockKind.PREFORMATTED, "\n".join(row for row in rows if row))
            continue
        text = _text(node)
        if not text.strip():
            continue
        level = _level(node, styles)
        if level:
            yield Block(BlockKind.HEADING, " ".join(text.split()), level)
        elif "\n" in text:
            yield Block(BlockKind.PREFORMATTED, text)
        else:
            listed = _style_id(node) in styles.listed or node.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None
            yield Block(BlockKind.PARAGRAPH, f"• {text}" if listed else text)


def _top_nodes(body: etree._Element) -> Iterator[etree._Element]:
    """Paragraphs and tables of the text, those inside content controls too."""
    stack = list(reversed(body))
    while stack:
        node = stack.pop()
        if node.tag in (qn("w:p"), qn("w:tbl")):
            yield node
        elif node.tag in (qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:ins"), qn("w:smartTag")):
            stack.extend(reversed(node))


@dataclass(frozen=True, slots=True)
class _Styles:
    """What paragraph styles say: heading levels and list membership, by style id."""

    levels: dict[str, int]
    listed: frozenset[str]


def _styles(document: DocxDocument) -> _Styles:
    """Read every style once, with what it inherits from the styles it is built on."""
    levels: dict[str, int] = {}
    listed: set[str] = set()
    for style in document.styles:
        base, steps = style, 0
        while base is not None and steps < _MAX_STYLE_CHAIN:
            name = (base.name or "").lower()
            found = _HEADING.fullmatch(name)
            if found or name == "title":
                levels.setdefault(style.style_id, int(found[1]) if found else 1)
            if base.element.find(f"{qn('w:pPr')}/{qn('w:numPr')}") is not None:
                listed.add(style.style_id)
            base, steps = getattr(base, "base_style", None), steps + 1
    return _Styles(levels, frozenset(listed))


def _style_id(paragraph: etree._Element) -> str:
    style = paragraph.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
    return style.get(qn("w:val")) or "" if style is not None else ""


def _level(paragraph: etree._Element, styles: _Styles) -> int:
    outline = paragraph.find(f"{qn('w:pPr')}/{qn('w:outlineLvl')}")
    if outline is not None and (outline.get(qn("w:val")) or "9") in "012345678":
        return int(outline.get(qn("w:val")) or 0) + 1
    return styles.levels.get(_style_id(paragraph), 0)


def _text(node: etree._Element) -> str:
    """The text of a paragraph with insertions, links and text boxes, without deletions."""
    parts: list[str] = []
    stack = [node]
    while stack:
        current = stack.pop()
        if current.tag in _NO_TEXT:
            continue
        if current.tag == qn("w:t"):
            parts.append(current.text or "")
        elif current.tag == qn("w:tab"):
            parts.append("\t")
        elif current.tag in _BREAKS:
            parts.append(" " if current.get(qn("w:type")) in ("page", "column") else "\n")
        elif current.tag == qn("w:noBreakHyphen"):
            parts.append("-")
        elif current.tag == qn("w:p") and current is not node:
            parts.append("\n")
        stack.extend(reversed(current))
    return "".join(parts).strip("\n")


def _row(row: etree._Element) -> str:
    cells = (" ".join(_text(cell).split()) for cell in row.iterchildren(qn("w:tc"), qn("w:sdt")))
    return " | ".join(cell for cell in cells if cell)


def _footnotes(root: etree._Element) -> list[Block]:
    notes = [
        f"[{note.get(qn('w:id'))}] {' '.join(_text(note).split())}"
        for note in root.iter(qn("w:footnote"))
        if note.get(qn("w:type")) is None and _text(note).strip()
    ]
    return (
        [Block(BlockKind.HEADING, "Footnotes", 1), *(Block(BlockKind.PARAGRAPH, note) for note in notes)]
        if notes
        else []
    )
