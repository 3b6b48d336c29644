"""A row of the outline: title and, at the right, the number of its page."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyledItemDelegate, QStyleOptionViewItem, QTreeView

from app.ui.models.outline import PAGE_ROLE
from app.ui.theme import colours
from app.ui.widgets.row_paint import UNIT, paint_background, paint_chevron

AnyIndex = QModelIndex | QPersistentModelIndex


class OutlineDelegate(QStyledItemDelegate):
    """Paints a row from edge to edge, with the arrow of a branch; the tree itself paints none."""

    def __init__(self, tree: QTreeView) -> None:
        super().__init__(tree)
        self._tree = tree

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        box, metrics = option.rect, option.fontMetrics
        to_left = option.direction == Qt.LayoutDirection.RightToLeft
        painter.save()
        paint_background(painter, option, QRect(0, box.top(), self._tree.viewport().width(), box.height()))
        if index.model().hasChildren(index):
            indent = self._tree.indentation()
            arrow = QRect(box.right() if to_left else box.left() - indent, box.top(), indent, box.height())
            paint_chevron(painter, arrow, is_open=self._tree.isExpanded(index), right_to_left=to_left)
        page, title = str(index.data(PAGE_ROLE) or ""), str(index.data() or "")
        room = metrics.horizontalAdvance(page) + 2 * UNIT
        inside = box.adjusted(3 * UNIT, 0, -UNIT // 2, 0) if to_left else box.adjusted(UNIT // 2, 0, -3 * UNIT, 0)
        left, right = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setFont(option.font)
        painter.setPen(colours().muted)
        painter.drawText(inside, middle | (left if to_left else right), page)
        painter.setPen(colours().text)
        text = inside.adjusted(room, 0, 0, 0) if to_left else inside.adjusted(0, 0, -room, 0)
        cut = metrics.elidedText(title, Qt.TextElideMode.ElideRight, text.width())
        painter.drawText(text, middle | (right if to_left else left), cut)
        painter.restore()

    def sizeHint(self, option: QStyleOptionViewItem, _: AnyIndex) -> QSize:  # noqa: N802
        return QSize(8 * UNIT, option.fontMetrics.height() + 2 * UNIT)
