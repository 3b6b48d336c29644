"""Lines, notes and coverage as paragraphs of rich text. No text of a document is taken for markup."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Protocol

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QColor

from app.services.markdown_export import cited_pages, page_range
from app.tasks.model import Citation, Line, SectionNotes
from app.ui.theme import colours
from app.ui.widgets.line_html import chip_html, doubt_text, one_line_html, unbroken

BULLET = "•\u00a0\u00a0"
"""Before a line; a line's second row begins under its text."""
_SCHEME = "cite:"


class ParagraphKind(Enum):
    """How a paragraph stands on the page."""

    HEADING = auto()
    BULLETED = auto()
    PLAIN = auto()


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph; `html` holds no blocks of its own."""

    kind: ParagraphKind
    html: str


class CitationLinks:
    """The addresses of page chips on one page, and what each leads to."""

    def __init__(self) -> None:
        self._citations: list[Citation] = []

    def add(self, citation: Citation) -> str:
        """The address of a chip."""
        self._citations.append(citation)
        return f"{_SCHEME}{len(self._citations) - 1}"

    def find(self, address: str) -> Citation | None:
        """What a chip's address leads to; None for any other address."""
        number = address.removeprefix(_SCHEME)
        known = number != address and number.isdecimal() and int(number) < len(self._citations)
        return self._citations[int(number)] if known else None


class Block(Protocol):
    """Something that is added to a page as a whole."""

    def paragraphs(self, links: CitationLinks) -> Iterable[Paragraph]:
        """It in the colours in force, its chips' addresses taken from `links`."""
        ...


@dataclass(frozen=True, slots=True)
class LineBlock:
    """One line with a chip for each of its pages; `mark` is how pages are called, "p." or "part"."""

    line: Line
    mark: str

    def paragraphs(self, links: CitationLinks) -> Iterator[Paragraph]:
        """The line alone."""
        yield Paragraph(ParagraphKind.BULLETED, _line(self.line, self.mark, links))


@dataclass(frozen=True, slots=True)
class SectionBlock:
    """The notes of one section under its title and pages."""

    notes: SectionNotes
    mark: str

    def paragraphs(self, links: CitationLinks) -> Iterator[Paragraph]:
        """The heading, then line by line, or that there is nothing to say."""
        pages = unbroken(page_range(self.mark, self.notes.page_from, self.notes.page_to))
        title = f"<b>{_heading(self.notes.title)}</b>&nbsp; " if self.notes.title.strip() else ""
        yield Paragraph(ParagraphKind.HEADING, f"{title}{_coloured(pages, colours().muted)}")
        for line in self.notes.notes:
            yield from LineBlock(line, self.mark).paragraphs(links)
        if not self.notes.notes:
            nothing = QCoreApplication.translate("SummaryHtml", "No sentence worth quoting.")
            yield Paragraph(ParagraphKind.PLAIN, _coloured(one_line_html(nothing), colours().muted))


@dataclass(frozen=True, slots=True)
class TextBlock:
    """The window's own words under a heading, or without one where it is ''."""

    heading: str
    lines: tuple[str, ...]
    muted: bool = True

    def paragraphs(self, links: CitationLinks) -> Iterator[Paragraph]:
        """A line that begins with a hyphen becomes an item of a list."""
        colour = colours().muted if self.muted else colours().text
        if self.heading:
            yield Paragraph(ParagraphKind.HEADING, f"<b>{_heading(self.heading)}</b>")
        for line in self.lines:
            text = one_line_html(line.removeprefix("- "))
            if line.startswith("- "):
                yield Paragraph(ParagraphKind.BULLETED, _coloured(BULLET + text, colour))
            else:
                yield Paragraph(ParagraphKind.PLAIN, _coloured(text, colour))


def _line(line: Line, mark: str, links: CitationLinks) -> str:
    text = BULLET + one_line_html(line.text)
    if not line.supported:
        return _coloured(f"{text} <i>[{one_line_html(doubt_text(line))}]</i>", colours().unsupported)
    chips = (
        chip_html(links.add(citation), f"{mark} {page}", citation.quote) for page, citation in cited_pages(line).items()
    )
    return " ".join([text, *chips])


def _heading(text: str) -> str:
    return f'<span style="font-size:large">{one_line_html(text)}</span>'


def _coloured(html: str, colour: QColor) -> str:
    return f'<span style="color:{colour.name()}">{html}</span>'
