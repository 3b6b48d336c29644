"""What the rows of lists share: background, lines of text cut to the row, small icons."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QTextLayout, QTextOption
from PySide6.QtWidgets import QStyle, QStyleOptionViewItem

from app.ui.theme import colours

UNIT = 4
"""Pixels of the grid on which everything stands."""
RADIUS = 4
MARK_WIDTH = 2
LINES_KEPT = 2_000
LONGEST_TEXT = 600
"""Characters of a text that are looked at; two lines hold fewer."""


class CutTexts:
    """Texts cut into lines, kept so that a row that is painted again is not laid out again."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str, int, int], tuple[str, ...]] = {}

    def lines(self, text: str, font: QFont, width: int, most: int = 1) -> tuple[str, ...]:
        """A text in at most `most` lines of `width` pixels; the last ends with … where more follows."""
        key = (text, font.key(), width, most)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= LINES_KEPT:
                self._kept.clear()
            found = self._kept[key] = _cut(" ".join(text[:LONGEST_TEXT].split()), font, max(width, 1), most)
        return found


def _cut(text: str, font: QFont, width: int, most: int) -> tuple[str, ...]:
    metrics = QFontMetrics(font)
    # The layout counts in UTF-16 units, Python in characters.
    units = text.encode("utf-16-le", "surrogatepass")
    lines, start = [], 0
    layout = QTextLayout(text, font)
    layout.setTextOption(wrapping())
    layout.beginLayout()
    for _ in range(most - 1):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        end = line.textStart() + line.textLength()
        if 2 * end >= len(units):
            break
        lines.append(units[2 * start : 2 * end].decode("utf-16-le", "surrogatepass").strip())
        start = end
    layout.endLayout()
    rest = units[2 * start :].decode("utf-16-le", "surrogatepass").strip()
    return (*lines, metrics.elidedText(rest, Qt.TextElideMode.ElideRight, width))


def small(font: QFont) -> QFont:
    """The font of a second line."""
    smaller = QFont(font)
    if font.pointSizeF() > 0:
        smaller.setPointSizeF(font.pointSizeF() * 0.9)
    return smaller


def wrapping() -> QTextOption:
    """Lines break between words, inside one only where it is longer than a line."""
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    return option


def paint_background(painter: QPainter, option: QStyleOptionViewItem, row: QRect) -> None:
    """The row behind its text: selected, under the pointer, with the keyboard's focus."""
    state, ink = option.state, colours()
    box = QRectF(row.adjusted(UNIT, 1, -UNIT, -1))
    painter.setPen(Qt.PenStyle.NoPen)
    if state & QStyle.StateFlag.State_Selected:
        _fill(painter, box, ink.selected)
        side = box.right() - MARK_WIDTH if option.direction == Qt.LayoutDirection.RightToLeft else box.left()
        _fill(painter, QRectF(side, box.top() + RADIUS, MARK_WIDTH, box.height() - 2 * RADIUS), ink.accent, 1)
    elif state & QStyle.StateFlag.State_MouseOver:
        _fill(painter, box, ink.hover)
    if state & QStyle.StateFlag.State_HasFocus:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink.accent, 2))
        painter.drawRoundedRect(box.adjusted(1, 1, -1, -1), RADIUS, RADIUS)


def _fill(painter: QPainter, box: QRectF, colour: QColor, radius: int = RADIUS) -> None:
    painter.setBrush(colour)
    painter.drawRoundedRect(box, radius, radius)


def paint_lines(painter: QPainter, box: QRect, lines: Sequence[str], font: QFont, colour: QColor) -> int:
    """Draw lines from the top of a box; returns where the next one would stand."""
    painter.setFont(font)
    painter.setPen(colour)
    spacing = QFontMetrics(font).lineSpacing()
    top = box.top()
    for line in lines:
        painter.drawText(QRect(box.left(), top, box.width(), spacing), Qt.AlignmentFlag.AlignVCenter, line)
        top += spacing
    return top


def paint_chevron(painter: QPainter, box: QRect, *, is_open: bool, right_to_left: bool) -> None:
    """A small arrow in the middle of a box: down for what is open, else in the direction of reading."""
    size = box.width() / 4
    middle = QRectF(box).center()
    if is_open:
        corners = [QPointF(-size, -size / 2), QPointF(0, size / 2), QPointF(size, -size / 2)]
    else:
        side = -1 if right_to_left else 1
        corners = [QPointF(-side * size / 2, -size), QPointF(side * size / 2, 0), QPointF(-side * size / 2, size)]
    painter.setPen(QPen(colours().muted, 1.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawPolyline([middle + corner for corner in corners])
