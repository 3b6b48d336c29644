"""A step in the dialog on models: a heading, what there is to know, and buttons to go on or back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.ui.dialogs.settings_page import text


def framed(page: QWidget, scroll: QScrollArea, body: QWidget, buttons: Sequence[QWidget]) -> None:
    """Lay a page out: its body, which scrolls up and down where there is too little room, above a row of buttons."""
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(body)
    row = QHBoxLayout()
    row.setContentsMargins(4, 0, 0, 0)
    row.setSpacing(8)
    for button in buttons:
        row.addWidget(button)
    row.addStretch(1)
    whole = QVBoxLayout(page)
    whole.setContentsMargins(0, 0, 0, 0)
    whole.setSpacing(8)
    whole.addWidget(scroll, 1)
    whole.addLayout(row)


class StepPage(QWidget):
    """Its parts are put below each other into `column`; `main` is the button that goes on."""

    back = Signal()
    """To the model's page."""

    def __init__(self, main_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = text(role="heading")
        body = QWidget()
        self.column = QVBoxLayout(body)
        self.column.setContentsMargins(4, 4, 12, 8)
        self.column.setSpacing(8)
        self.column.addWidget(self.heading)
        scroll = QScrollArea()
        # What is on it is gone through by Tab, and it follows.
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.main = QPushButton(main_text)
        self.main.setProperty("kind", "primary")
        self._back = QPushButton(self.tr("Back"))
        framed(self, scroll, body, [self.main, self._back])
        self._back.clicked.connect(self.back)

    def say(self, words: str = "", *, role: str = "", above: int = 0) -> QLabel:
        """Add a text below what is there."""
        label = text(words, role=role)
        self.column.addSpacing(above)
        self.column.addWidget(label)
        return label
