"""Pages of the settings dialog: general, model, chat, logs; storage and privacy are in settings_storage.py."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QFileDialog,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
)

from app.core.settings import RANGES, Settings
from app.ui.dialogs.settings_facts import SettingsFacts
from app.ui.dialogs.settings_page import SettingsPage, aligned, copyable

SAMPLING = ("temperature", "top_p", "top_k", "repetition_penalty")


class GeneralPage(SettingsPage):
    """Language, look and how summaries are written."""

    def __init__(self) -> None:
        super().__init__()
        self.set_title(self.tr("General"))
        self.add_choice(
            "language",
            self.tr("Language"),
            (("", self.tr("The system's")), ("en", "English"), ("de", "Deutsch")),
        )
        self.add_choice(
            "scheme",
            self.tr("Colours"),
            (
                ("system", self.tr("The system's")),
                ("light", self.tr("Light")),
                ("dark", self.tr("Dark")),
                ("high-contrast", self.tr("High contrast")),
            ),
        )
        least, greatest = RANGES["text_scale"]
        self.add_number(
            "text_scale",
            self.tr("Size of text"),
            (least * 100, greatest * 100),
            step=5,
            unit=" %",
            factor=0.01,
            hint=self.tr("Of the size that the system uses."),
        )
        self.add_choice(
            "default_style",
            self.tr("Style of summaries"),
            (
                ("", self.tr("What suits the model")),
                ("brief", self.tr("Brief")),
                ("detailed", self.tr("Detailed")),
                ("key-passages", self.tr("Key passages")),
            ),
            hint=self.tr("Another one can be chosen above each summary."),
        )


class ModelPage(SettingsPage):
    """Which model runs, and where."""

    models_wanted = Signal()
    """All models are to be shown."""

    def __init__(self, facts: SettingsFacts) -> None:
        super().__init__()
        self.set_title(self.tr("Model"))
        self.add_choice("model", self.tr("Model"), [(name, name) for name in facts.models])
        models = QPushButton(self.tr("Get, check and compare models…"))
        models.clicked.connect(self.models_wanted)
        self.add(aligned(models), above=4)
        names = {
            "auto": self.tr("The fastest there is"),
            "cpu": self.tr("Processor (cpu)"),
            "cuda": self.tr("NVIDIA GPU (cuda)"),
            "mps": self.tr("Apple GPU (mps)"),
        }
        devices = ("auto", *(device for device in facts.devices if device != "auto"))
        self.add_choice("device", self.tr("Device"), [(device, names.get(device, device)) for device in devices])
        formats = [(form, form) for form in facts.weight_formats if form != "auto"]
        self.add_choice(
            "weight_format",
            self.tr("Weight format"),
            [("auto", self.tr("What suits model and device")), *formats],
            hint=self.tr("Fewer bits need less memory and are read faster; answers may differ a little."),
        )
        self.add_number(
            "threads",
            self.tr("Threads of the processor"),
            (0, facts.threads_max),
            least_text=self.tr("Chosen by itself"),
            hint=self.tr("This machine has %n thread(s).", "", facts.threads_max),
        )
        self._folder = QLineEdit()
        self._folder.setClearButtonEnabled(True)
        self._folder.setPlaceholderText(self.tr("In the data folder"))
        choose = QPushButton(self.tr("Choose…"))
        choose.setAccessibleName(self.tr("Choose the folder of models"))
        choose.clicked.connect(self._choose)
        self.add_field(
            "models_dir",
            self.tr("Folder of models"),
            self._folder,
            lambda: self._folder.text().strip(),
            lambda value: self._folder.setText(str(value)),
            self._folder.textChanged,
            hint=self.tr("Each model is a folder in it."),
            buttons=[choose],
        )

    def _choose(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, self.tr("Folder of models"), self._folder.text())
        if folder:
            self._folder.setText(str(Path(folder)))


class ChatPage(SettingsPage):
    """What the model is told before a conversation, and how its answers are drawn."""

    def __init__(self) -> None:
        super().__init__()
        self.set_title(self.tr("Chat"))
        self._prompt = QPlainTextEdit()
        self._prompt.setTabChangesFocus(True)
        self._prompt.setProperty("role", "field")
        self._prompt.setFixedHeight(self._prompt.fontMetrics().lineSpacing() * 5 + 16)
        self.add_field(
            "system_prompt",
            self.tr("System prompt"),
            self._prompt,
            self._prompt.toPlainText,
            lambda value: self._prompt.setPlainText(str(value)),
            self._prompt.textChanged,
            hint=self.tr("What the model is told before a conversation begins; those that have begun keep theirs."),
        )
        self.add_number(
            "temperature",
            self.tr("Temperature"),
            RANGES["temperature"],
            step=0.1,
            decimals=2,
            hint=self.tr("0 gives the likeliest answer each time; more gives more variety."),
        )
        self.add_number(
            "top_p",
            self.tr("Top p"),
            RANGES["top_p"],
            step=0.05,
            decimals=2,
            hint=self.tr("Drawn from the likeliest tokens that together reach this probability; 1 is no limit."),
        )
        self.add_number(
            "top_k",
            self.tr("Top k"),
            (0, 1000),
            least_text=self.tr("No limit"),
            hint=self.tr("Drawn from so many of the likeliest tokens."),
        )
        self.add_number(
            "repetition_penalty",
            self.tr("Repetition penalty"),
            RANGES["repetition_penalty"],
            step=0.05,
            decimals=2,
            hint=self.tr("Above 1 the model repeats itself less; 1 is no penalty."),
        )
        self._reset = QPushButton(self.tr("Back to the first values"))
        self._reset.clicked.connect(self.reset)
        self.add(aligned(self._reset), above=16)

    def reset(self) -> None:
        """Put the program's own prompt and sampling into the fields; nothing is saved yet."""
        for name in ("system_prompt", *SAMPLING):
            self.fields[name].write(getattr(Settings(), name))


class LogsPage(SettingsPage):
    """How much is written to the log, and where it lies."""

    folder_wanted = Signal(object)
    """A folder (Path) to be shown in the system's file manager."""

    def __init__(self, facts: SettingsFacts) -> None:
        super().__init__()
        self.set_title(self.tr("Logs"))
        self.add_choice(
            "log_level",
            self.tr("What is written to the log"),
            (
                ("ERROR", self.tr("Errors")),
                ("WARNING", self.tr("Errors and warnings")),
                ("INFO", self.tr("Events too")),
                ("DEBUG", self.tr("Everything, to find a fault")),
            ),
            hint=self.tr("The log holds times, sizes and reasons, never the text of a document or of a conversation."),
        )
        self.add(QLabel(self.tr("Log file")), above=16)
        self.add(copyable(str(facts.log_file)))
        button = QPushButton(self.tr("Open the folder"))
        button.setAccessibleName(self.tr("Open the folder of logs"))
        button.clicked.connect(lambda: self.folder_wanted.emit(facts.log_file.parent))
        self.add(aligned(button), above=4)
