"""The field over the library and the conversations."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget

from app.ui import theme
from app.ui.icons import icon

SETTLES_AFTER_MS = 200
LONGEST_QUERY = 300


class SearchField(QLineEdit):
    """A line of text that tells when the user has paused; Esc empties it, Down or Enter goes to what was found."""

    settled = Signal(str)
    """The text, without spaces around it, once nobody has typed for a moment; at once when it is emptied."""
    left_downwards = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(self.tr("Search"))
        self.setToolTip(self.tr("Search titles, and what was said in conversations"))
        self.setAccessibleName(self.tr("Search documents and conversations"))
        self.setMaxLength(LONGEST_QUERY)
        self._told = ""
        self._pause = QTimer(self, singleShot=True, interval=SETTLES_AFTER_MS)
        self._glass = self.addAction(icon("search"), QLineEdit.ActionPosition.LeadingPosition)
        self._clear = self.addAction(icon("close"), QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setToolTip(self.tr("Clear the search"))
        self._clear.setVisible(False)
        self._connect()

    def _connect(self) -> None:
        self._pause.timeout.connect(self._tell)
        self._clear.triggered.connect(self.clear)
        self.textChanged.connect(self._on_text)
        theme.signals().changed.connect(self._draw_icons)

    @property
    def query(self) -> str:
        """The text without spaces around it."""
        return self.text().strip()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        elif event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.left_downwards.emit()
        else:
            super().keyPressEvent(event)

    def _on_text(self) -> None:
        self._clear.setVisible(bool(self.text()))
        if self.query:
            self._pause.start()
        else:
            self._pause.stop()
            self._tell()

    def _tell(self) -> None:
        if self.query != self._told:
            self._told = self.query
            self.settled.emit(self._told)

    def _draw_icons(self) -> None:
        self._glass.setIcon(icon("search"))
        self._clear.setIcon(icon("close"))
