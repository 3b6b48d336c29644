"""A step in the dialog on models: a heading, what there is to know, and buttons to go on or back."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.ui.dialogs.settings_page import text

MARGIN = 12
"""Pixels beside a page's text: the ring around a page that has the keyboard's focus must not touch the letters."""


def lay_out_page(page: QWidget, scroll: QScrollArea, body: QWidget, buttons: Sequence[QWidget]) -> None:
    """Put a page's body, which scrolls up and down where there is too little room, above a row of buttons.

    body: has a layout, which gets the margins and the spacing of all pages.
    """
    column = body.layout()
    assert column is not None
    column.setContentsMargins(MARGIN, 8, MARGIN, 8)
    column.setSpacing(8)
    scroll.setWidgetResizable(True)
    scroll.setFrameShape(QFrame.Shape.NoFrame)
    scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    scroll.setWidget(body)
    row = QHBoxLayout()
    row.setContentsMargins(MARGIN, 0, 0, 0)
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
    wished = Signal(object)
    """Wish; each page says of which kinds."""

    def __init__(self, main_text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.heading = text(role="heading")
        body = QWidget()
        self.column = QVBoxLayout(body)
        self.column.addWidget(self.heading)
        scroll = QScrollArea()
        # What is on it is gone through by Tab, and it follows.
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.main = QPushButton(main_text)
        self.main.setProperty("kind", "primary")
        self._back = QPushButton(self.tr("Back"))
        lay_out_page(self, scroll, body, [self.main, self._back])
        self._back.clicked.connect(self.back)

    def say(self, words: str = "", *, role: str = "", above: int = 0) -> QLabel:
        """Add a text below what is there."""
        label = text(words, role=role)
        self.column.addSpacing(above)
        self.column.addWidget(label)
        return label
