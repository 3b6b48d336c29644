"""The bar to look for a text."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from app.ui.widgets.find_bar import FindBar


class Heard:
    """A bar, its field, and what it has said."""

    def __init__(self, qtbot: QtBot) -> None:
        self.bar = FindBar()
        qtbot.addWidget(self.bar)
        self.said: list[object] = []
        self.bar.find_wanted.connect(self.said.append)
        self.bar.stepped.connect(self.said.append)
        self.bar.closed.connect(lambda: self.said.append("closed"))
        self.field = self.bar.findChild(QLineEdit)
        self.bar.open()


def test_a_search_begins_when_typing_has_paused(qtbot: QtBot) -> None:
    """Once, with the whole text; and again with nothing when the field is emptied."""
    heard = Heard(qtbot)
    qtbot.keyClicks(heard.field, "flat  memory ")
    assert heard.said == []
    qtbot.waitUntil(lambda: heard.said == ["flat memory"])
    heard.field.clear()
    qtbot.waitUntil(lambda: heard.said == ["flat memory", ""])


def test_enter_does_not_wait(qtbot: QtBot) -> None:
    """The first Enter begins the search, the next ones walk, with Shift backwards."""
    heard = Heard(qtbot)
    qtbot.keyClicks(heard.field, "state")
    qtbot.keyClick(heard.field, Qt.Key.Key_Return)
    qtbot.keyClick(heard.field, Qt.Key.Key_Return)
    qtbot.keyClick(heard.field, Qt.Key.Key_Enter, Qt.KeyboardModifier.ShiftModifier)
    assert heard.said == ["state", 1, -1]


def test_escape_stops_the_search(qtbot: QtBot) -> None:
    """The bar goes; opened again it looks for the same text."""
    heard = Heard(qtbot)
    qtbot.keyClicks(heard.field, "state")
    qtbot.keyClick(heard.field, Qt.Key.Key_Return)
    qtbot.keyClick(heard.field, Qt.Key.Key_Escape)
    assert heard.said == ["state", "", "closed"]
    assert heard.bar.isHidden()
    heard.bar.open()
    assert heard.said[-1] == "state"
    heard.bar.forget()
    heard.bar.open()
    assert heard.said[-2:] == ["", "closed"]


def test_how_much_was_found(qtbot: QtBot) -> None:
    """While the search goes on, at its end, with too many, and with nothing."""
    heard = Heard(qtbot)
    label = next(label for label in heard.bar.findChildren(QLabel))
    heard.bar.set_count(None, 0, done=True)
    texts = [label.text()]
    qtbot.keyClicks(heard.field, "x")
    qtbot.keyClick(heard.field, Qt.Key.Key_Return)
    for current, total, done, more in (
        (None, 0, False, False),
        (None, 4, False, False),
        (2, 9, False, False),
        (2, 17, True, False),
        (0, 500, True, True),
        (None, 0, True, False),
    ):
        heard.bar.set_count(current, total, done=done, more=more)
        texts.append(label.text())
    assert texts == ["", "Searching", "4 so far", "3 of 9 so far", "3 of 17", "1 of the first 500", "Not found"]
    assert heard.field.accessibleDescription() == "Not found"
