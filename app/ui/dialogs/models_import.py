"""A model from a folder or file: what it is, and how it is to be taken in."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QLineEdit, QSizePolicy, QWidget

from app.services.catalogue import CatalogueEntry
from app.ui.amounts import size_text
from app.ui.dialogs.models_copy import BYTES_PER_WEIGHT
from app.ui.dialogs.models_page import StepPage
from app.ui.dialogs.settings_page import aligned, breakable, copyable
from app.ui.models.model_row import Import, Told
from app.ui.models.model_words import fit_and_speed_text, fit_icon, size_of
from app.ui.widgets.icon_words import IconWords
from app.ui.widgets.told_box import ToldBox
from app.ui.widgets.tool_tips import set_tool_tip

LAYOUTS = {"huggingface": "Hugging Face", "deepmind": "DeepMind", "orbax": "Orbax"}
"""Names of the layouts that files may have."""
LINKED_LAYOUT = "huggingface"
"""Files of the others are written anew."""


class ImportPage(StepPage):
    """Says what was found; the button takes it in. Wishes: Import."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self._path = Path()
        self._can_link = False
        self.main.setText(self.tr("Import"))
        self._place = copyable("")
        self._told = ToldBox()
        self._what, self._fit = self.say(), IconWords()
        self._name = QLineEdit()
        self._form = QComboBox()
        self._form.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._form.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self._link = QCheckBox(self.tr("Take no room twice where the disk can do that"))
        self._link.setChecked(True)
        self._fields = QWidget()
        self._build()
        self._connect()

    def _build(self) -> None:
        self.column.insertWidget(1, self._place)
        self.column.insertWidget(2, self._told)
        self.column.addWidget(self._fit)
        name, form = QLabel(self.tr("Name")), QLabel(self.tr("Weights"))
        name.setBuddy(self._name)
        form.setBuddy(self._form)
        self._name.setAccessibleName(name.text())
        self._form.setAccessibleName(form.text())
        self._parts = (name, self._name, form, aligned(self._form), aligned(self._link))
        for part in self._parts:
            self.column.addWidget(part)
        self._note = self.say(self.tr("The files stay where they are; nothing is changed in them."), role="muted")
        self.column.addStretch(1)

    def _connect(self) -> None:
        self.main.clicked.connect(self._go)
        self._name.textChanged.connect(lambda words: self.main.setEnabled(bool(words.strip())))
        self._form.currentIndexChanged.connect(lambda _: self._update_link())

    def show_looking(self, path: Path) -> None:
        """It is being looked into."""
        self._path = path
        self.heading.setText(self.tr("Import a model"))
        self._place.setText(breakable(str(path)))
        self._place.setAccessibleName(str(path))
        set_tool_tip(self._place, str(path))
        self._told.show_told(None)
        self._what.setText(self.tr("Looking what is in it"))
        self._what.show()
        self._show_parts(False)

    def show_found(self, entry: CatalogueEntry) -> None:
        """What it holds."""
        self.heading.setText(self.tr("Import {model}?").format(model=entry.title))
        facts = [size_of(entry), entry.weight_format, LAYOUTS.get(entry.source, entry.source)]
        self._what.setText(" · ".join(fact for fact in facts if fact))
        fit = entry.fit
        self._fit.show_words(fit_icon(fit), fit_and_speed_text(fit))
        self._name.setText(entry.name)
        self._can_link = entry.source == LINKED_LAYOUT
        self._form.clear()
        self._form.addItem(self.tr("As they are ({form})").format(form=entry.weight_format or "?"), "")
        if entry.weight_format not in BYTES_PER_WEIGHT:
            for form, per_weight in BYTES_PER_WEIGHT.items():
                size = size_text(entry.parameters * per_weight)
                self._form.addItem(self.tr("{form}: a smaller copy, about {size}").format(form=form, size=size), form)
        self._update_link()
        self._show_parts(True)
        self.main.setFocus()

    def show_problem(self, told: Told) -> None:
        """Why it cannot be taken in."""
        self._told.show_told(told)
        self._what.setVisible(self.main.isEnabled())

    def _update_link(self) -> None:
        """What is written anew cannot be linked."""
        self._link.setEnabled(self._can_link and not self._form.currentData())

    def _show_parts(self, shown: bool) -> None:
        for part in (self._fit, *self._parts, self._note):
            part.setVisible(shown)
        self.main.setEnabled(shown)

    def _go(self) -> None:
        link = self._link.isChecked()
        self.wished.emit(Import(self._path, self._name.text().strip(), self._form.currentData() or "", link))
