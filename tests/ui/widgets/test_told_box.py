"""What came of something, in place."""

from __future__ import annotations

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.ui.models.model_row import Get, Told
from app.ui.widgets.told_box import ToldBox

PROBLEM = Told("The disk is full.", True, "Traceback", "Try again", Get("it"))


def buttons(box: ToldBox) -> dict[str, QPushButton]:
    return {button.text(): button for button in box.findChildren(QPushButton) if not button.isHidden()}


def test_the_next_step_and_the_details(qtbot: QtBot) -> None:
    """The step is on a button; details are copied with the sentence."""
    box = ToldBox()
    qtbot.addWidget(box)
    assert box.isHidden()
    box.show_told(PROBLEM)
    assert not box.isHidden() and box.told == PROBLEM
    with qtbot.waitSignal(box.step_wanted) as wanted:
        buttons(box)["Try again"].click()
    assert wanted.args == [Get("it")]
    buttons(box)["Copy details"].click()
    assert QGuiApplication.clipboard().text() == "The disk is full.\n\nTraceback"
    assert "Copied" in buttons(box)


def test_what_is_only_said(qtbot: QtBot) -> None:
    """It has no buttons, and goes when it is over."""
    box = ToldBox()
    qtbot.addWidget(box)
    box.show_told(PROBLEM)
    box.show_told(Told("It is here now."))
    assert buttons(box) == {}
    box.show_told(None)
    assert box.isHidden()
