"""The settings dialog: pages at the right, their names at the left, and what saving will bring with it below."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import UserError
from app.core.settings import MAX_PROMPT_CHARACTERS, Settings, check_setting
from app.ui.dialogs.page_names import PageNameDelegate
from app.ui.dialogs.settings_facts import NEEDS_RESTART, RELOADS_MODEL, Applied, SettingsFacts
from app.ui.dialogs.settings_page import SettingsPage, text
from app.ui.dialogs.settings_pages import ChatPage, GeneralPage, LogsPage, ModelPage
from app.ui.dialogs.settings_storage import PrivacyPage, StoragePage


class SettingsDialog(QDialog):
    """Says what the user changed and stays open: whoever saves it calls `accept()`, or `show_problem()`."""

    applied = Signal(object)
    """Applied: what differs from the settings in force. Sent only when there is something and nothing is wrong."""
    folder_wanted = Signal(object)
    """A folder (Path) to be shown in the system's file manager."""
    models_wanted = Signal()
    """All models are to be shown."""

    def __init__(self, current: Settings, facts: SettingsFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Settings"))
        self._logs, self._storage, self._model = LogsPage(facts), StoragePage(facts), ModelPage(facts)
        self._pages: tuple[SettingsPage, ...] = (
            GeneralPage(), self._model, ChatPage(), self._storage, PrivacyPage(), self._logs,
        )  # fmt: skip
        self._names = QListWidget()
        self._names.setAccessibleName(self.tr("Pages of settings"))
        self._names.setFrameShape(QFrame.Shape.NoFrame)
        self._names.setItemDelegate(PageNameDelegate(self._names))
        self._stack = QStackedWidget()
        for page in self._pages:
            page.load(current)
            self._names.addItem(page.title)
            self._stack.addWidget(page)
        self._names.setFixedWidth(self._names.sizeHintForColumn(0))
        self._note = text(role="muted")
        self._buttons = QDialogButtonBox()
        self._save = self._buttons.addButton(self.tr("Save"), QDialogButtonBox.ButtonRole.AcceptRole)
        self._save.setProperty("kind", "primary")
        self._save.setDefault(True)
        self._buttons.addButton(QDialogButtonBox.StandardButton.Cancel)
        self._build()
        self._connect()
        self._names.setCurrentRow(0)
        self._show_consequences()

    def show_page(self, name: str) -> None:
        """Go to the page that has a setting, and to its field."""
        for row, page in enumerate(self._pages):
            if name in page.fields:
                self._names.setCurrentRow(row)
                page.fields[name].widget.setFocus()

    def show_problem(self, name: str, sentence: str) -> None:
        """Say beside a setting why it could not be saved; what belongs to none is said above the buttons."""
        for page in self._pages:
            if name in page.fields:
                self.show_page(name)
                page.set_problem(name, sentence)
                return
        self._note.setText(sentence)

    def follow(self, changes: Mapping[str, object]) -> None:
        """Settings were changed elsewhere while the dialog is open."""
        for page in self._pages:
            for name in page.fields.keys() & changes.keys():
                page.put(name, changes[name])

    def _build(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(24)
        middle.addWidget(self._names)
        middle.addWidget(self._stack, 1)
        bottom = QHBoxLayout()
        bottom.setSpacing(16)
        bottom.addWidget(self._note, 1)
        bottom.addWidget(self._buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 24, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(middle, 1)
        layout.addLayout(bottom)
        metrics = self.fontMetrics()
        screen = self.screen().availableSize()
        self.resize(
            min(metrics.averageCharWidth() * 104, screen.width() - 48), min(metrics.height() * 40, screen.height() - 96)
        )

    def _connect(self) -> None:
        self._names.currentRowChanged.connect(self._stack.setCurrentIndex)
        for page in self._pages:
            page.changed.connect(self._show_consequences)
        self._logs.folder_wanted.connect(self.folder_wanted)
        self._model.models_wanted.connect(self.models_wanted)
        self._storage.folder_wanted.connect(self.folder_wanted)
        self._buttons.accepted.connect(self._apply)
        self._buttons.rejected.connect(self.reject)

    def _gathered(self) -> Applied:
        changes = {name: value for page in self._pages for name, value in page.changes().items()}
        folder = changes.pop("data_folder", None)
        return Applied(changes, folder if isinstance(folder, Path) else None)

    def _show_consequences(self) -> None:
        """Which changes need the model or the program to start again, by the names that the fields have."""
        gathered = self._gathered()
        labels = {name: field.label for page in self._pages for name, field in page.fields.items()}
        reloads = [labels[name] for name in labels if name in gathered.names & RELOADS_MODEL]
        restarts = [labels[name] for name in labels if name in gathered.names & NEEDS_RESTART]
        notes = []
        if reloads:
            notes.append(self.tr("The model is loaded again: {names}.").format(names=", ".join(reloads)))
        if restarts:
            notes.append(self.tr("At the next start of the program: {names}.").format(names=", ".join(restarts)))
        self._note.setText("\n".join(notes))

    def _apply(self) -> None:
        gathered = self._gathered()
        problems = {name: self._problem(name, value) for name, value in gathered.changes.items()}
        for name, sentence in problems.items():
            if sentence:
                self.show_problem(name, sentence)
                return
        if gathered.names:
            self.applied.emit(gathered)
        else:
            self.accept()

    def _problem(self, name: str, value: object) -> str:
        """What is wrong with a value, in one sentence; "" for nothing."""
        if name == "models_dir" and value and not str(value).startswith("~") and not Path(str(value)).is_absolute():
            return self.tr("Give the folder's whole path, or leave the field empty for the one in the data folder.")
        if name == "system_prompt" and len(str(value)) > MAX_PROMPT_CHARACTERS:
            return self.tr("The prompt has %n character(s); {most} are the most.", "", len(str(value))).format(
                most=QLocale().toString(MAX_PROMPT_CHARACTERS)
            )
        try:
            check_setting(name, value)
        except UserError as error:
            return self.tr("This cannot be saved: {reason}.").format(reason=error.message)
        return ""
