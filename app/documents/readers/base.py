"""The seam between formats and the rest: a reader opens a file, an opened file gives its pages one at a time."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from app.documents.limits import ReadingLimits
from app.documents.raw import OutlineEntry, RawPage


@dataclass(frozen=True, slots=True)
class OpenOptions:
    """How to open a file."""

    password: str | None = None
    limits: ReadingLimits = field(default_factory=ReadingLimits)


class OpenedDocument(Protocol):
    """A file being read. Pages count from 1; where a format has no pages a 'page' here is a chapter or a stretch."""

    @property
    def page_count(self) -> int:
        """How many pages there are."""
        ...

    @property
    def paged(self) -> bool:
        """Whether the file has pages of its own."""
        ...

    @property
    def title(self) -> str:
        """The title in the file's metadata, '' where there is none."""
        ...

    @property
    def warnings(self) -> list[str]:
        """One sentence for each thing a user should know about the file."""
        ...

    def read_page(self, number: int) -> RawPage:
        """The raw text of page `number`. May raise anything: the page is then recorded as damaged."""
        ...

    def outline(self) -> list[OutlineEntry]:
        """The file's own table of contents, [] where there is none."""
        ...

    def close(self) -> None:
        """Let go of the file."""
        ...


class DocumentReader(Protocol):
    """One document format."""

    @property
    def format(self) -> str:
        """The format's short name, which is stored with the document."""
        ...

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Open the file; raises DocumentError with a code and one sentence when it cannot be read."""
        ...
