"""Tests of saying a turn again."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShortcut
from pytestqt.qtbot import QtBot

from app.ui.widgets.turn_editor import TurnEditor


def test_only_words_are_saved(qtbot: QtBot) -> None:
    """White space alone is not; Enter begins a line, Tab leaves the field, Cancel says so."""
    editor = TurnEditor()
    qtbot.addWidget(editor)
    saved: list[str] = []
    editor.saved.connect(saved.append)
    editor.show()
    editor.start("one")
    qtbot.keyClick(editor.field, Qt.Key.Key_Return)
    qtbot.keyClicks(editor.field, "two ")
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    editor.start(" \n")
    qtbot.mouseClick(editor.save, Qt.MouseButton.LeftButton)
    assert saved == ["one\ntwo"]
    assert editor.field.tabChangesFocus() and editor.field.accessibleName()
    with qtbot.waitSignal(editor.cancelled):
        qtbot.mouseClick(editor.cancel, Qt.MouseButton.LeftButton)


def test_control_enter_saves_whatever_the_window_does_with_it(qtbot: QtBot) -> None:
    """The window's command on the same keys is not run."""
    editor = TurnEditor()
    qtbot.addWidget(editor)
    saved, commands = list[str](), list[str]()
    editor.saved.connect(saved.append)
    shortcut = QShortcut("Ctrl+Return", editor)
    shortcut.activated.connect(lambda: commands.append("summarise"))
    editor.show()
    editor.activateWindow()
    editor.start("one")
    editor.field.setFocus()
    qtbot.waitUntil(editor.field.hasFocus)
    qtbot.keyClick(editor.field, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert saved == ["one"] and commands == []
