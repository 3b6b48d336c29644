"""The pages of the settings dialog on what is kept on this machine, and what leaves it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QLocale, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QLineEdit, QPushButton, QSizePolicy

from app.core.settings import MIB
from app.ui.dialogs.network_uses import network_never, network_promise, network_uses
from app.ui.dialogs.settings_facts import SettingsFacts
from app.ui.dialogs.settings_page import SettingsPage, aligned, text

MAX_GIB = 4096
GIB = 1024 * MIB


class StoragePage(SettingsPage):
    """Room for saved states, and the folder in which everything lies."""

    folder_wanted = Signal(object)
    """A folder (Path) to be shown in the system's file manager."""

    def __init__(self, facts: SettingsFacts) -> None:
        super().__init__()
        self.set_title(self.tr("Storage"))
        used = QLocale().formattedDataSize(facts.snapshot_bytes, 1)
        self.add_number(
            "snapshot_budget_bytes",
            self.tr("Room for saved states"),
            (0, MAX_GIB),
            step=0.5,
            decimals=2,
            unit=" GiB",
            factor=GIB,
            hint=self.tr(
                "{used} are used now. With a state at hand a document or a conversation goes on at once; without "
                "one it is read again, and nothing is lost."
            ).format(used=used),
        )
        self._path = facts.data_folder
        self._folder = QLineEdit()
        self._folder.setReadOnly(True)
        change = QPushButton(self.tr("Change…"))
        change.setAccessibleName(self.tr("Change the data folder"))
        change.setEnabled(not facts.data_folder_fixed)
        change.clicked.connect(self._choose)
        self.add_field(
            "data_folder",
            self.tr("Data folder"),
            self._folder,
            lambda: self._path,
            self._show,
            self._folder.textChanged,
            hint=self.tr("--data-dir or GRIFFIN_DESK_DATA_DIR decides; start without them to choose another folder.")
            if facts.data_folder_fixed
            else self.tr("Documents, conversations and settings. Nothing is moved when another folder is chosen."),
            buttons=[change],
        )
        button = QPushButton(self.tr("Open the folder"))
        button.setAccessibleName(self.tr("Open the data folder"))
        button.clicked.connect(lambda: self.folder_wanted.emit(facts.data_folder))
        self.add(aligned(button), above=4)
        self.put("data_folder", facts.data_folder)

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Data folder"), self._folder.text())
        if folder:
            self._show(Path(folder))

    def _show(self, folder: object) -> None:
        # The field may not be able to show every name, so the path is not read back from it.
        self._path = Path(str(folder))
        self._folder.setText(str(folder))
        self._folder.setCursorPosition(0)


class PrivacyPage(SettingsPage):
    """The switch that keeps the program from the network, and all it would do there."""

    def __init__(self) -> None:
        super().__init__()
        self.set_title(self.tr("Privacy"))
        self._offline = QCheckBox(self.tr("Stay offline"))
        self._offline.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._offline.setAccessibleName(self._offline.text())
        self.add_field(
            "offline",
            "",
            self._offline,
            self._offline.isChecked,
            lambda value: self._offline.setChecked(bool(value)),
            self._offline.toggled,
            hint=self.tr(
                "While this is on, nothing connects to the network but what you start in “Models”: a download, the "
                "check of a token, a page in the browser. A link in an answer is copied, not opened. Documents and "
                "conversations stay here either way."
            ),
        )
        self.add(text(network_promise()), above=24)
        self.add(text(self.tr("The network is used for this and nothing else:")), above=8)
        for number, use in enumerate(network_uses(), start=1):
            self.add(text(f"{number}. {use}"))
        self.add(text(network_never()), above=8)
