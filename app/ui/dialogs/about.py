"""About the program: its version, what it is built with, where its data lies, and what it does with the network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.ui.dialogs.network_uses import network_never, network_promise, network_uses
from app.ui.dialogs.settings_page import copyable

LICENCES: tuple[tuple[str, str], ...] = (
    ("Qt, PySide6", "LGPL-3.0"),
    ("charset-normalizer", "MIT"),
    ("cryptography", "Apache-2.0 or BSD-3-Clause"),
    ("huggingface-hub", "Apache-2.0"),
    ("Jinja2", "BSD-3-Clause"),
    ("llvmlite", "BSD-2-Clause and Apache-2.0 WITH LLVM-exception"),
    ("keyring", "MIT"),
    ("lxml", "BSD-3-Clause"),
    ("markdown-it-py", "MIT"),
    ("Numba", "BSD-2-Clause"),
    ("NumPy", "BSD-3-Clause and 0BSD and MIT and Zlib and CC0-1.0"),
    ("platformdirs", "MIT"),
    ("psutil", "BSD-3-Clause"),
    ("Pygments", "BSD-2-Clause"),
    ("pypdf", "BSD-3-Clause"),
    ("pypdfium2, PDFium", "BSD-3-Clause and Apache-2.0"),
    ("pyqtgraph", "MIT"),
    ("PyStemmer, Snowball", "MIT and BSD-3-Clause"),
    ("Python", "PSF-2.0"),
    ("python-docx", "MIT"),
    ("rich", "MIT"),
    ("safetensors", "Apache-2.0"),
    ("selectolax", "MIT"),
    ("sentencepiece", "Apache-2.0"),
    ("sqlite-utils", "Apache-2.0"),
    ("tokenizers", "Apache-2.0"),
    ("tomlkit", "MIT"),
    (
        "torch",
        "Apache-2.0 and Apache-2.0 WITH LLVM-exception and BSD-2-Clause and BSD-3-Clause and BSL-1.0 and MIT",
    ),
    ("Starter model, from SmolLM2-135M-Instruct", "Apache-2.0"),
)
"""What is part of the program, each with its licence."""


@dataclass(frozen=True, slots=True)
class AboutFacts:
    """What the dialog shows of this installation."""

    version: str
    data_folder: Path
    log_file: Path


class AboutDialog(QDialog):
    """Read only, but for the button that opens the data folder."""

    folder_wanted = Signal(object)
    """A folder (Path) to be shown in the system's file manager."""

    def __init__(self, facts: AboutFacts, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("About Griffin Desk"))
        self._facts = facts
        title = QLabel("Griffin Desk")
        title.setProperty("role", "title")
        title.setIndent(12)
        version = _text(self.tr("Version {version}").format(version=facts.version), role="muted")
        version.setIndent(12)
        self._open = QPushButton(self.tr("Open the data folder"))
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        page = QWidget()
        text = QVBoxLayout(page)
        # Room for the ring around what is read with the arrow keys.
        text.setContentsMargins(12, 12, 12, 12)
        text.setSpacing(8)
        text.addWidget(
            _text(self.tr("Reads whole long documents on your own machine and answers questions about them."))
        )
        text.addWidget(_text(self.tr("Licensed under the Apache License, version 2.0.")))
        for widget in self._network() + self._places() + self._licences():
            text.addWidget(widget, 0, Qt.AlignmentFlag.AlignLeft if widget is self._open else Qt.AlignmentFlag(0))
        text.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setAccessibleName(self.tr("About Griffin Desk"))
        scroll.setWidget(page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 24, 16, 16)
        layout.setSpacing(4)
        layout.addWidget(title)
        layout.addWidget(version)
        layout.addSpacing(8)
        layout.addWidget(scroll, 1)
        layout.addSpacing(8)
        layout.addWidget(self._buttons)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 84, metrics.height() * 34)
        self._connect()

    def _connect(self) -> None:
        self._open.clicked.connect(lambda: self.folder_wanted.emit(self._facts.data_folder))
        self._buttons.rejected.connect(self.reject)

    def _network(self) -> list[QWidget]:
        uses = [_text(f"{number}. {use}") for number, use in enumerate(network_uses(), start=1)]
        return [
            _heading(self.tr("Privacy")),
            _text(network_promise()),
            _text(self.tr("The network is used for this and nothing else:")),
            *uses,
            _text(network_never()),
        ]

    def _places(self) -> list[QWidget]:
        return [
            _heading(self.tr("Where your data lies")),
            _text(self.tr("Library, conversations and settings:")),
            copyable(str(self._facts.data_folder)),
            _text(self.tr("Log, without the text of documents:")),
            copyable(str(self._facts.log_file)),
            self._open,
        ]

    def _licences(self) -> list[QWidget]:
        table = QWidget()
        grid = QGridLayout(table)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 1)
        for row, (name, licence) in enumerate(LICENCES):
            grid.addWidget(_text(name, wrap=False), row, 0)
            grid.addWidget(_text(licence, role="muted"), row, 1)
        replace = _text(
            self.tr(
                "Qt and PySide6 are used under the GNU Lesser General Public License, version 3: "
                "you may put libraries that you have changed in their place."
            )
        )
        return [_heading(self.tr("Built with")), table, replace]


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    label.setContentsMargins(0, 12, 0, 0)
    return label


def _text(text: str, *, role: str = "", wrap: bool = True) -> QLabel:
    """A text that can be selected and copied."""
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(wrap)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        label.setProperty("role", role)
    return label
