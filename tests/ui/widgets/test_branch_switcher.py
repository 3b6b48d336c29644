"""Tests of ‹ 2 of 3 ›."""

from __future__ import annotations

from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.ui.widgets.branch_switcher import BranchSwitcher


def test_steps_both_ways_and_stops_at_the_ends(qtbot: QtBot) -> None:
    """The arrows say -1 and 1; at an end there is none."""
    switcher = BranchSwitcher()
    qtbot.addWidget(switcher)
    steps: list[int] = []
    switcher.stepped.connect(steps.append)
    switcher.set_branch(2, 3)
    assert switcher.text() == "2 of 3" and switcher.accessibleName() == "Branch 2 of 3"
    qtbot.mouseClick(switcher.previous, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(switcher.next, Qt.MouseButton.LeftButton)
    assert steps == [-1, 1]
    switcher.set_branch(1, 3)
    assert not switcher.previous.isEnabled() and switcher.next.isEnabled()
    switcher.set_branch(3, 3)
    assert switcher.previous.isEnabled() and not switcher.next.isEnabled()


def test_one_branch_shows_nothing(qtbot: QtBot) -> None:
    """There is nothing to choose."""
    switcher = BranchSwitcher()
    qtbot.addWidget(switcher)
    switcher.set_branch(1, 1)
    assert switcher.isHidden()
