from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QLineEdit, QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from app.core.errors import InternalError
from app.ui.shortcuts import Command, Commands, key_texts, plain_text
from tests.ui.commands_for_tests import sample_commands


@pytest.fixture
def window(qtbot: QtBot) -> QMainWindow:
    """An active window with a field that has the focus."""
    made = QMainWindow()
    qtbot.addWidget(made)
    made.setCentralWidget(QLineEdit())
    with qtbot.waitActive(made):
        made.show()
    made.centralWidget().setFocus()
    return made


def test_keys_work_without_a_menu(window: QMainWindow, qtbot: QtBot) -> None:
    """A command's key runs it from anywhere in the window."""
    ran: list[str] = []
    sample_commands(window, ran)
    qtbot.keyClick(window.centralWidget(), Qt.Key.Key_M, Qt.KeyboardModifier.ControlModifier)
    assert ran == ["meters"]


def test_menus_share_the_action(window: QMainWindow) -> None:
    """What a menu shows is the one action of the command, with its key and its state."""
    ran: list[str] = []
    commands = sample_commands(window, ran)
    menu = QMenu(window)
    commands.fill(menu, ["open", "", "export"])
    first, line, last = menu.actions()
    assert first is commands.action("open") and line.isSeparator() and last is commands.action("export")
    assert not last.isEnabled()
    commands.set_enabled(True, "export")
    last.trigger()
    assert ran == ["export"]


def test_a_disabled_key_is_left_to_the_focus(window: QMainWindow, qtbot: QtBot) -> None:
    """Esc stops only while there is something to stop."""
    ran: list[str] = []
    commands = sample_commands(window, ran)
    qtbot.keyClick(window.centralWidget(), Qt.Key.Key_Escape)
    commands.set_enabled(True, "stop")
    qtbot.keyClick(window.centralWidget(), Qt.Key.Key_Escape)
    assert ran == ["stop"]


def test_a_key_that_two_commands_name_is_a_mistake(window: QMainWindow) -> None:
    """Qt would run neither."""
    twice = [Command(name, name, (QKeySequence("Ctrl+J"),), "File", lambda: None) for name in ("one", "two")]
    with pytest.raises(InternalError, match=r"Ctrl\+J belongs to the commands 'one' and 'two'"):
        Commands(twice, window)


def test_a_standard_key_gives_way(window: QMainWindow) -> None:
    """What a platform counts among a standard key's may be another command's."""
    commands = Commands(
        [
            Command("mine", "mine", (QKeySequence("Ctrl+F"),), "File", lambda: None),
            Command("find", "find", (QKeySequence.StandardKey.Find, QKeySequence("F3")), "File", lambda: None),
        ],
        window,
    )
    assert key_texts(commands.action("find")) == ("F3",)


def test_an_id_is_there_once(window: QMainWindow) -> None:
    """Two commands of one name are a mistake."""
    with pytest.raises(InternalError, match="'one' is there twice"):
        Commands([Command("one", "", (), "File", lambda: None)] * 2, window)


def test_keys_of_media_keyboards_are_not_shown(window: QMainWindow) -> None:
    """Qt's standard keys have an Open key that few keyboards have; it works, but is not what users read."""
    commands = sample_commands(window, [])
    assert key_texts(commands.action("open")) == ("Ctrl+O",)
    assert key_texts(commands.action("settings")) == ("Ctrl+,",)
    assert key_texts(commands.action("larger")) == ("Ctrl++", "Ctrl+=")


def test_groups_keep_their_order(window: QMainWindow) -> None:
    """Groups and the commands in them stand as they were given."""
    groups = sample_commands(window, []).groups()
    assert [group.name for group in groups] == ["File", "Edit", "View", "Help"]
    assert [command.id for command in groups[2].commands] == ["larger", "meters", "stop"]


def test_recent_commands(window: QMainWindow) -> None:
    """The latest is first, each is there once, those that are not in the palette never; unknown ids are dropped."""
    commands = sample_commands(window, [])
    commands.set_recent(["gone", "find", "open"])
    for name in ("meters", "palette", "open", "meters"):
        commands.action(name).trigger()
    assert commands.recent() == ("meters", "open", "find")


def test_the_command_that_ran_is_told(window: QMainWindow, qtbot: QtBot) -> None:
    """`ran` carries the id, after the command has run."""
    ran: list[str] = []
    commands = sample_commands(window, ran)
    with qtbot.waitSignal(commands.ran, check_params_cb=lambda name: ran == [name] == ["about"]):
        commands.action("about").trigger()


@pytest.mark.parametrize(("text", "plain"), [("&Save", "Save"), ("Save &as", "Save as"), ("A && &B", "A & B")])
def test_marks_of_letters_are_taken_off(text: str, plain: str) -> None:
    """A doubled mark stands for itself."""
    assert plain_text(text) == plain
