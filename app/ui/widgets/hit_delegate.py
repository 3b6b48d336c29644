"""Rows of what a search found in conversations: title, excerpt with its matches in bold."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QSize
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QTextCharFormat, QTextLayout
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.ui.models.hits import HitRole, Span
from app.ui.theme import colours
from app.ui.widgets.row_paint import UNIT, CutTexts, paint_background, paint_lines, small, wrapping

AnyIndex = QModelIndex | QPersistentModelIndex
Excerpt = tuple[str, tuple[Span, ...]]

EXCERPT_LINES = 2
PADDING = 6
LAYOUTS_KEPT = 256


class HitDelegate(QStyledItemDelegate):
    """Paints rows of a `HitModel`; all have the same height."""

    def __init__(self) -> None:
        super().__init__()
        self._texts = CutTexts()
        self._layouts: dict[tuple[Excerpt, str, int, int], QTextLayout] = {}

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802
        under = QFontMetrics(small(option.font)).lineSpacing()
        return QSize(0, QFontMetrics(option.font).lineSpacing() + EXCERPT_LINES * under + 2 * PADDING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        painter.save()
        painter.setLayoutDirection(option.direction)
        painter.setRenderHint(painter.RenderHint.Antialiasing)
        paint_background(painter, option, option.rect)
        box = QStyle.visualRect(
            option.direction, option.rect, option.rect.adjusted(3 * UNIT, PADDING, -3 * UNIT, -PADDING)
        )
        title = self._texts.lines(index.data(), option.font, box.width())
        top = paint_lines(painter, box, title, option.font, colours().text)
        painter.setPen(colours().muted)
        excerpt = self._layout(index.data(HitRole.EXCERPT), small(option.font), box.width())
        excerpt.draw(painter, QPointF(box.left(), top), [], QRect(box.left(), top, box.width(), box.height()))
        painter.restore()

    def _layout(self, excerpt: Excerpt, font: QFont, width: int) -> QTextLayout:
        key = (excerpt, font.key(), width, colours().text.rgb())
        layout = self._layouts.get(key)
        if layout is None:
            if len(self._layouts) >= LAYOUTS_KEPT:
                self._layouts.clear()
            layout = self._layouts[key] = _laid_out(excerpt, font, width)
        return layout


def _laid_out(excerpt: Excerpt, font: QFont, width: int) -> QTextLayout:
    text, spans = excerpt
    layout, end = _lines(text, spans, font, width)
    if end >= len(text):
        return layout
    # Without its last word the last line has room for the mark; scripts without spaces lose two letters.
    space = text.rfind(" ", end // 2, end - 1)
    return _lines(text[: space if space > 0 else end - 2].rstrip() + "…", spans, font, width)[0]


def _lines(text: str, spans: Sequence[Span], font: QFont, width: int) -> tuple[QTextLayout, int]:
    """The first lines of a text, and how many of its characters they hold."""
    layout = QTextLayout(text, font)
    layout.setTextOption(wrapping())
    layout.setFormats([_match(text, start, end) for start, end in spans if start < len(text)])
    spacing, end = QFontMetrics(font).lineSpacing(), 0
    layout.beginLayout()
    for number in range(EXCERPT_LINES):
        line = layout.createLine()
        if not line.isValid():
            break
        line.setLineWidth(width)
        line.setPosition(QPointF(0, number * spacing))
        end = line.textStart() + line.textLength()
    layout.endLayout()
    return layout, len(_units(text)[: 2 * end].decode("utf-16-le", "surrogatepass"))


def _match(text: str, start: int, end: int) -> QTextLayout.FormatRange:
    bold = QTextCharFormat()
    bold.setFontWeight(QFont.Weight.Bold)
    bold.setForeground(colours().text)
    made = QTextLayout.FormatRange()
    made.format = bold
    made.start = len(_units(text[:start])) // 2
    made.length = len(_units(text[start:end])) // 2
    return made


def _units(text: str) -> bytes:
    # The layout counts in UTF-16 units, Python in characters.
    return text.encode("utf-16-le", "surrogatepass")
