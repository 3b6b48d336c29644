"""Rows of the tree of conversations: days, conversations, branches; all of one height."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QLineEdit, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.models.conversations import ConversationRole
from app.ui.theme import colours
from app.ui.widgets.row_paint import UNIT, CutTexts, paint_background, paint_chevron, paint_lines, small

AnyIndex = QModelIndex | QPersistentModelIndex

PADDING = 6
LONGEST_TITLE = 200
"""Characters that the user may give to a title."""


class ConversationDelegate(QStyledItemDelegate):
    """Paints rows of a `ConversationModel` as wide as their view, and edits titles in place."""

    def __init__(self) -> None:
        super().__init__()
        self._texts = CutTexts()
        self.painted_rows = 0
        """How many rows have been painted so far."""

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802
        name, detail = QFontMetrics(option.font), QFontMetrics(small(option.font))
        return QSize(0, name.lineSpacing() + detail.lineSpacing() + 2 * PADDING)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        self.painted_rows += 1
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setLayoutDirection(option.direction)
        if index.data(ConversationRole.CONVERSATION) is None:
            self._paint_day(painter, option, index)
        else:
            self._paint_conversation(painter, option, index)
        painter.restore()

    def arrow(self, option: QStyleOptionViewItem) -> QRect:
        """Where the arrow of a row stands that has others under it: at the end of the line."""
        size = QFontMetrics(option.font).lineSpacing()
        place = QRect(option.rect.right() - 2 * UNIT - size, option.rect.top(), size, option.rect.height())
        return QStyle.visualRect(option.direction, option.rect, place)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> QWidget:  # noqa: N802
        editor = QLineEdit(parent)
        editor.setMaxLength(LONGEST_TITLE)
        editor.setAccessibleName(self.tr("Title of the conversation"))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: AnyIndex) -> None:  # noqa: N802
        # Over the whole row: what is edited must not look out behind it.
        editor.setGeometry(option.rect.adjusted(UNIT, 1, -UNIT, -1))

    def _paint_day(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        font = QFont(small(option.font))
        font.setBold(True)
        height = QFontMetrics(font).lineSpacing()
        # At the bottom of its row: the space above sets the day apart from the one before.
        line = option.rect.adjusted(3 * UNIT, 0, -3 * UNIT, -UNIT)
        line.setTop(line.bottom() + 1 - height)
        if option.state & QStyle.StateFlag.State_HasFocus:
            paint_background(painter, option, line.adjusted(-3 * UNIT, -UNIT, 3 * UNIT, UNIT))
        words = line.adjusted(0, 0, -height, 0)
        lines = self._texts.lines(index.data(ConversationRole.NAME), font, words.width())
        paint_lines(painter, QStyle.visualRect(option.direction, line, words), lines, font, colours().muted)
        arrow = self.arrow(option)
        _paint_arrow(painter, option, QRect(arrow.left(), line.top(), arrow.width(), height))

    def _paint_conversation(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        paint_background(painter, option, option.rect)
        before = (7 if index.data(ConversationRole.BRANCH) else 3) * UNIT
        box = option.rect.adjusted(before, PADDING, -3 * UNIT, -PADDING)
        if option.state & QStyle.StateFlag.State_Children:
            _paint_arrow(painter, option, self.arrow(option))
            box.setRight(box.right() - self.arrow(option).width())
        box = QStyle.visualRect(option.direction, option.rect, box)
        name = self._texts.lines(index.data(ConversationRole.NAME), option.font, box.width())
        top = paint_lines(painter, box, name, option.font, colours().text)
        under = small(option.font)
        detail = self._texts.lines(index.data(ConversationRole.DETAIL), under, box.width())
        paint_lines(painter, box.adjusted(0, top - box.top(), 0, 0), detail, under, colours().muted)


def _paint_arrow(painter: QPainter, option: QStyleOptionViewItem, box: QRect) -> None:
    is_open = bool(option.state & QStyle.StateFlag.State_Open)
    paint_chevron(painter, box, is_open=is_open, right_to_left=option.direction == Qt.LayoutDirection.RightToLeft)
