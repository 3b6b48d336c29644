"""A stretch of a document that was found for a question."""

from __future__ import annotations

from dataclasses import dataclass

from app.documents.model import Document


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a question is answered from: document offsets (half open) of one passage, or of neighbours joined.

    Of two found by one search the higher score is the better match; scores of different searches do not compare.
    """

    document: Document
    start: int
    end: int
    score: float

    @property
    def text(self) -> str:
        """The document's own words."""
        return self.document.text[self.start : self.end]

    @property
    def page_from(self) -> int:
        """Number of the page it begins on."""
        return self.document.page_at(self.start)

    @property
    def page_to(self) -> int:
        """Number of the page it ends on."""
        return self.document.page_at(max(self.start, self.end - 1))

    @property
    def section(self) -> str:
        """Title of the section it begins in; '' where there is none."""
        return next((s.title for s in self.document.sections if s.start <= self.start < s.end), "")
