"""PDF by pypdf: slower than PDFium, but it opens some files that PDFium refuses (no header, broken structure)."""

from __future__ import annotations

from pathlib import Path

import pypdf

from app.core.errors import DocumentError
from app.documents.raw import RESCUED_WITHOUT_TEXT, Block, BlockKind, OutlineEntry, RawPage
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.text import text_blocks


class FallbackPdfReader:
    """PDFs in which PDFium finds nothing."""

    format = "pdf"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Raises DocumentError, and whatever pypdf raises of a broken file."""
        file = FallbackPdfFile(path, options.password)
        if not file.page_count:
            raise DocumentError(f"{path.name} has no pages", code="no-text")
        return file


class FallbackPdfFile:
    """A PDF that PDFium cannot read. Raises whatever pypdf raises when it cannot either."""

    paged = True

    def __init__(self, path: Path, password: str | None = None) -> None:
        self._reader = pypdf.PdfReader(path, strict=False, password=password)
        self.page_count = len(self._reader.pages)
        self.title = self._title()
        self.warnings = [f"{path.name} is damaged; what could be saved of it was read."]

    def _title(self) -> str:
        try:
            metadata = self._reader.metadata
            return str(metadata.title or "") if metadata is not None else ""
        except MemoryError:
            raise
        except Exception:  # pypdf lets through whatever a broken file makes Python raise
            return ""

    def read_page(self, number: int) -> RawPage:
        """One page's text in the order of the file: there are no places on the page to sort by."""
        try:
            text = self._reader.pages[number - 1].extract_text()
        except MemoryError:
            raise
        except Exception:  # as above; its words would tell a user nothing
            return RawPage(number, problem="damaged: its content makes no sense")
        joined = tuple(Block(BlockKind.PARAGRAPH, block.text) for block in text_blocks(text))
        return RawPage(number, blocks=joined, problem="" if joined else RESCUED_WITHOUT_TEXT)

    def outline(self) -> list[OutlineEntry]:
        """Left out: the outline of a broken file leads astray, the sections come from groups of pages."""
        return []

    def close(self) -> None:
        """See OpenedDocument."""
        self._reader.close()
