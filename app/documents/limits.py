"""Limits on what one import may cost, and the range of pages a user asks for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.core.errors import UserError

_RANGE = re.compile(r"\s*(\d{1,9})\s*(?:([-–])\s*(\d{1,9})?\s*)?")


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """What reading one document may cost; the defaults leave room for any honest document."""

    page_timeout_s: float = 12.0
    """Longest time for one page (or one chapter, where a format has no pages); then the page is given up."""
    open_timeout_s: float = 60.0
    """Longest time for opening the file, and for its outline."""
    max_restarts: int = 20
    """How many pages in all may crash or overrun before the remaining pages are left unread."""
    max_file_bytes: int = 1 << 30
    max_pages: int = 20_000
    max_text_chars: int = 60_000_000
    """Most characters of raw text taken from one document."""
    max_page_chars: int = 4_000_000
    memory_bytes: int = 2 << 30
    """Address space of the parsing process, where the operating system can hold it to that."""
    max_unpacked_bytes: int = 256 << 20
    """Most bytes that one entry of a zip container (EPUB, DOCX) may unpack to."""
    max_zip_entries: int = 20_000


@dataclass(frozen=True, slots=True)
class PageRange:
    """Pages `first` to `last` inclusive, counted from 1; `last` None means to the end."""

    first: int = 1
    last: int | None = None

    @classmethod
    def parse(cls, text: str) -> PageRange:
        """Read "1-50", "3" or "10-"; raises UserError (code "pages") for anything else."""
        match = _RANGE.fullmatch(text)
        if match is None:
            raise UserError(f'--pages "{text}" is not a range of pages: write for example 1-50, 3 or 10-', code="pages")
        first = int(match[1])
        last = first if match[2] is None else int(match[3]) if match[3] else None
        if first < 1:
            raise UserError(f'--pages "{text}" starts at page {first}: pages count from 1', code="pages")
        if last is not None and last < first:
            raise UserError(f'--pages "{text}" ends before it begins: write the lower page first', code="pages")
        return cls(first, last)

    def clip(self, page_count: int) -> range:
        """The page numbers of this range that exist in a document of `page_count` pages."""
        last = page_count if self.last is None else min(self.last, page_count)
        return range(self.first, last + 1)

    def __str__(self) -> str:
        if self.last is None:
            return f"{self.first}-"
        return str(self.first) if self.first == self.last else f"{self.first}-{self.last}"
