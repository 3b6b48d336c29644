"""PDF by PDFium: fast, repairs broken files, opens every encryption in use."""

from __future__ import annotations

from pathlib import Path

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from app.core.errors import DocumentError
from app.documents.raw import EMPTY_PAGE, UNKNOWN_LETTERS, OutlineEntry, RawPage
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.pdf_chars import page_pieces
from app.documents.readers.pdf_layout import reading_order
from app.documents.readers.pdf_streams import damaged_streams

_MAX_OUTLINE_ENTRIES = 20_000
_MAX_OUTLINE_DEPTH = 12


class PdfReader:
    """The PDF format."""

    format = "pdf"

    def open(self, path: Path, options: OpenOptions) -> OpenedDocument:
        """Open a PDF; an empty user password is tried by itself."""
        try:
            document = pdfium.PdfDocument(path, password=options.password)
        except pdfium.PdfiumError as error:
            locked = getattr(error, "err_code", None) in (pdfium_c.FPDF_ERR_PASSWORD, pdfium_c.FPDF_ERR_SECURITY)
            if not locked and (rescued := _rescue(path)) is not None:
                return rescued
            raise _open_error(path, options.password, error) from error
        return PdfFile(document, options, _warnings(path))


def _warnings(path: Path) -> list[str]:
    damaged, parts = damaged_streams(path)
    if not damaged:
        return []
    return [
        f"{path.name} is damaged in {damaged:,} of its {parts:,} compressed parts: text may be missing or wrong where "
        "no page says so."
    ]


def _rescue(path: Path) -> OpenedDocument | None:
    """The file by the slower parser, None where that fails too."""
    from app.documents.readers.pdf_fallback import FallbackPdfFile  # only broken files pay for its import

    try:
        file = FallbackPdfFile(path)
    except Exception:  # pypdf lets through whatever a broken file makes Python raise
        return None
    return file if file.page_count else None


def _open_error(path: Path, password: str | None, error: pdfium.PdfiumError) -> DocumentError:
    code = getattr(error, "err_code", None)
    if code == pdfium_c.FPDF_ERR_PASSWORD:
        if password is None:
            return DocumentError(f"{path.name} is encrypted: give its password with --password", code="password")
        return DocumentError(
            f"{path.name} is encrypted and --password does not open it: check the password", code="password"
        )
    if code == pdfium_c.FPDF_ERR_SECURITY:
        return DocumentError(
            f"{path.name} is encrypted in a way that cannot be opened here: save a copy without encryption",
            code="encrypted",
        )
    return DocumentError(
        f"{path.name} is damaged beyond repair: it begins like a PDF but has no readable pages; get a fresh copy",
        code="damaged",
    )


class PdfFile:
    """An open PDF."""

    paged = True

    def __init__(self, document: pdfium.PdfDocument, options: OpenOptions, warnings: list[str]) -> None:
        self._document = document
        self._limits = options.limits
        self.page_count = len(document)
        self.title = str(document.get_metadata_dict().get("Title", ""))
        self.warnings = warnings

    def read_page(self, number: int) -> RawPage:
        """One page's lines in reading order, with a reason where there are none."""
        page = self._document[number - 1]
        try:
            pieces, height = page_pieces(page, self._limits.max_page_chars)
            problem = "" if pieces else _why_no_text(page)
        finally:
            page.close()
        return RawPage(number, lines=tuple(reading_order(pieces)), height=height, problem=problem)

    def outline(self) -> list[OutlineEntry]:
        """The bookmarks in order; loops and bad destinations are cut off by PDFium and the limits here."""
        entries: list[OutlineEntry] = []
        for bookmark in self._document.get_toc(max_depth=_MAX_OUTLINE_DEPTH):
            if len(entries) >= _MAX_OUTLINE_ENTRIES:
                break
            destination = bookmark.get_dest()
            index = destination.get_index() if destination is not None else None
            title = bookmark.get_title()
            if index is None or not 0 <= index < self.page_count:
                entries.append(OutlineEntry(title, bookmark.level + 1))
                continue
            entries.append(OutlineEntry(title, bookmark.level + 1, index + 1, self._top(index, destination)))
        return entries

    def _top(self, index: int, destination: pdfium.PdfDest) -> float | None:
        mode, values = destination.get_view()
        position = {pdfium_c.PDFDEST_VIEW_XYZ: 1, pdfium_c.PDFDEST_VIEW_FITH: 0}.get(mode)
        if position is None or len(values) <= position or not values[position]:
            return None
        return float(self._document.get_page_size(index)[1] - values[position])

    def close(self) -> None:
        """See OpenedDocument."""
        self._document.close()


def _why_no_text(page: pdfium.PdfPage) -> str:
    kinds = {item.type for item in page.get_objects(max_depth=3)}
    if pdfium_c.FPDF_PAGEOBJ_IMAGE in kinds:
        return "no text: a scanned image?"
    if pdfium_c.FPDF_PAGEOBJ_TEXT in kinds:
        return "no text: all of it is slanted or beyond the page" if _has_characters(page) else UNKNOWN_LETTERS
    return "no text: only drawings" if kinds else EMPTY_PAGE


def _has_characters(page: pdfium.PdfPage) -> bool:
    """Whether there is text after all, outside the visible part of the page."""
    textpage = page.get_textpage()
    try:
        return bool(textpage.count_chars() > 0)
    finally:
        textpage.close()
