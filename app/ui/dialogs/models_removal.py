"""Asks whether a model is to go."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.ui.amounts import size_text
from app.ui.dialogs.removal import RemovalQuestion
from app.ui.models.model_row import ModelRow


class ModelRemovalQuestion(RemovalQuestion):
    """Its own words in the place of those for a document; Enter and Escape leave the model where it is."""

    def __init__(self, row: ModelRow, parent: QWidget | None = None) -> None:
        super().__init__(row.entry.title, parent)
        self.setWindowTitle(self.tr("Remove a model"))
        question = self.tr(
            "Remove {model} from this machine? {size} are freed. Conversations and summaries stay; files that it was "
            "imported from stay where they are."
        )
        self.setText(question.format(model=row.entry.title, size=size_text(row.entry.nbytes)))
