"""What is marked on pages: a quote, and what a search found."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPen

from app.services.page_images import Box, FindHit, PageSize
from app.ui.theme import LIGHT, colours

_HIT_ALPHA = 56
_CURRENT_ALPHA = 112


class PageMarks:
    """Boxes by page, in points from the page's top left, painted as a text marker would: what is black stays black."""

    def __init__(self) -> None:
        self._quote: tuple[int, tuple[Box, ...]] = (0, ())
        self._hits: dict[int, list[FindHit]] = {}
        self._current: FindHit | None = None

    def set_quote(self, page: int, boxes: Sequence[Box]) -> None:
        """Mark a quote instead of the one before."""
        self._quote = (page, tuple(boxes))

    def add_hits(self, hits: Iterable[FindHit]) -> None:
        """Mark what a search found, beside what it found before."""
        for hit in hits:
            self._hits.setdefault(hit.page, []).append(hit)

    def set_current(self, hit: FindHit | None) -> None:
        """Mark one of the hits more strongly."""
        self._current = hit

    def clear_hits(self) -> None:
        """Take the marks of a search away."""
        self._hits.clear()
        self._current = None

    def paint(self, painter: QPainter, page: int, sheet: QRectF, size: PageSize) -> None:
        """Paint the marks of one page that is shown at `sheet`."""
        quote_page, quote = self._quote
        if quote and quote_page == page:
            _fill(painter, _path(quote, sheet, size), colours().highlight)
        others = [box for hit in self._hits.get(page, ()) if hit is not self._current for box in hit.boxes]
        if others:
            _fill(painter, _path(others, sheet, size), _found(_HIT_ALPHA))
        if self._current is not None and self._current.page == page:
            path = _path(self._current.boxes, sheet, size)
            _fill(painter, path, _found(_CURRENT_ALPHA))
            # Not by the tone alone.
            painter.strokePath(path.simplified(), QPen(LIGHT.accent, 1.5))


def _found(alpha: int) -> QColor:
    # Of the colours for paper, which is white in every scheme.
    colour = QColor(LIGHT.accent)
    colour.setAlpha(alpha)
    return colour


def _path(boxes: Iterable[Box], sheet: QRectF, size: PageSize) -> QPainterPath:
    """One path, so that boxes that overlap are not painted twice over."""
    across, down = sheet.width() / size.width, sheet.height() / size.height
    path = QPainterPath()
    path.setFillRule(Qt.FillRule.WindingFill)
    for box in boxes:
        path.addRect(
            sheet.left() + box.left * across,
            sheet.top() + box.top * down,
            (box.right - box.left) * across,
            (box.bottom - box.top) * down,
        )
    return path


def _fill(painter: QPainter, path: QPainterPath, colour: QColor) -> None:
    painter.save()
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Multiply)
    painter.fillPath(path, colour)
    painter.restore()
