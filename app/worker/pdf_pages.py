"""The pages of a PDF drawn and searched by PDFium, in a process of their own."""

from __future__ import annotations

import contextlib
import ctypes
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from app.core.errors import DocumentError
from app.documents.quote_alignment import align
from app.documents.readers.base import OpenOptions
from app.documents.readers.pdf import PdfReader
from app.documents.text_search import TextQuery, surroundings
from app.worker.page_text import PageText, Rectangle
from app.worker.render_process import Hit, Marked, OpenPages, Picture

MAX_PIXELS = 16_000_000
_MAX_SIDE = 32_000
_MAX_TEXT_CHARS = 300_000
"""Characters of one page among which a quote is looked for: a densely printed page of a newspaper has a tenth of it."""
_PAPER = (612.0, 792.0)
_MAX_POINTS = 1e6
_DOUBLED = 0.2
"""Share of characters that repeat the one before from which on a page's letters may be printed twice."""


class PdfPageSource:
    """The PDF format."""

    def open(self, path: Path, options: OpenOptions) -> OpenPages:
        """Raises DocumentError, for the reasons and in the words of the format's reader."""
        try:
            document = pdfium.PdfDocument(path, password=options.password)
        except pdfium.PdfiumError:
            PdfReader().open(path, options).close()  # raises, or reads the file by other means
            raise DocumentError(
                f"{path.name} is a damaged PDF: it can be read but not shown; get a fresh copy", code="damaged"
            ) from None
        with contextlib.suppress(pdfium.PdfiumError):
            document.init_forms()  # or form fields would stay empty
        return PdfPagesShown(document)


class PdfPagesShown:
    """An open PDF."""

    def __init__(self, document: pdfium.PdfDocument) -> None:
        self._document = document
        self.page_count = len(document)
        self._query_text = ""
        self._query = TextQuery("")

    def size(self, number: int) -> tuple[float, float]:
        """Width and height in points; a page that cannot be loaded is as large as a sheet of paper."""
        try:
            width, height = self._document.get_page_size(number - 1)
        except pdfium.PdfiumError:
            return _PAPER
        return (float(width), float(height)) if 0 < width < _MAX_POINTS and 0 < height < _MAX_POINTS else _PAPER

    def image(self, number: int, width: int) -> Picture:
        """The page with its annotations and what is filled into its forms, on white."""
        with self._page(number) as page:
            columns, rows = _pixels(page.get_width(), page.get_height(), width)
            stride = -(-3 * columns // 4) * 4
            data = bytearray(b"\xff") * (stride * rows)
            buffer = (ctypes.c_ubyte * len(data)).from_buffer(data)
            bitmap = pdfium_c.FPDFBitmap_CreateEx(columns, rows, pdfium_c.FPDFBitmap_BGR, buffer, stride)
            if not bitmap:
                raise MemoryError
            try:
                flags = pdfium_c.FPDF_ANNOT | pdfium_c.FPDF_REVERSE_BYTE_ORDER
                place = (0, 0, columns, rows, 0, flags)
                pdfium_c.FPDF_RenderPageBitmap(bitmap, page.raw, *place)
                if page.formenv is not None:
                    pdfium_c.FPDF_FFLDraw(page.formenv.raw, bitmap, page.raw, *place)
            finally:
                pdfium_c.FPDFBitmap_Destroy(bitmap)
        return Picture(columns, rows, stride, data)

    def locate(self, number: int, quote: str) -> Marked:
        """Where a quote of our normalised text stands."""
        with self._text(number) as text:
            alignment = align(quote, text.visible())
            if alignment is None:
                return Marked((), 0.0)
            return Marked(text.boxes(alignment.ranges), alignment.share)

    def find(self, number: int, text: str, most: int) -> Sequence[Hit]:
        """Where a text that a user typed stands."""
        if text != self._query_text:
            self._query_text, self._query = text, TextQuery(text)
        with self._text(number) as page:
            if not self._query.may_be_in(page.text) and not _perhaps_doubled(page.text):
                return []
            visible = page.visible()
            found = ((place, page.boxes([place])) for place in self._query.places(visible, most))
            return [_hit(visible, place, boxes) for place, boxes in found if boxes]

    @contextlib.contextmanager
    def _page(self, number: int) -> Iterator[pdfium.PdfPage]:
        try:
            page = self._document[number - 1]
        except pdfium.PdfiumError:
            raise ValueError("it is damaged beyond repair") from None
        try:
            yield page
        finally:
            page.close()

    @contextlib.contextmanager
    def _text(self, number: int) -> Iterator[PageText]:
        with self._page(number) as page, contextlib.closing(PageText(page, _MAX_TEXT_CHARS)) as text:
            yield text


def _hit(text: str, place: tuple[int, int], boxes: list[Rectangle]) -> Hit:
    around = surroundings(text, *place)
    return Hit(boxes, around.before, around.match, around.after)


def _perhaps_doubled(text: str) -> bool:
    return sum(map(str.__eq__, text, text[1:])) > _DOUBLED * len(text)


def _pixels(width: float, height: float, wanted: int) -> tuple[int, int]:
    """Columns and rows of a picture of a page, made smaller where it would have too many."""
    if not (width > 0 and height > 0 and math.isfinite(width) and math.isfinite(height)):
        raise ValueError("it has no size")
    scale = min(wanted / width, math.sqrt(MAX_PIXELS / (width * height)), _MAX_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))
