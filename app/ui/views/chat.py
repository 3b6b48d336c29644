"""The chat: a conversation, a line on what is going on, and the composer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QStackedWidget, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.widgets.chat_hint import ChatHint
from app.ui.widgets.composer import Composer
from app.ui.widgets.shown_turn import WRITING_KEY, AskMode, BranchChosen, Edited, Said, ShownTurn
from app.ui.widgets.streamed_text import StreamedText
from app.ui.widgets.turn_column import column_width
from app.ui.widgets.turn_list import TurnList
from app.ui.widgets.turn_placement import PADDING
from app.ui.widgets.turn_widget import TURN_MARGIN

__all__ = ["WRITING_KEY", "AskMode", "BranchChosen", "ChatView", "Edited", "Said", "ShownTurn"]


class ChatView(QWidget):
    """A conversation by itself or on a document."""

    said = Signal(object)
    """Said"""
    edited = Signal(object)
    """Edited"""
    branch_chosen = Signal(object)
    """BranchChosen"""
    regenerated = Signal(int)
    """The key of the answer that is to be written again."""
    forked = Signal(int)
    """The key of the turn after which another conversation begins."""
    stopped = Signal()
    cited = Signal(object)
    """The Citation whose page is to be shown."""
    link_opened = Signal(str)
    """An http, https or mailto address."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = TurnList()
        self.hint = ChatHint()
        self.composer = Composer()
        self._writing = False
        self._stream = StreamedText(self)
        self._status = QLabel()
        self._status.setTextFormat(Qt.TextFormat.PlainText)
        self._status.setWordWrap(True)
        self._status.setProperty("role", "muted")
        self._status.hide()
        self._pages = QStackedWidget()
        self._pages.addWidget(self._centred(self.hint, 0))
        self._pages.addWidget(self.list)
        self._below = QWidget()
        self._build()
        self._refresh()
        self._connect()

    def _build(self) -> None:
        self.setAutoFillBackground(True)
        self.setBackgroundRole(self.palette().ColorRole.Base)
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(4)
        below.addWidget(self._status)
        below.addWidget(self.composer)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._pages, 1)
        column.addWidget(self._centred(self._below, 12))

    def _connect(self) -> None:
        self.composer.said.connect(self.said)
        self.composer.stopped.connect(self.stopped)
        self.hint.chosen.connect(self._fill)
        self.list.edited.connect(self.edited)
        self.list.branch_chosen.connect(self.branch_chosen)
        self.list.regenerated.connect(self.regenerated)
        self.list.forked.connect(self.forked)
        self.list.cited.connect(self.cited)
        self.list.link_opened.connect(self.link_opened)
        self._stream.due.connect(self._show_text)
        theme.signals().changed.connect(self._refresh)

    def set_turns(self, turns: Sequence[ShownTurn]) -> None:
        """Show a conversation; none of it shows the hint."""
        self._stream.start()
        # First, so that heights are estimated for the width that the list will have.
        self._pages.setCurrentIndex(1 if turns else 0)
        self.list.set_turns(turns)

    def append(self, turn: ShownTurn) -> None:
        """One more turn at the end."""
        self.list.append(turn)
        self._show_page()

    def replace(self, key: int, turn: ShownTurn) -> None:
        """Another text, or another key, for a turn; nothing where it is not shown."""
        if self.list.index_of(key) is not None:
            self.list.replace(key, turn)

    def begin_answer(self, turn: ShownTurn) -> None:
        """An answer begins: `turn` has the key 0 and, as a rule, no text yet."""
        self._stream.start(turn.text)
        self._drop_unfinished()
        self.list.append(replace(turn, key=WRITING_KEY))
        self._show_page()

    def add_text(self, piece: str) -> None:
        """More of the answer; nothing after the conversation was changed for another one."""
        if self.list.index_of(WRITING_KEY) is not None:
            self._stream.add(piece)

    def end_answer(self, turn: ShownTurn | None) -> None:
        """The answer as it is stored, with its own key; None when there is none, and what was written goes."""
        self._stream.start()
        if turn is None or self.list.index_of(WRITING_KEY) is None:
            self._drop_unfinished()
        else:
            self.list.replace(WRITING_KEY, turn)
        self._show_page()

    def set_writing(self, writing: bool) -> None:
        """Whether an answer is being made: Send becomes Stop."""
        self._writing = writing
        self.composer.set_writing(writing)

    def set_status(self, text: str) -> None:
        """One line on what is going on; '' for none."""
        self._status.setText(text)
        self._status.setVisible(bool(text))

    def set_document(self, document: bool) -> None:
        """Whether the conversation is on a document."""
        self.composer.set_document(document)

    def set_hint(self, title: str, examples: tuple[str, ...]) -> None:
        """What an empty conversation shows."""
        self.hint.set_hint(title, examples)

    def set_completes(self, completes: bool) -> None:
        """Whether the model goes on from what is written instead of answering; an empty conversation says so."""
        told = self.tr("This model completes text: it was not trained to converse, so it goes on from what you write.")
        self.hint.set_note(told if completes else "")

    def focus_composer(self) -> None:
        """Let the user write."""
        self.composer.field.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def mode(self) -> AskMode:
        """How the composer says that the next question is to be answered."""
        return AskMode(self.composer.mode.currentData())

    @property
    def draft(self) -> str:
        """What is in the composer."""
        return self.composer.draft

    @draft.setter
    def draft(self, text: str) -> None:
        self.composer.draft = text

    def show_turn(self, key: int) -> None:
        """Scroll to a turn and mark it; nothing where it is not shown."""
        self.list.show_turn(key)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Passed on. Not by a focus proxy: Tab would go to that, past all that stands before it."""
        self.composer.field.setFocus(event.reason())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc stops, wherever the focus is."""
        if event.key() == Qt.Key.Key_Escape and self._writing:
            self.stopped.emit()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Text of another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._refresh()

    def _fill(self, text: str) -> None:
        self.draft = text
        self.focus_composer()

    def _show_text(self, text: str) -> None:
        index = self.list.index_of(WRITING_KEY)
        if index is not None:
            self.list.replace(WRITING_KEY, replace(self.list.turns[index], text=text))

    def _drop_unfinished(self) -> None:
        if self.list.index_of(WRITING_KEY) is not None:
            self.list.drop_last()

    def _show_page(self) -> None:
        self._pages.setCurrentIndex(1 if self.list.turns else 0)

    def _centred(self, part: QWidget, below: int) -> QWidget:
        """In the column in which the turns' words are."""
        around = QWidget()
        row = QHBoxLayout(around)
        side = self.list.verticalScrollBar().sizeHint().width() + PADDING + TURN_MARGIN
        row.setContentsMargins(side, 4, side, below)
        row.addStretch(1)
        row.addWidget(part, 1000)
        row.addStretch(1)
        return around

    def _refresh(self) -> None:
        for part in (self._below, self.hint):
            part.setMaximumWidth(column_width(self.fontMetrics()) - 2 * TURN_MARGIN)
