"""A large button with a picture, a title and a sentence."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.icons import icon


class CardButton(QPushButton):
    """Says what a click does; the sentence wraps to the card's width."""

    def __init__(self, icon_name: str, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("kind", "card")
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._icon_name = icon_name
        self._picture = QLabel()
        heading = QLabel(title, wordWrap=True)
        heading.setProperty("role", "heading")
        words = QLabel(text, wordWrap=True)
        words.setProperty("role", "muted")
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(16, 16, 16, 16)
        self._column.setSpacing(8)
        for label in (self._picture, heading, words):
            # The button alone speaks and is clicked.
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            self._column.addWidget(label)
        self._column.addStretch(1)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self._connect()
        self._draw()

    def _connect(self) -> None:
        theme.signals().changed.connect(self._draw)

    def _draw(self) -> None:
        size = round(self.fontMetrics().height() * 1.6)
        self._picture.setPixmap(icon(self._icon_name).pixmap(QSize(size, size), self.devicePixelRatioF()))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Of what stands on it: as a button without text it would be small."""
        return self._column.sizeHint()

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The same at its narrowest."""
        return self._column.minimumSize()
