"""What came of something, where it was asked for: a sentence, and the next step on a button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.models.model_row import Told


class ToldBox(QFrame):
    """Hidden while there is nothing to tell."""

    step_wanted = Signal(object)
    """Wish: the next step, when its button is pressed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._told: Told | None = None
        self._frame = QFrame()
        self._frame.setProperty("role", "notice")
        self._text = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._step = QPushButton()
        self._copy = QPushButton()
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._step)
        buttons.addWidget(self._copy)
        buttons.addStretch(1)
        inside = QVBoxLayout(self._frame)
        inside.setContentsMargins(12, 8, 8, 8)
        inside.setSpacing(8)
        inside.addWidget(self._text)
        inside.addLayout(buttons)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(self._frame)
        self.hide()
        self._connect()

    def _connect(self) -> None:
        self._step.clicked.connect(self._go)
        self._copy.clicked.connect(self._copy_details)

    @property
    def told(self) -> Told | None:
        """What is shown."""
        return self._told

    def show_told(self, told: Told | None) -> None:
        """Tell this; None hides the box."""
        if told == self._told:
            return
        self._told = told
        if told is not None:
            self._text.setText(told.text)
            self._step.setText(told.step_text)
            self._step.setVisible(told.step is not None)
            self._copy.setText(self.tr("Copy details"))
            self._copy.setVisible(bool(told.details))
            self._frame.setAccessibleName(told.text)
            theme.set_property(self._frame, "kind", "error" if told.is_problem else "info")
        self.setVisible(told is not None)

    def _go(self) -> None:
        if self._told is not None and self._told.step is not None:
            self.step_wanted.emit(self._told.step)

    def _copy_details(self) -> None:
        if self._told is not None:
            QGuiApplication.clipboard().setText(f"{self._told.text}\n\n{self._told.details}")
            self._copy.setText(self.tr("Copied"))
