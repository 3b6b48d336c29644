"""Asks whether a document is to go; models_removal.py asks the same of a model, in other words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from app.core.text import one_line

TITLE_LETTERS = 64
"""Of a title that are shown; a longer one is cut in its middle."""


class RemovalQuestion(QMessageBox):
    """In the words for a document. Enter and Escape leave all as it is; `accepted` says that the user wants it gone."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setOption(QMessageBox.Option.DontUseNativeDialog)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Remove from library"))
        self.setIcon(QMessageBox.Icon.Warning)
        # The title comes from a file, and may look like HTML.
        self.setTextFormat(Qt.TextFormat.PlainText)
        metrics = self.fontMetrics()
        room = metrics.averageCharWidth() * TITLE_LETTERS
        shown = metrics.elidedText(one_line(title), Qt.TextElideMode.ElideMiddle, room)
        question = self.tr(
            "Remove {title} from the library? Its summary is deleted with it; the file stays where it is."
        )
        self.setText(question.format(title=shown))
        remove = self.addButton(self.tr("Remove"), QMessageBox.ButtonRole.AcceptRole)
        remove.setProperty("kind", "danger")
        cancel = self.addButton(QMessageBox.StandardButton.Cancel)
        self.setDefaultButton(cancel)
        self.setEscapeButton(cancel)


def ask_for_removal(parent: QWidget, title: str, *remove: Callable[[], None]) -> None:
    """Ask, and come back at once; call what removes the document, in order, when the user has said so."""
    question = RemovalQuestion(title, parent)
    for step in remove:
        question.accepted.connect(step)
    question.open()
