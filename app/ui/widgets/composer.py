"""Where the user writes: a field that grows, what it is put to, and Send, which is Stop while the model writes."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLocale, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.icons import icon
from app.ui.theme import colours
from app.ui.widgets.composer_field import LONG_CHARACTERS, ComposerField
from app.ui.widgets.shown_turn import AskMode, Said

_RADIUS = 10.0


class Composer(QWidget):
    """What is not sent stays, also while an answer is written."""

    said = Signal(object)
    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._held = ""
        self._writing = self._document = False
        self.field = ComposerField()
        self.field.setAccessibleName(self.tr("Message"))
        self.mode = QComboBox()
        self.mode.setAccessibleName(self.tr("What is asked"))
        self.mode.addItem(self.tr("Find in the text"), AskMode.FIND)
        self.mode.addItem(self.tr("Talk about it"), AskMode.TALK)
        self.mode.setItemData(0, self.tr("Answers from what the text says, with pages"), Qt.ItemDataRole.ToolTipRole)
        self.mode.setItemData(1, self.tr("The model answers from having read it"), Qt.ItemDataRole.ToolTipRole)
        self.send = QPushButton()
        self.send.setAutoDefault(False)
        self._held_words = QLabel()
        self._held_words.setProperty("role", "muted")
        self.drop_held = QToolButton()
        self.drop_held.setAutoRaise(True)
        self.drop_held.setToolTip(self.tr("Remove the pasted text"))
        self.drop_held.setAccessibleName(self.drop_held.toolTip())
        self._held_row = QWidget()
        self._build()
        self.set_document(False)
        self._hold("")
        self._refresh()
        self._connect()

    def _build(self) -> None:
        held = QHBoxLayout(self._held_row)
        held.setContentsMargins(4, 0, 0, 0)
        held.setSpacing(4)
        held.addWidget(self._held_words)
        held.addWidget(self.drop_held)
        held.addStretch()
        below = QHBoxLayout()
        below.setSpacing(8)
        below.addWidget(self.mode)
        below.addStretch()
        below.addWidget(self.send)
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(4)
        column.addWidget(self._held_row)
        column.addWidget(self.field)
        column.addLayout(below)

    def _connect(self) -> None:
        self.field.sent.connect(self._send)
        self.field.long_pasted.connect(lambda text: self._hold(f"{self._held}\n\n{text}" if self._held else text))
        self.field.textChanged.connect(self._show_button)
        self.field.focus_moved.connect(self.update)
        self.send.clicked.connect(self._send_or_stop)
        self.drop_held.clicked.connect(self._drop_held)
        self.mode.currentIndexChanged.connect(self._show_placeholder)
        theme.signals().changed.connect(self._refresh)

    @property
    def draft(self) -> str:
        """What is not sent yet, pasted text included."""
        return "\n\n".join(part for part in (self.field.toPlainText(), self._held) if part)

    @draft.setter
    def draft(self, text: str) -> None:
        long = len(text) > LONG_CHARACTERS
        self._hold(text if long else "")
        self.field.setPlainText("" if long else text)
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)

    def set_document(self, document: bool) -> None:
        """Whether a document is asked: then there are two ways."""
        self._document = document
        self.mode.setVisible(document)
        self._show_placeholder()

    def set_writing(self, writing: bool) -> None:
        """Whether an answer is being written."""
        self._writing = writing
        self._show_button()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc stops."""
        if event.key() == Qt.Key.Key_Escape and self._writing:
            self.stopped.emit()
            return
        super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """One thin frame around it all, in the accent colour while it is written in."""
        look = colours()
        focused = self.field.hasFocus()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(look.accent if focused else look.border, 2 if focused else 1))
        painter.setBrush(look.base)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), _RADIUS, _RADIUS)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Text of another size."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._refresh()

    def _mode(self) -> AskMode:
        return AskMode(self.mode.currentData()) if self._document else AskMode.TALK

    def _send_or_stop(self) -> None:
        if self._writing:
            self.stopped.emit()
        else:
            self._send()

    def _send(self) -> None:
        text = self.draft.strip()
        if self._writing or not text:
            return
        self._hold("")
        self.field.clear()
        self.said.emit(Said(text, self._mode()))

    def _hold(self, text: str) -> None:
        self._held = text
        count = QLocale().toString(len(text))
        self._held_words.setText(self.tr("Pasted text, {count} characters").format(count=count))
        self._held_row.setVisible(bool(text))
        self._show_button()

    def _drop_held(self) -> None:
        self._hold("")
        self.field.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show_placeholder(self) -> None:
        if not self._document:
            text = self.tr("Write a message")
        elif self._mode() is AskMode.FIND:
            text = self.tr("Ask what the text says")
        else:
            text = self.tr("Talk about the document")
        self.field.setPlaceholderText(text)

    def _show_button(self) -> None:
        name, text = ("stop", self.tr("Stop")) if self._writing else ("send", self.tr("Send"))
        if self.send.text() != text or self.send.icon().isNull():
            self.send.setText(text)
            self.send.setIcon(icon(name))
        self.send.setEnabled(self._writing or bool(self._held) or not self.field.document().isEmpty())

    def _refresh(self) -> None:
        self.drop_held.setIcon(icon("close"))
        self.send.setIcon(icon("stop" if self._writing else "send"))
        metrics = QFontMetrics(self.font())
        # Of one width, so that Stop stands where Send was.
        widest = max(metrics.horizontalAdvance(self.tr("Stop")), metrics.horizontalAdvance(self.tr("Send")))
        self.send.setMinimumWidth(widest + self.send.iconSize().width() + 32)
        self.field.fit()
        self.update()
