"""A source of a PDF's pages that never come: their sizes are right, their pictures hang."""

from __future__ import annotations

import time
from pathlib import Path

import pypdfium2 as pdfium  # type: ignore[import-untyped]

from app.documents.readers.base import OpenOptions
from app.worker.pdf_pages import PdfPagesShown
from app.worker.render_process import Picture


class HangingPages(PdfPagesShown):
    """A page that is to be drawn writes "FILE.hangs" first."""

    def __init__(self, path: Path) -> None:
        super().__init__(pdfium.PdfDocument(path))
        self._path = path

    def image(self, number: int, width: int) -> Picture:
        self._path.with_suffix(".hangs").touch()
        time.sleep(600)
        raise AssertionError("nobody waits so long")


class HangingPageSource:
    """Opens such a file."""

    def open(self, path: Path, options: OpenOptions) -> HangingPages:
        return HangingPages(path)
