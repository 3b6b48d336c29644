"""Rows of models: what it is, where it is, whether it fits; pictures beside the words, never in their place."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.inference.fit import Verdict
from app.services.catalogue import ModelStatus
from app.ui import theme
from app.ui.icons import icon
from app.ui.models.catalogue import CatalogueRole
from app.ui.models.model_row import ModelRow
from app.ui.models.model_words import fit_icon, state_icon
from app.ui.theme import colours
from app.ui.widgets.row_paint import UNIT, CutTexts, paint_background, paint_lines, small

AnyIndex = QModelIndex | QPersistentModelIndex

PADDING = 2 * UNIT
BAR_GAP, BAR_HEIGHT = 2, 3


class ModelDelegate(QStyledItemDelegate):
    """Paints a `ModelRow`; all rows have the same height."""

    def __init__(self) -> None:
        super().__init__()
        self._texts = CutTexts()
        # Larger text makes rows higher.
        theme.signals().changed.connect(self._resize)

    def _resize(self) -> None:
        self.sizeHintChanged.emit(QModelIndex())

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802
        """A line for the title, three smaller ones, and room for a bar."""
        lines = QFontMetrics(_strong(option.font)).lineSpacing() + 3 * QFontMetrics(small(option.font)).lineSpacing()
        return QSize(0, lines + BAR_GAP + BAR_HEIGHT + 2 * PADDING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Paint the row in the colours in force."""
        row: ModelRow = index.data(CatalogueRole.ROW)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(option.direction)
        paint_background(painter, option, option.rect)
        box = option.rect.adjusted(3 * UNIT, PADDING, -3 * UNIT, -PADDING)
        font, under = _strong(option.font), small(option.font)
        title = self._texts.lines(row.entry.title.partition(", ")[0], font, box.width())
        top = paint_lines(painter, box, title, font, colours().text)
        kind = self._texts.lines(index.data(CatalogueRole.KIND), under, box.width())
        top = paint_lines(painter, box.adjusted(0, top - box.top(), 0, 0), kind, under, colours().text)
        state_ink = colours().error if row.entry.status is ModelStatus.DAMAGED else colours().muted
        for name, text, ink in (
            (state_icon(row), index.data(CatalogueRole.STATE), state_ink),
            (fit_icon(row.entry.fit), index.data(CatalogueRole.FIT), fit_ink(row)),
        ):
            line = QRect(box.left(), top, box.width(), QFontMetrics(under).lineSpacing())
            self._paint_line(painter, option, line, name, text, ink)
            top = line.bottom() + 1
        if row.work is not None and row.work.share is not None:
            _paint_bar(painter, option, QRect(box.left(), top + BAR_GAP, box.width(), BAR_HEIGHT), row.work.share)
        painter.restore()

    def _paint_line(
        self, painter: QPainter, option: QStyleOptionViewItem, line: QRect, name: str, text: str, ink: QColor
    ) -> None:
        font = small(option.font)
        size = QFontMetrics(font).ascent()
        square = QRect(line.left(), line.top() + (line.height() - size) // 2, size, size)
        icon(name, ink).paint(painter, QStyle.visualRect(option.direction, line, square))
        words = QStyle.visualRect(option.direction, line, line.adjusted(size + UNIT, 0, 0, 0))
        paint_lines(painter, words, self._texts.lines(text, font, words.width()), font, ink)


def fit_ink(row: ModelRow) -> QColor:
    """The colour of the words on how a model fits: they say the same without it."""
    fit = row.entry.fit
    if fit is None or fit.verdict is Verdict.FITS:
        return colours().muted
    return colours().unsupported if fit.verdict is Verdict.TIGHT else colours().error


def _strong(font: QFont) -> QFont:
    bold = QFont(font)
    bold.setWeight(QFont.Weight.DemiBold)
    return bold


def _paint_bar(painter: QPainter, option: QStyleOptionViewItem, box: QRect, share: float) -> None:
    done = QStyle.visualRect(
        option.direction, box, QRect(box.left(), box.top(), round(box.width() * share), BAR_HEIGHT)
    )
    painter.fillRect(box, colours().border)
    painter.fillRect(done, colours().accent)
