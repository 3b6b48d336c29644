"""Rows of documents: cover, title, pages and state."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.services.shelf_rows import DocumentState, ShelfDocument
from app.ui.icons import icon
from app.ui.models.library import LibraryRole
from app.ui.theme import colours
from app.ui.widgets.row_paint import UNIT, CutTexts, paint_background, paint_lines, small

AnyIndex = QModelIndex | QPersistentModelIndex

TITLE_LINES = 2
PADDING = 2 * UNIT
BAR_HEIGHT = 3
BAR_GAP = 2
A4 = 210 / 297
COVERS_KEPT = 128
_ICONS = {DocumentState.NEEDS_PASSWORD: "lock", DocumentState.REFUSED: "warning"}


class DocumentDelegate(QStyledItemDelegate):
    """Paints a `ShelfDocument`; all rows have the same height."""

    def __init__(self) -> None:
        super().__init__()
        self._texts = CutTexts()
        self._covers: dict[tuple[int, int, int, float], QPixmap] = {}
        self.painted_rows = 0
        """How many rows have been painted so far."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802
        lines = TITLE_LINES * QFontMetrics(option.font).lineSpacing() + QFontMetrics(small(option.font)).lineSpacing()
        return QSize(0, lines + BAR_GAP + BAR_HEIGHT + 2 * PADDING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        self.painted_rows += 1
        document: ShelfDocument = index.data(LibraryRole.DOCUMENT)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(option.direction)
        paint_background(painter, option, option.rect)
        row = option.rect.adjusted(3 * UNIT, PADDING, -3 * UNIT, -PADDING)
        cover = QRect(row.left(), row.top(), round(row.height() * A4), row.height())
        text = row.adjusted(cover.width() + 3 * UNIT, 0, 0, 0)
        self._paint_cover(painter, self._placed(option, row, cover), document, index)
        self._paint_text(painter, option, self._placed(option, row, text), document, index)
        painter.restore()

    @staticmethod
    def _placed(option: QStyleOptionViewItem, row: QRect, part: QRect) -> QRect:
        return QStyle.visualRect(option.direction, row, part)

    def _paint_text(
        self, painter: QPainter, option: QStyleOptionViewItem, box: QRect, document: ShelfDocument, index: AnyIndex
    ) -> None:
        under_font = small(option.font)
        under = QFontMetrics(under_font).lineSpacing()
        title = self._texts.lines(document.title, option.font, box.width(), TITLE_LINES)
        height = len(title) * QFontMetrics(option.font).lineSpacing() + under
        has_bar = document.state in (DocumentState.OPENING, DocumentState.READING)
        space = box.height() - height - (BAR_GAP + BAR_HEIGHT if has_bar else 0)
        top = paint_lines(painter, box.adjusted(0, max(space // 2, 0), 0, 0), title, option.font, colours().text)
        line = QRect(box.left(), top, box.width(), under)
        ink = colours().error if document.state is DocumentState.REFUSED else colours().muted
        words = line
        if document.state in _ICONS:
            size = QFontMetrics(under_font).ascent()
            square = QRect(line.left(), line.top() + (under - size) // 2, size, size)
            icon(_ICONS[document.state]).paint(painter, self._placed(option, line, square))
            words = self._placed(option, line, line.adjusted(size + UNIT, 0, 0, 0))
        status = self._texts.lines(index.data(LibraryRole.STATUS), under_font, words.width())
        paint_lines(painter, words, status, under_font, ink)
        if has_bar:
            bar = QRect(box.left(), line.bottom() + 1 + BAR_GAP, box.width(), BAR_HEIGHT)
            _paint_bar(painter, bar, document.progress, option.direction)

    def _paint_cover(self, painter: QPainter, box: QRect, document: ShelfDocument, index: AnyIndex) -> None:
        image: QImage | None = index.data(Qt.ItemDataRole.DecorationRole)
        ink = colours()
        if image is None or image.isNull():
            _paint_card(painter, box, ink.base)
            size = box.width() // 2
            square = QRect(0, 0, size, size)
            square.moveCenter(box.center())
            icon("document").paint(painter, square)
            return
        pixmap = self._scaled(image, box.size(), painter.device().devicePixelRatioF())
        place = QRect(0, 0, *(round(side / pixmap.devicePixelRatio()) for side in (pixmap.width(), pixmap.height())))
        place.moveCenter(box.center())
        painter.drawPixmap(place, pixmap)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(ink.border, 1))
        painter.drawRect(QRectF(place).adjusted(0.5, 0.5, -0.5, -0.5))

    def _scaled(self, image: QImage, size: QSize, ratio: float) -> QPixmap:
        key = (image.cacheKey(), size.width(), size.height(), ratio)
        pixmap = self._covers.get(key)
        if pixmap is None:
            if len(self._covers) >= COVERS_KEPT:
                self._covers.clear()
            smooth = Qt.TransformationMode.SmoothTransformation
            pixmap = QPixmap.fromImage(image.scaled(size * ratio, Qt.AspectRatioMode.KeepAspectRatio, smooth))
            pixmap.setDevicePixelRatio(ratio)
            self._covers[key] = pixmap
        return pixmap


def _paint_card(painter: QPainter, box: QRect, colour: QColor) -> None:
    painter.setBrush(colour)
    painter.setPen(QPen(colours().border, 1))
    painter.drawRoundedRect(QRectF(box).adjusted(0.5, 0.5, -0.5, -0.5), 2, 2)


def _paint_bar(painter: QPainter, box: QRect, progress: float, direction: Qt.LayoutDirection) -> None:
    done = QRect(box.left(), box.top(), round(box.width() * min(max(progress, 0.0), 1.0)), box.height())
    painter.setPen(Qt.PenStyle.NoPen)
    for part, colour in ((box, colours().border), (QStyle.visualRect(direction, box, done), colours().accent)):
        painter.setBrush(colour)
        painter.drawRoundedRect(part, BAR_HEIGHT / 2, BAR_HEIGHT / 2)
