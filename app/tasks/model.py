"""What tasks produce: lines with citations, notes of sections, summaries. Plain data, ready for JSON and SQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """How a summary is written."""

    BRIEF = "brief"
    DETAILED = "detailed"
    KEY_PASSAGES = "key-passages"


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote on a page: word for word, with page offsets (half open) into the page's normalised text."""

    page: int
    quote: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of notes, summary or answer, and what it rests on."""

    text: str
    supported: bool
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionNotes:
    """The notes of one section (or of one part of a section longer than the window)."""

    index: int
    title: str
    page_from: int
    page_to: int
    notes: tuple[Line, ...]
