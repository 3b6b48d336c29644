"""Asks the user for passwords of files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.imports import ImportController, PasswordWanted
from app.ui.dialogs.password import PasswordDialog


class PasswordController(QObject):
    """One dialog for each file that waits for its password."""

    def __init__(self, imports: ImportController, window: QWidget, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._imports = imports
        self._window = window
        self._connect()

    def _connect(self) -> None:
        self._imports.password_wanted.connect(self._ask_for_file)

    def follow(self, room: DocumentRoom) -> None:
        """Ask for what the pages of a document need."""
        room.password_wanted.connect(lambda wrong: self._ask_for_pages(room, wrong))
        room.unlocked.connect(lambda password: self._imports.remember_password(room.path, password))

    def _ask_for_file(self, wanted: PasswordWanted) -> None:
        path = wanted.path
        self._ask(path, wanted.wrong, lambda password: self._imports.open_file(path, password=password))

    def _ask_for_pages(self, room: DocumentRoom, wrong: bool) -> None:
        self._ask(room.path, wrong, room.pages.set_password, lambda: room.pages.set_password(""))

    def _ask(
        self, path: Path, wrong: bool, entered: Callable[[str], None], rejected: Callable[[], None] = lambda: None
    ) -> None:
        dialog = PasswordDialog(path.name, wrong=wrong, parent=self._window)
        dialog.entered.connect(entered)
        dialog.rejected.connect(rejected)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
