"""Saying a turn again in other words, in its place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

MAX_CHARACTERS = 8_000
"""Longer texts cannot be edited in place: laying them out would hold the window up."""
_LINES = 8


class TurnEditor(QWidget):
    """Ctrl+Enter saves, Esc cancels."""

    saved = Signal(str)
    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.field = QPlainTextEdit()
        self.field.setProperty("role", "field")
        self.field.setAccessibleName(self.tr("What you said"))
        self.field.setTabChangesFocus(True)
        self.save = QPushButton(self.tr("Save and ask"))
        self.save.setProperty("kind", "primary")
        self.cancel = QPushButton(self.tr("Cancel"))
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch()
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.save)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.field)
        column.addLayout(buttons)
        self._connect()

    def _connect(self) -> None:
        self.field.textChanged.connect(lambda: self.save.setEnabled(not self.field.document().isEmpty()))
        self.save.clicked.connect(self._save)
        self.cancel.clicked.connect(self.cancelled)

    def start(self, text: str) -> None:
        """Begin with these words."""
        self.field.setPlainText(text)
        self.field.moveCursor(self.field.textCursor().MoveOperation.End)
        lines = min(_LINES, max(3, len(text) // 60 + text.count("\n") + 1))
        self.field.setFixedHeight(lines * self.field.fontMetrics().lineSpacing() + 16)

    def event(self, event: QEvent) -> bool:
        """Ctrl+Enter is the editor's, before the window's commands: there it would begin a summary."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _saves(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Keys that the field leaves over."""
        if event.key() == Qt.Key.Key_Escape:
            self.cancelled.emit()
        elif _saves(event):
            self._save()
        else:
            super().keyPressEvent(event)

    def _save(self) -> None:
        text = self.field.toPlainText().strip()
        if text:
            self.saved.emit(text)


def _saves(event: QKeyEvent) -> bool:
    is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return is_enter and bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
