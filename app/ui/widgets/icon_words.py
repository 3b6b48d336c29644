"""A drawing and the words that say the same."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.ui import theme
from app.ui.icons import icon
from app.ui.theme import colours


class IconWords(QWidget):
    """Words that take as many lines as they need, beside a drawing in their colour."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = "info"
        self._role = ""
        self._picture = QLabel()
        self._words = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self._words, 1)
        theme.signals().changed.connect(self._draw)

    @property
    def text(self) -> str:
        """The words."""
        return self._words.text()

    def show_words(self, name: str, text: str, role: str = "") -> None:
        """A drawing by its name, the words, and their role as a label has it: muted, warning, error."""
        self._words.setText(text)
        if (name, role) != (self._name, self._role) or self._picture.pixmap().isNull():
            self._name, self._role = name, role
            theme.set_property(self._words, "role", role)
            self._draw()

    def _draw(self) -> None:
        side = self._words.fontMetrics().height()
        self._picture.setFixedSize(side, side)
        self._picture.setPixmap(icon(self._name, self._ink()).pixmap(side, side))

    def _ink(self) -> QColor:
        inks = {"muted": colours().muted, "warning": colours().unsupported, "error": colours().error}
        return inks.get(self._role, colours().text)
