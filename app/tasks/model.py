"""What tasks produce: lines with citations, notes of sections, summaries. Plain data, ready for JSON and SQL."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Style(StrEnum):
    """How a summary is written."""

    BRIEF = "brief"
    DETAILED = "detailed"
    KEY_PASSAGES = "key-passages"


class AnswerStyle(StrEnum):
    """How a question is answered."""

    WRITTEN = "written"
    """In the model's words, each sentence checked against the evidence."""
    QUOTED = "quoted"
    """With the sentence of the evidence after which the model finds the question most likely."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A quote on a page: word for word, with page offsets (half open) into the page's normalised text.

    `document_id` is the document's content hash; '' where there is but one document.
    """

    page: int
    quote: str
    start: int
    end: int
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of notes, summary or answer, and what it rests on.

    `unknown` are its numbers and names that occur nowhere in what it was checked against; such a line is unsupported.
    """

    text: str
    supported: bool
    citations: tuple[Citation, ...] = ()
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SectionNotes:
    """The notes of one section (or of one part of a section longer than the window)."""

    index: int
    title: str
    page_from: int
    page_to: int
    notes: tuple[Line, ...]
