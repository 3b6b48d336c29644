"""The search field."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.ui.widgets.search_field import SearchField


def made(qtbot: QtBot) -> tuple[SearchField, list[str]]:
    """A field, and what it tells."""
    field = SearchField()
    qtbot.addWidget(field)
    told: list[str] = []
    field.settled.connect(told.append)
    return field, told


def test_a_query_is_told_after_a_pause(qtbot: QtBot) -> None:
    """Letters typed together are one query, without the spaces around them."""
    field, told = made(qtbot)
    qtbot.keyClicks(field, " rivers ")
    assert told == []
    qtbot.waitUntil(lambda: told == ["rivers"])


def test_esc_empties_at_once(qtbot: QtBot) -> None:
    """The end of a search does not wait; Esc in an empty field is left to others."""
    field, told = made(qtbot)
    qtbot.keyClicks(field, "rivers")
    qtbot.waitUntil(lambda: told == ["rivers"])
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert (field.text(), told) == ("", ["rivers", ""])
    qtbot.keyClick(field, Qt.Key.Key_Escape)
    assert told == ["rivers", ""]


def test_down_and_enter_leave_for_what_was_found(qtbot: QtBot) -> None:
    """So the keyboard gets from the words to the rows."""
    field, _ = made(qtbot)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Return):
        with qtbot.waitSignal(field.left_downwards, timeout=1000):
            qtbot.keyClick(field, key)


def test_a_button_empties_the_field(qtbot: QtBot) -> None:
    """It is there only when there is something to clear."""
    field, _ = made(qtbot)
    field.show()
    clear = [button for button in field.findChildren(QToolButton) if button.toolTip() == "Clear the search"]
    assert [button.isVisible() for button in clear] == [False]
    qtbot.keyClicks(field, "rivers")
    qtbot.mouseClick(clear[0], Qt.MouseButton.LeftButton)
    assert field.text() == ""
