"""How a row of the command palette is painted: its text, what it belongs to, and its key at the right."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.ui.models.palette_entries import PaletteEntry, PaletteRole
from app.ui.theme import colours

MARGIN = 12
SPACE = 16


class PaletteRowDelegate(QStyledItemDelegate):
    """One line: what does not fit is cut at its end, the key never."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """A line of text and room around it."""
        return QSize(0, option.fontMetrics.height() + 12)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the row in the colours in force."""
        entry = index.data(PaletteRole.ENTRY)
        if not isinstance(entry, PaletteEntry):
            return
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, colours().selected)
            painter.fillRect(QRect(rect.left(), rect.top(), 2, rect.height()), colours().accent)
        elif state & QStyle.StateFlag.State_MouseOver and entry.enabled:
            painter.fillRect(rect, colours().hover)
        _paint_texts(painter, rect.adjusted(MARGIN, 0, -MARGIN, 0), entry, option.direction)
        painter.restore()


def _paint_texts(painter: QPainter, rect: QRect, entry: PaletteEntry, direction: Qt.LayoutDirection) -> None:
    metrics = painter.fontMetrics()
    right = metrics.horizontalAdvance(entry.key)
    room = rect.width() - (right + SPACE if entry.key else 0)
    wanted, wanted_detail = metrics.horizontalAdvance(entry.text), metrics.horizontalAdvance(entry.detail)
    # A text that is too long leaves what it belongs to a third of the row.
    kept = min(wanted_detail, room // 3) + SPACE if entry.detail else 0
    text_room = max(0, min(wanted, room - kept))
    places = (
        (entry.text, 0, text_room, entry.enabled),
        (entry.detail, text_room + SPACE, max(0, room - text_room - SPACE), False),
        (entry.key, rect.width() - right, right, False),
    )
    for text, left, width, strong in places:
        ink = colours().text if strong else colours().muted if entry.enabled else colours().disabled
        box = QRect(rect.left() + left, rect.top(), width, rect.height())
        if direction == Qt.LayoutDirection.RightToLeft:
            box.moveRight(rect.right() - left)
        painter.setPen(ink)
        # One pixel more: what was measured and what is drawn may differ by a fraction, and elision would set in.
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, width + 1)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine, shown)
