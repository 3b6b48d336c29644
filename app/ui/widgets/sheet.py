"""Painting of one sheet of paper: white in every colour scheme, as the printed page is."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QPointF, QRect, QRectF, QSizeF, Qt
from PySide6.QtGui import QFont, QImage, QPainter

from app.core.text import capitalised
from app.ui.theme import LIGHT, colours

_NUMBER_SIZE = 2.0
"""Of the number on a sheet without an image, times plain text."""
_TEXT_MARGIN = 24


def paint_image(painter: QPainter, sheet: QRect, image: QImage, ratio: float) -> None:
    """Show an image of the page; one of another size is stretched.

    ratio: device pixels a pixel.
    """
    if image.width() != round(sheet.width() * ratio):
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(sheet, image)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        return
    # Pixel for pixel: the heights may differ by a rounding, and to stretch it by that would blur every line.
    painter.fillRect(sheet, LIGHT.base)
    painter.drawImage(QRectF(QPointF(sheet.topLeft()), QSizeF(image.size()) / ratio), image, QRectF(image.rect()))


def paint_blank(painter: QPainter, sheet: QRect, page: int, font: QFont) -> None:
    """Show a sheet whose image is not there yet, with its number."""
    painter.fillRect(sheet, LIGHT.base)
    large = QFont(font)
    large.setPointSizeF(font.pointSizeF() * _NUMBER_SIZE)
    painter.setFont(large)
    painter.setPen(LIGHT.muted)
    painter.drawText(sheet, Qt.AlignmentFlag.AlignCenter, QLocale().toString(page))


def paint_problem(painter: QPainter, sheet: QRect, text: str, font: QFont, view_width: int) -> None:
    """Show a sheet with the reason why its page cannot be drawn, across what is seen of it."""
    painter.fillRect(sheet, LIGHT.base)
    painter.setFont(font)
    painter.setPen(LIGHT.error)
    seen = sheet & QRect(0, sheet.top(), view_width, sheet.height())
    inside = seen.adjusted(_TEXT_MARGIN, _TEXT_MARGIN, -_TEXT_MARGIN, -_TEXT_MARGIN)
    flags = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap
    painter.drawText(inside, flags, capitalised(text))


def paint_border(painter: QPainter, sheet: QRect) -> None:
    """Set the sheet off from what surrounds it."""
    painter.setPen(colours().border)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(sheet.adjusted(-1, -1, 0, 0))
