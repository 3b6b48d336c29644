from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QMainWindow
from pytestqt.qtbot import QtBot

from app.ui.dialogs.shortcut_sheet import ShortcutSheet, balanced
from tests.ui.commands_for_tests import sample_commands


@pytest.mark.parametrize(
    ("lengths", "columns", "expected"),
    [
        ([5, 3, 4, 2], 1, [[0, 1, 2, 3]]),
        ([5, 3, 4, 2], 2, [[0, 1], [2, 3]]),
        ([9, 1, 1, 1], 3, [[0], [1, 2, 3]]),
        ([1, 1], 3, [[0], [1]]),
        ([], 2, [[]]),
    ],
)
def test_columns_are_of_about_one_length(lengths: list[int], columns: int, expected: list[list[int]]) -> None:
    """In order, and the longest as short as can be."""
    assert balanced(lengths, columns) == expected


def test_every_command_is_there_with_its_keys(qtbot: QtBot) -> None:
    """Groups, commands and keys, without the marks of menus; a command without a key too."""
    window = QMainWindow()
    qtbot.addWidget(window)
    sheet = ShortcutSheet(sample_commands(window, []), window)
    words = [label.text() for label in sheet.findChildren(QLabel)]
    for expected in ("File", "Open", "Ctrl+O", "Find & replace", "Ctrl++ or Ctrl+=", "Esc", "About", "Ctrl+K"):
        assert expected in words


def test_a_narrow_sheet_has_one_column(qtbot: QtBot) -> None:
    """Nothing is cut at the right: groups go below each other instead."""
    window = QMainWindow()
    qtbot.addWidget(window)
    sheet = ShortcutSheet(sample_commands(window, []), window)
    with qtbot.waitExposed(sheet):
        sheet.show()
    headings = [label for label in sheet.findChildren(QLabel) if label.property("role") == "heading"]

    def lefts() -> set[int]:
        return {heading.mapTo(sheet, heading.rect().topLeft()).x() for heading in headings}

    sheet.resize(780, 500)
    qtbot.waitUntil(lambda: len(lefts()) == 2)
    sheet.resize(300, 500)
    qtbot.waitUntil(lambda: len(lefts()) == 1)
    qtbot.keyClick(sheet, Qt.Key.Key_Escape)
    assert not sheet.isVisible()
