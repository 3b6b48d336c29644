"""A document as the rest of the program sees it: pages of normalised text, sections, passages.

Two coordinate systems, and only these two:

* document offset: index into `Document.text`, the pages' texts joined by PAGE_SEPARATOR;
* page offset: index into one page's normalised text, used by citations.

Pages count from 1, as the file's own pages do.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

PAGE_SEPARATOR = "\n"


class PageKind(StrEnum):
    """What a page number means in this document."""

    PAGE = "page"
    """The file has pages of its own (PDF)."""
    PART = "part"
    """The format has no pages: the text was cut into parts of about 3,000 characters."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page: its number (from 1), its normalised text ('' where none was found) and why text is missing."""

    number: int
    text: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of the document with a title; sections in order cover the document without gap or overlap."""

    index: int
    title: str
    level: int
    start: int
    end: int
    page_from: int
    page_to: int


@dataclass(frozen=True, slots=True)
class Passage:
    """About 900 characters on sentence ends; start and end are document offsets."""

    id: int
    text: str
    start: int
    end: int
    page_from: int
    page_to: int
    section_index: int


@dataclass(frozen=True, slots=True)
class Location:
    """A stretch on one page: page number and page offsets, half open."""

    page: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Document:
    """A whole document after normalisation.

    `content_hash` is the SHA-256 (hex) of the file's bytes and serves as the document's id.
    """

    title: str
    format: str
    content_hash: str
    page_kind: PageKind
    pages: tuple[Page, ...]
    sections: tuple[Section, ...]
    warnings: tuple[str, ...] = ()
    text: str = field(init=False, repr=False, compare=False)
    _starts: tuple[int, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        starts: list[int] = []
        position = 0
        for page in self.pages:
            starts.append(position)
            position += len(page.text) + len(PAGE_SEPARATOR)
        object.__setattr__(self, "text", PAGE_SEPARATOR.join(page.text for page in self.pages))
        object.__setattr__(self, "_starts", tuple(starts))

    @property
    def pages_without_text(self) -> tuple[int, ...]:
        """Numbers of the pages that gave no text: the coverage report."""
        return tuple(page.number for page in self.pages if not page.text.strip())

    def page_at(self, offset: int) -> int:
        """Number of the page that holds the document offset `offset`."""
        return self.pages[max(0, bisect_right(self._starts, offset) - 1)].number

    def page_start(self, number: int) -> int:
        """Document offset at which page `number` begins; ValueError when there is no such page."""
        for start, page in zip(self._starts, self.pages, strict=True):
            if page.number == number:
                return start
        raise ValueError(f"no page {number} in {self.title!r}")

    def locate(self, start: int, end: int) -> Iterator[Location]:
        """The stretch [start, end) of document offsets as one Location per page it touches."""
        first = max(0, bisect_right(self._starts, start) - 1)
        for page_start, page in zip(self._starts[first:], self.pages[first:], strict=True):
            if page_start >= end:
                return
            low = max(start, page_start) - page_start
            high = min(end - page_start, len(page.text))
            if low < high:
                yield Location(page.number, low, high)
