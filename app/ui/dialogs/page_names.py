"""How the names of pages are painted in the list beside them."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.ui.theme import colours

MARGIN = 16


class PageNameDelegate(QStyledItemDelegate):
    """One name a row, with room around it."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        """As wide as the name."""
        width = option.fontMetrics.horizontalAdvance(str(index.data()))
        return QSize(width + 3 * MARGIN, option.fontMetrics.height() + 12)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """Paint the row in the colours in force."""
        rect: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, colours().selected)
            # Beside the ring that a list with the focus has: in high contrast the bar is all that tells.
            painter.fillRect(QRect(rect.left() + 4, rect.top(), 3, rect.height()), colours().accent)
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, colours().hover)
        painter.setPen(colours().text)
        box = rect.adjusted(MARGIN, 0, -MARGIN, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeading, str(index.data()))
        painter.restore()
