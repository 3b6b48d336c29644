"""A copy of a model with fewer bits for each weight: how large, at what cost."""

from __future__ import annotations

from PySide6.QtWidgets import QButtonGroup, QRadioButton, QWidget

from app.ui.amounts import rough_duration_text, size_text
from app.ui.dialogs.models_page import StepPage
from app.ui.dialogs.settings_page import text
from app.ui.models.model_row import Copy, ModelRow

BYTES_PER_WEIGHT = {"int8": 1.01, "int4": 0.63}
"""On the disk, with scales; int4 holds the embedding in int8."""
SOURCE_BYTES_PER_SECOND = 150e6
"""How fast a model's files are turned into int8 on two cores, about."""


class CopyPage(StepPage):
    """The user chooses a format; the button begins. Wishes: Copy."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.main.setText(self.tr("Make the copy"))
        self._name = ""
        self.say(
            self.tr("Fewer bits for each weight need less memory and are read faster. The model itself stays as it is.")
        )
        self._choices = QButtonGroup(self)
        self._notes = {}
        for number, form in enumerate(BYTES_PER_WEIGHT):
            choice = QRadioButton(form)
            choice.setAccessibleName(form)
            self._choices.addButton(choice, number)
            self.column.addSpacing(4)
            self.column.addWidget(choice)
            self._notes[form] = text(role="muted")
            self._notes[form].setIndent(24)
            self.column.addWidget(self._notes[form])
        self.say(
            self.tr(
                "The copy is checked against the original, the difference is told at the end. It can be stopped at any "
                "time and goes on from there when it is asked for again."
            ),
            above=8,
        )
        self.column.addStretch(1)
        self._choices.button(0).setChecked(True)
        self.main.clicked.connect(self._go)

    def show_row(self, row: ModelRow) -> None:
        """Of this model."""
        entry = row.entry
        self._name = entry.name
        self.heading.setText(self.tr("A smaller copy of {model}").format(model=entry.title))
        costs = {
            "int8": self.tr("About {size}. Answers hardly differ. Takes about {time} to make."),
            "int4": self.tr(
                "About {size}: the smallest, and the fastest to write. Answers differ more. Takes several times as "
                "long to make: the model reads a text for it."
            ),
        }
        time = rough_duration_text(entry.nbytes / SOURCE_BYTES_PER_SECOND)
        for form, words in costs.items():
            size = size_text(entry.parameters * BYTES_PER_WEIGHT[form])
            self._notes[form].setText(words.format(size=size, time=time))
            button = self._choices.button(list(BYTES_PER_WEIGHT).index(form))
            button.setAccessibleDescription(self._notes[form].text())

    def _go(self) -> None:
        self.wished.emit(Copy(self._name, list(BYTES_PER_WEIGHT)[self._choices.checkedId()]))
