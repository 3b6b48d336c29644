"""The field of the composer: as high as its lines, up to eight; long pastes are held aside."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QFocusEvent, QFontMetrics, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

LONG_CHARACTERS = 8_000
"""What is pasted in one piece beyond this is held aside: laying it out would hold the window up."""
MAX_LINES = 8


class ComposerField(QPlainTextEdit):
    """Enter sends, Shift+Enter begins a line, Tab leaves."""

    sent = Signal()
    long_pasted = Signal(str)
    focus_moved = Signal()
    """To the field or away from it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # The composer around it shows the focus.
        self.setProperty("focusRing", "own")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setTabChangesFocus(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(4)
        self._connect()
        self.fit()

    def _connect(self) -> None:
        self.textChanged.connect(self.fit)

    def fit(self) -> None:
        """Grow or shrink with the text."""
        lines = max(1, min(MAX_LINES, int(self.document().size().height())))
        margin = 2 * int(self.document().documentMargin())
        height = lines * QFontMetrics(self.font()).lineSpacing() + margin + 2
        full = lines == MAX_LINES
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if full else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )
        if height != self.height() or self.minimumHeight() != height:
            self.setFixedHeight(height)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Another width: the lines break elsewhere."""
        super().resizeEvent(event)
        self.fit()

    def event(self, event: QEvent) -> bool:
        """Ctrl+Enter is the field's, before the window's commands: there it would begin a summary."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and _sends(event):
            event.accept()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusInEvent(event)
        self.focus_moved.emit()

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        super().focusOutEvent(event)
        self.focus_moved.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Enter and Ctrl+Enter send."""
        if _sends(event):
            self.sent.emit()
            return
        super().keyPressEvent(event)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:  # noqa: N802
        """Files that are dropped here are the window's to open."""
        return not any(url.isLocalFile() for url in source.urls()) and super().canInsertFromMimeData(source)

    def insertFromMimeData(self, source: QMimeData) -> None:  # noqa: N802
        """Plain text only."""
        text = source.text()
        if len(text) > LONG_CHARACTERS:
            self.long_pasted.emit(text)
        elif text:
            self.insertPlainText(text)


def _sends(event: QKeyEvent) -> bool:
    is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
    return is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier
