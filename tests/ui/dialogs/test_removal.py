"""A document is not taken out of the library by one key alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from app.ui.dialogs.removal import RemovalQuestion, ask_for_removal


@pytest.fixture
def parent(qtbot: QtBot) -> QWidget:
    """A window on the screen."""
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


def asked(parent: QWidget, qtbot: QtBot, done: list[str]) -> RemovalQuestion:
    """The question above it."""
    ask_for_removal(parent, "Rivers", lambda: done.append("closed"), lambda: done.append("removed"))
    question = parent.findChild(RemovalQuestion)
    qtbot.waitUntil(question.defaultButton().hasFocus)
    return question


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Escape])
def test_enter_and_escape_remove_nothing(parent: QWidget, qtbot: QtBot, key: Qt.Key) -> None:
    """Cancel has the focus from the start."""
    done: list[str] = []
    question = asked(parent, qtbot, done)
    with qtbot.waitSignal(question.rejected):
        qtbot.keyClick(QApplication.focusWidget(), key)
    assert done == []


def test_removed_with_the_keyboard(parent: QWidget, qtbot: QtBot) -> None:
    """Tab goes to the other button; what is to be done is done in order, once."""
    done: list[str] = []
    question = asked(parent, qtbot, done)
    remove = next(button for button in question.findChildren(QPushButton) if button.text() == "Remove")
    while not remove.hasFocus():
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Tab)
    with qtbot.waitSignal(question.accepted):
        qtbot.keyClick(remove, Qt.Key.Key_Space)
    assert done == ["closed", "removed"]


def test_a_long_title_does_not_widen_it(qtbot: QtBot) -> None:
    """It is cut in its middle; what happens to summary and file is said whole."""
    question = RemovalQuestion("x" * 5000)
    qtbot.addWidget(question)
    assert "…x" in question.text() and len(question.text()) < 400
    assert question.text().endswith("Its summary is deleted with it; the file stays where it is.")
    assert question.sizeHint().width() < 1000
