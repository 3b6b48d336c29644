"""The text of one page: in a column of comfortable width, to read, select and copy."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import (
    QFont,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QTextBlock,
    QTextCursor,
    QTextDocument,
    QTextOption,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QFrame, QPlainTextDocumentLayout, QPlainTextEdit, QWidget

from app.ui import theme
from app.ui.models.paragraphs import Paragraphs
from app.ui.widgets.text_marks import Mark, TextMarks

Range = tuple[int, int]
"""Offsets into the page's text, half open."""

LINE_CHARS = 75
LINE_SPACING = 1.3
_BLANK_LINE = 0.6
"""Height of a blank line between paragraphs, in lines."""
_MARGIN = 16
_UPPER = 0.2
_MOST_LINES_UP = 60
_TYPICAL = "the quick brown fox jumps over the lazy dog and runs away "


class PageText(QPlainTextEdit):
    """Only what is seen is laid out, so that a page of 500,000 characters opens at once."""

    turned = Signal(int)
    """The user goes on (1) beyond the end of the page, or back (-1) beyond its beginning."""
    zoomed = Signal(int)
    """1: larger, -1: smaller, by the wheel."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        document = QTextDocument(self)
        document.setDocumentLayout(_SpacedLayout(document))
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)
        self.setDocument(document)
        self.setReadOnly(True)
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "pane")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWordWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
        self._paragraphs = Paragraphs("")
        self._scale = 1.0
        self._marks = TextMarks()
        theme.signals().changed.connect(self._restyle)
        self._restyle()

    def show_text(self, text: str) -> None:
        """Show another page from its beginning, with nothing marked."""
        self._paragraphs = Paragraphs(text)
        self._marks = TextMarks()
        self.setPlainText(self._paragraphs.text())

    def mark_quote(self, quote: Range | None) -> None:
        """Mark a quote instead of the one before."""
        self._marks.set(Mark.QUOTE, [] if quote is None else [self._positions(quote)])
        self.viewport().update()

    def mark_hits(self, hits: Sequence[Range], current: Range | None) -> None:
        """Mark what a search found on this page, in order, one of it more strongly."""
        self._marks.set(Mark.HIT, [self._positions(hit) for hit in hits if hit != current])
        self._marks.set(Mark.CURRENT, [] if current is None else [self._positions(current)])
        self.viewport().update()

    def marked(self, mark: Mark) -> Sequence[Range]:
        """What is marked, as positions of Qt."""
        return self._marks.spans(mark)

    def scroll_to(self, offset: int) -> None:
        """Bring a place into the upper third of the view."""
        cursor = QTextCursor(self.document())
        cursor.setPosition(self._position(offset))
        self.setTextCursor(cursor)
        block, bar = cursor.block(), self.verticalScrollBar()
        self.blockBoundingRect(block)
        line = block.layout().lineForTextPosition(cursor.positionInBlock())
        bar.setValue(block.firstLineNumber() + (line.lineNumber() if line.isValid() else 0))
        # Line by line, for the heights of what lies above are known only when it has been laid out.
        for _ in range(_MOST_LINES_UP):
            before = bar.value()
            if self.cursorRect(cursor).top() >= self.viewport().height() * _UPPER or before == bar.minimum():
                break
            bar.setValue(before - 1)

    def set_scale(self, scale: float) -> None:
        """Text of `scale` times the usual size."""
        self._scale = scale
        self._restyle()

    def _restyle(self) -> None:
        font = QFont(QApplication.font())
        font.setPointSizeF(font.pointSizeF() * self._scale)
        self.setFont(font)
        self._centre()
        self.viewport().update()

    def _centre(self) -> None:
        column = self.fontMetrics().horizontalAdvance(_TYPICAL) * LINE_CHARS // len(_TYPICAL)
        side = max(_MARGIN, (self.width() - self.verticalScrollBar().sizeHint().width() - column) // 2)
        self.setViewportMargins(side, _MARGIN, max(4, side - _MARGIN), 0)

    def _positions(self, marked: Range) -> Range:
        return self._position(marked[0]), self._position(marked[1])

    def _position(self, offset: int) -> int:
        number, units = self._paragraphs.place(offset)
        return self.document().findBlockByNumber(number).position() + units

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the marks behind the text."""
        painter = QPainter(self.viewport())
        block, at = self.firstVisibleBlock(), self.contentOffset()
        while block.isValid() and at.y() <= event.rect().bottom():
            height = self.blockBoundingRect(block).height()
            if at.y() + height >= event.rect().top():
                self._marks.paint(painter, block, at)
            at += QPointF(0, height)
            block = block.next()
        painter.end()
        super().paintEvent(event)

    def event(self, event: QEvent) -> bool:
        """Keep the column in the middle, and scroll from beside it too.

        Not in resizeEvent, which tells of the viewport: a viewport resized again in it, while it is being shown, is
        never told so, and the text stays as wide as before.
        """
        if event.type() == QEvent.Type.Resize:
            self._centre()
        elif isinstance(event, QWheelEvent):
            # Over the margins, which are no part of the viewport.
            self.wheelEvent(event)
            return event.isAccepted()
        return super().event(event)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom with Ctrl, scroll without."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if event.angleDelta().y():
                self.zoomed.emit(1 if event.angleDelta().y() > 0 else -1)
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Turn the page where it ends."""
        bar, back = self.verticalScrollBar(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        space = event.key() == Qt.Key.Key_Space
        if bar.value() == bar.maximum() and (event.key() == Qt.Key.Key_PageDown or (space and not back)):
            self.turned.emit(1)
        elif bar.value() == bar.minimum() and (event.key() == Qt.Key.Key_PageUp or (space and back)):
            self.turned.emit(-1)
        else:
            super().keyPressEvent(event)


class _SpacedLayout(QPlainTextDocumentLayout):
    """Sets lines and paragraphs apart, which Qt's own layout of plain text cannot."""

    def blockBoundingRect(self, block: QTextBlock) -> QRectF:  # noqa: N802
        rect = super().blockBoundingRect(block)
        layout = block.layout()
        if not layout.lineCount():
            return rect
        first = layout.lineAt(0)
        if block.length() == 1:
            rect.setHeight(rect.height() - first.height() * (1 - _BLANK_LINE))
            return rect
        if first.y() == 0:
            # Not yet spaced: Qt puts the first line at 0.
            y = first.height() * (LINE_SPACING - 1) / 2
            for number in range(layout.lineCount()):
                line = layout.lineAt(number)
                line.setPosition(QPointF(line.x(), y))
                y += line.height() * LINE_SPACING
            rect = super().blockBoundingRect(block)
        rect.setHeight(rect.height() + layout.lineAt(0).y())
        return rect
