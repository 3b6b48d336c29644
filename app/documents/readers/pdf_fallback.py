"""PDF by pypdf: slower than PDFium, but it opens some files that PDFium refuses (no header, broken structure)."""

from __future__ import annotations

from pathlib import Path

import pypdf

from app.documents.raw import Block, BlockKind, OutlineEntry, RawPage
from app.documents.readers.text import text_blocks


class FallbackPdfFile:
    """A PDF that PDFium cannot open. Raises whatever pypdf raises when it cannot either."""

    paged = True

    def __init__(self, path: Path) -> None:
        self._reader = pypdf.PdfReader(path, strict=False)
        self.page_count = len(self._reader.pages)
        metadata = self._reader.metadata
        self.title = str(metadata.title or "") if metadata is not None else ""
        self.warnings = [f"{path.name} is damaged; what could be saved of it was read."]

    def read_page(self, number: int) -> RawPage:
        """One page's text in the order of the file: there are no places on the page to sort by."""
        blocks = text_blocks(self._reader.pages[number - 1].extract_text())
        joined = tuple(Block(BlockKind.PARAGRAPH, block.text) for block in blocks)
        return RawPage(number, blocks=joined, problem="" if joined else "no text: the file is damaged")

    def outline(self) -> list[OutlineEntry]:
        """Left out: the outline of a broken file leads astray, the sections come from groups of pages."""
        return []

    def close(self) -> None:
        self._reader.close()
