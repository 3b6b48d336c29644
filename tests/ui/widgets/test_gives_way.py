"""A pane that gives way in a narrow window."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QHBoxLayout, QLabel, QWidget
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.widgets.gives_way import GivesWay

CHARS = 60


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    """A window with two panes, in which the second gives way; wide enough for both."""
    made = QWidget()
    qtbot.addWidget(made)
    row = QHBoxLayout(made)
    for name in ("text", "meters"):
        pane = QLabel(name)
        pane.setObjectName(name)
        row.addWidget(pane)
    made.resize(letters(made, CHARS + 5), 100)
    made.show()
    return made


@pytest.fixture
def room(window: QWidget) -> GivesWay:
    """What looks after the second."""
    return GivesWay(meters(window), window, CHARS)


def letters(window: QWidget, count: int) -> int:
    """Width of so many letters in pixels."""
    return count * window.fontMetrics().averageCharWidth()


def meters(window: QWidget) -> QLabel:
    """The pane that gives way."""
    return window.findChild(QLabel, "meters")


def test_it_goes_and_comes_back(window: QWidget, room: GivesWay) -> None:
    """Narrow: hidden, but still wanted; wide: shown again."""
    window.resize(letters(window, CHARS - 1), 100)
    assert not meters(window).isVisible() and room.wanted
    window.resize(letters(window, CHARS), 100)
    assert meters(window).isVisible() and room.wanted


def test_what_the_user_hid_stays_hidden(window: QWidget, room: GivesWay) -> None:
    """A pane that was hidden before does not come with a wider window."""
    meters(window).hide()
    window.resize(letters(window, CHARS - 1), 100)
    window.resize(letters(window, CHARS + 5), 100)
    assert not meters(window).isVisible() and not room.wanted


def test_what_the_user_asks_for_is_there(window: QWidget, room: GivesWay) -> None:
    """In a narrow window the pane can be shown all the same, and stays when that becomes narrower still."""
    window.resize(letters(window, CHARS - 1), 100)
    meters(window).show()
    window.resize(letters(window, CHARS - 5), 100)
    assert meters(window).isVisible()


def test_larger_text_makes_a_window_narrow(qapp: QApplication, window: QWidget, room: GivesWay) -> None:
    """The limit is counted in letters."""
    theme.apply(qapp, theme.Scheme.LIGHT, 1.5)
    assert not meters(window).isVisible() and room.wanted
    theme.apply(qapp, theme.Scheme.LIGHT)
    assert meters(window).isVisible()
