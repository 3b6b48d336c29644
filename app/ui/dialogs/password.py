"""Asks for the password of a document."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from app.ui.widgets.tool_tips import set_tool_tip

NAME_LETTERS = 48
"""Of a file's name that are shown; a longer one is cut in its middle and whole in the tool tip."""


class PasswordDialog(QDialog):
    """One field. The password is given to whoever asked, and kept nowhere here."""

    entered = Signal(str)
    """The password, when the user has confirmed it."""

    def __init__(self, file_name: str, *, wrong: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Password needed"))
        metrics = self.fontMetrics()
        room = metrics.averageCharWidth() * NAME_LETTERS
        name = QLabel(metrics.elidedText(file_name, Qt.TextElideMode.ElideMiddle, room))
        name.setTextFormat(Qt.TextFormat.PlainText)
        name.setProperty("role", "heading")
        set_tool_tip(name, file_name if name.text() != file_name else "")
        why = QLabel(self.tr("This document is locked. Type its password to read it."))
        why.setWordWrap(True)
        self._wrong = QLabel(self.tr("That password does not open it. Check capital letters and try again."))
        self._wrong.setProperty("role", "error")
        self._wrong.setWordWrap(True)
        self._field = QLineEdit()
        self._field.setEchoMode(QLineEdit.EchoMode.Password)
        self._field.setAccessibleName(self.tr("Password of {file}").format(file=file_name))
        self._field.setAccessibleDescription(self._wrong.text() if wrong else "")
        self._field.setProperty("invalid", wrong)
        self._field.setMinimumWidth(room)
        self._show = QCheckBox(self.tr("Show the password"))
        self._buttons = QDialogButtonBox()
        self._open = self._buttons.addButton(self.tr("Open"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._open.setProperty("kind", "primary")
        self._open.setDefault(True)
        self._open.setEnabled(False)
        self._buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(8)
        for widget in (name, why, self._field, self._wrong, self._show):
            layout.addWidget(widget)
        # Not before it is in here: for a moment it would be a window.
        self._wrong.setVisible(wrong)
        layout.addSpacing(8)
        layout.addStretch(1)
        layout.addWidget(self._buttons)
        self._connect()
        self._field.setFocus()

    def password(self) -> str:
        """What stands in the field."""
        return self._field.text()

    def _connect(self) -> None:
        self._field.textChanged.connect(lambda text: self._open.setEnabled(bool(text)))
        self._show.toggled.connect(self._set_shown)
        self._buttons.accepted.connect(self.accept)
        self._buttons.rejected.connect(self.reject)
        self.accepted.connect(lambda: self.entered.emit(self.password()))

    def _set_shown(self, shown: bool) -> None:
        self._field.setEchoMode(QLineEdit.EchoMode.Normal if shown else QLineEdit.EchoMode.Password)
