"""A read-only page of lines with page chips that grows at its end while it is read."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QTimer, QUrl, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QKeyEvent,
    QKeySequence,
    QPalette,
    QResizeEvent,
    QTextCursor,
)
from PySide6.QtWidgets import QFrame, QMenu, QTextBrowser, QTextEdit, QWidget

from app.ui import theme
from app.ui.widgets.paragraph_writer import append_paragraph
from app.ui.widgets.summary_html import Block, CitationLinks

COLUMN_CHARS = 80
"""Of average width in a line, at most."""
SLICE_S = 0.006
"""Time that writing takes of one turn of the event loop."""
LONG_BLOCKS = 400
"""From so many paragraphs on a new width waits for the end of the resizing."""
RESIZE_PAUSE_MS = 120
END_SLACK_PX = 4
MARGIN_PX = 24


@dataclass(frozen=True, slots=True)
class _Place:
    """What stands at the top of the view: a position in the text, and how far below the edge it is, in pixels."""

    position: int
    top: int


class LineList(QTextBrowser):
    """Lines, headings and chips. Nothing is ever loaded from anywhere.

    The text that is being read does not move: it follows the end only while the reader is there. Long texts are written
    in slices between other events.
    """

    cited = Signal(object)
    """A Citation whose chip was clicked, or entered with the keyboard."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        """name: what a screen reader calls this text."""
        super().__init__(parent)
        self._blocks: list[Block] = []
        self._waiting: deque[Block] = deque()
        self._links = CitationLinks()
        self._place: _Place | None = None
        self._follow = self._touched = self._own = False
        self._slices = QTimer(self, singleShot=True, interval=0)
        self._resizing = QTimer(self, singleShot=True, interval=RESIZE_PAUSE_MS)
        self.setOpenLinks(False)
        self.setUndoRedoEnabled(False)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setBackgroundRole(QPalette.ColorRole.Base)
        self.setAutoFillBackground(True)
        self.setAccessibleName(name)
        self.setAccessibleDescription(self.tr("Tab goes from page mark to page mark, Escape leaves the text."))
        self.document().setDocumentMargin(0)
        # A width of its own: a wider window costs no new layout.
        self.setLineWrapMode(QTextEdit.LineWrapMode.FixedPixelWidth)
        self._connect()

    def _connect(self) -> None:
        self._slices.timeout.connect(self._write)
        self._resizing.timeout.connect(self._set_width)
        self.anchorClicked.connect(self._open)
        bar = self.verticalScrollBar()
        bar.actionTriggered.connect(self._touch)
        bar.valueChanged.connect(self._scrolled)
        bar.rangeChanged.connect(self._stay_at_end)
        theme.signals().changed.connect(self._rebuild)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What was added, in order, written already or not."""
        return tuple(self._blocks)

    @property
    def written(self) -> bool:
        """Whether all of it stands on the page."""
        return not self._waiting

    @property
    def touched(self) -> bool:
        """Whether the reader has scrolled, selected something or gone to a chip since the text was set."""
        return self._touched or self.textCursor().hasSelection()

    def set_blocks(self, blocks: Iterable[Block]) -> None:
        """Another text, seen from its beginning."""
        self._empty()
        self._blocks = list(blocks)
        self._place, self._follow, self._touched = None, False, False
        self._waiting.extend(self._blocks)
        self._write()

    def add(self, block: Block) -> None:
        """More at the end; what is being read stays where it is, and the end is followed by who is there."""
        if not self._waiting:
            self._follow = self.at_end()
        self._blocks.append(block)
        self._waiting.append(block)
        self._write()

    def at_end(self) -> bool:
        """Whether the last line is in sight."""
        bar = self.verticalScrollBar()
        return bar.value() >= bar.maximum() - END_SLACK_PX

    def loadResource(self, kind: int, name: QUrl | str) -> None:  # noqa: N802
        """Nothing: a text from outside must reach no file and no network."""

    def _write(self) -> None:
        """What waits, for as long as a slice is, and the rest in the next turn of the event loop."""
        until = time.perf_counter() + SLICE_S
        first = self.document().isEmpty()
        with self._writing():
            cursor = QTextCursor(self.document())
            cursor.movePosition(QTextCursor.MoveOperation.End)
            while self._waiting and time.perf_counter() < until:
                cursor.beginEditBlock()
                for paragraph in self._waiting.popleft().paragraphs(self._links):
                    append_paragraph(cursor, paragraph, self.font())
                cursor.endEditBlock()
            if first:
                # The reader's cursor went along with what was written, and Qt likes to bring it into view.
                self.moveCursor(QTextCursor.MoveOperation.Start)
            if self._place is not None and (self._return_to(self._place) or not self._waiting):
                self._place = None
        self._stay_at_end()
        if self._waiting:
            self._slices.start()

    def _rebuild(self) -> None:
        """The same text in other colours, where it was."""
        place = self._at_top()
        self._empty()
        self._place = place
        self._waiting.extend(self._blocks)
        self._set_width()
        self._write()

    def _empty(self) -> None:
        self._slices.stop()
        self._waiting.clear()
        self._links = CitationLinks()
        with self._writing():
            self.clear()
            page = self.document().rootFrame().frameFormat()
            page.setTopMargin(MARGIN_PX // 2)
            page.setBottomMargin(MARGIN_PX)
            self.document().rootFrame().setFrameFormat(page)
            self.verticalScrollBar().setValue(0)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Scrolling in here is not the reader's."""
        before, self._own = self._own, True
        try:
            yield
        finally:
            self._own = before

    def _touch(self) -> None:
        self._touched = True

    def _scrolled(self) -> None:
        self._follow = self._follow and (self._own or self.at_end())

    def _stay_at_end(self) -> None:
        if self._follow:
            with self._writing():
                self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _at_top(self) -> _Place | None:
        """Where the reader is; None at the very beginning, and the place waited for while it is not written yet."""
        if self._place is not None or self.verticalScrollBar().value() == 0:
            return self._place
        cursor = self.cursorForPosition(QPoint(0, 0))
        return _Place(cursor.position(), self.cursorRect(cursor).top())

    @contextmanager
    def _keeping_place(self) -> Iterator[None]:
        """A new layout made in here leaves what is being read where it is."""
        place = self._at_top()
        with self._writing():
            yield
            if place is not None and self._place is None:
                self._return_to(place)

    def _return_to(self, place: _Place) -> bool:
        """Scroll to where the reader was; False where there is not enough text for it."""
        # Qt lays out a long text bit by bit, and knows no place beyond what it has done.
        self.document().size()
        cursor = QTextCursor(self.document())
        cursor.setPosition(min(place.position, self.document().characterCount() - 1))
        bar = self.verticalScrollBar()
        wanted = bar.value() + self.cursorRect(cursor).top() - place.top
        bar.setValue(wanted)
        return cursor.position() == place.position and bar.value() == wanted

    def _column(self) -> int:
        """Width of the text in pixels."""
        widest = QFontMetricsF(self.font()).averageCharWidth() * COLUMN_CHARS
        return max(1, int(min(self._room() - 2 * MARGIN_PX, widest)))

    def _room(self) -> int:
        return self.width() - self.verticalScrollBar().sizeHint().width()

    def _set_width(self) -> None:
        """The column in the middle, and new lines where it is of another width."""
        column = self._column()
        if column != self.lineWrapColumnOrWidth():
            with self._keeping_place():
                self.setLineWrapColumnOrWidth(column)
            self._stay_at_end()
        self._centre()

    def _centre(self) -> None:
        left = max(MARGIN_PX, (self._room() - self.lineWrapColumnOrWidth()) // 2)
        if self.viewportMargins().left() != left:
            self.setViewportMargins(left, 0, 0, 0)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        if self._column() != self.lineWrapColumnOrWidth() and self.document().blockCount() > LONG_BLOCKS:
            self._resizing.start()
            self._centre()
        else:
            self._set_width()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        if event.type() != QEvent.Type.FontChange:
            super().changeEvent(event)
            return
        with self._keeping_place():
            super().changeEvent(event)
        self._set_width()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Wheel:
            # Beside the column, where there is no viewport.
            return QCoreApplication.sendEvent(self.verticalScrollBar(), event)
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.matches(QKeySequence.StandardKey.Cancel):
            cursor = self.textCursor()
            cursor.clearSelection()
            with self._writing():
                self.setTextCursor(cursor)
            QWidget.focusNextPrevChild(self, True)
        else:
            super().keyPressEvent(event)

    def focusNextPrevChild(self, next: bool) -> bool:  # noqa: N802
        if not self.textCursor().hasSelection():
            self._begin_at_view(forwards=next)
        moved = super().focusNextPrevChild(next)
        self._touched = self._touched or self.textCursor().hasSelection()
        return moved

    def _begin_at_view(self, *, forwards: bool) -> None:
        """Qt looks for the next link from what is selected, without it from the text's beginning or its end."""
        cursor = self.cursorForPosition(QPoint(0, 0) if forwards else self.viewport().rect().bottomRight())
        if not forwards:
            cursor.movePosition(QTextCursor.MoveOperation.EndOfLine)
        # The letter outside of what is in sight: the one inside may belong to a link already.
        move = QTextCursor.MoveOperation.PreviousCharacter if forwards else QTextCursor.MoveOperation.NextCharacter
        if cursor.movePosition(move, QTextCursor.MoveMode.KeepAnchor):
            value = self.verticalScrollBar().value()
            with self._writing():
                self.setTextCursor(cursor)
                self.verticalScrollBar().setValue(value)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802
        menu = QMenu(self)
        menu.addAction(self.tr("Copy"), self.copy).setEnabled(self.textCursor().hasSelection())
        menu.addAction(self.tr("Select all"), self.selectAll)
        menu.exec(event.globalPos())
        menu.deleteLater()

    def _open(self, address: QUrl) -> None:
        if (citation := self._links.find(address.toString())) is not None:
            self.cited.emit(citation)
