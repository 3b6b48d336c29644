"""What a reader hands over before normalisation, and its form as JSON on the way out of the parsing process.

Two kinds of page content: `Line`s with their place on the page (PDF), from which paragraphs, running headers and
headings are worked out later, and `Block`s whose role the format itself states (HTML, EPUB, DOCX, Markdown, text).
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import Any


class BlockKind(StrEnum):
    """The role of a block of text."""

    PARAGRAPH = "paragraph"
    HEADING = "heading"
    PREFORMATTED = "preformatted"
    """Line breaks count: code, verse, tables."""


TURNED = -1
EMPTY_PAGE = "no text: an empty page"
"""Problem of a page on which nothing is."""
UNKNOWN_LETTERS = "no text: its letters cannot be told from their shapes"
"""Problem of a page whose fonts do not say what their letters are."""
RESCUED_WITHOUT_TEXT = "no text: the file is damaged"
"""Problem of a page of which nothing was left when a broken file was read by other means."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line on a page, in reading order. Points (1/72 inch) from the page's top left corner, upright."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    """Height of the line's tallest font, ascent to descent."""
    bold: bool
    fixed: bool
    """Its line breaks count: code in a typewriter font, or a table's row of cells."""
    column: int
    """Lines with the same number stand in one column without interruption; TURNED for text across the page."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading (`level` from 1) or preformatted block; `anchor` is a name that an outline may refer to."""

    kind: BlockKind
    text: str
    level: int = 0
    anchors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page of the file, or one unit (chapter, stretch) of a format without pages."""

    number: int
    lines: tuple[Line, ...] = ()
    blocks: tuple[Block, ...] = ()
    height: float = 0.0
    problem: str = ""
    name: str = ""
    """The unit's name inside its container, for outlines that point to it."""

    def to_json(self) -> dict[str, Any]:
        """As plain lists, dicts and strings."""
        return {
            "number": self.number,
            "lines": [astuple(line) for line in self.lines],
            "blocks": [astuple(block) for block in self.blocks],
            "height": self.height,
            "problem": self.problem,
            "name": self.name,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> RawPage:
        """The inverse of `to_json`; raises KeyError, TypeError or ValueError when the data is not of that form."""
        lines = tuple(
            Line(
                str(text),
                float(x0),
                float(top),
                float(x1),
                float(bottom),
                float(size),
                bool(bold),
                bool(fixed),
                int(column),
            )
            for text, x0, top, x1, bottom, size, bold, fixed, column in data["lines"]
        )
        blocks = tuple(
            Block(BlockKind(kind), str(text), int(level), tuple(str(anchor) for anchor in anchors))
            for kind, text, level, anchors in data["blocks"]
        )
        return cls(int(data["number"]), lines, blocks, float(data["height"]), str(data["problem"]), str(data["name"]))


@dataclass(frozen=True, slots=True)
class OutlineEntry:
    """One line of the file's own table of contents, in its order. `page` counts from 1; 0 means unknown.

    `top` is the height on the page in points from its top (None: unknown); `name` and `anchor` say the place in
    formats without pages.
    """

    title: str
    level: int
    page: int = 0
    top: float | None = None
    name: str = ""
    anchor: str = ""

    def to_json(self) -> list[Any]:
        """As a plain list."""
        return list(astuple(self))

    @classmethod
    def from_json(cls, data: list[Any]) -> OutlineEntry:
        """The inverse of `to_json`; raises TypeError or ValueError when the data is not of that form."""
        title, level, page, top, name, anchor = data
        return cls(str(title), int(level), int(page), None if top is None else float(top), str(name), str(anchor))


@dataclass(frozen=True, slots=True)
class RawDocument:
    """All that reading gave, in page order, ready for `build_document`."""

    format: str
    paged: bool
    """Whether the pages are the file's own."""
    title: str
    """The title in the file's metadata, '' where there is none."""
    pages: tuple[RawPage, ...]
    outline: tuple[OutlineEntry, ...] = ()
    warnings: tuple[str, ...] = ()
