"""The bottom line says what is running and on what, and passes on what the user wants."""

from __future__ import annotations

from itertools import pairwise

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.widgets.elided import ElidedButton, ElidedLabel
from app.ui.widgets.status_line import Running, StatusLine

READING = Running("Reading Forests and Waters, page 12 of 34", 0.35, 31.0, can_pause=True, paused=False)
PAUSED = Running("Reading Forests and Waters, page 12 of 34", 0.35, 31.0, can_pause=True, paused=True)


@pytest.fixture
def line(qtbot: QtBot) -> StatusLine:
    """On the screen, with a model."""
    made = StatusLine()
    qtbot.addWidget(made)
    made.set_model("Griffin starter · CPU · fp32", "2 threads")
    made.set_memory("2.72 GiB")
    made.resize(1100, 40)
    made.show()
    return made


def text(line: StatusLine) -> ElidedLabel:
    """What is running."""
    return line.findChildren(ElidedLabel)[0]


def button(line: StatusLine, name: str) -> QToolButton:
    """A small button by its accessible name."""
    return next(found for found in line.findChildren(QToolButton) if found.accessibleName() == name)


def labels(line: StatusLine) -> list[str]:
    """The other texts that can be seen."""
    return [label.text() for label in line.findChildren(QLabel) if label.isVisible() and label.text()]


def test_nothing_runs(line: StatusLine) -> None:
    """At rest the line says so, and there is nothing to pause or stop."""
    assert text(line).text == "Ready"
    assert [found for found in line.findChildren(QToolButton) if found.isVisible()] == []
    assert labels(line) == ["2.72 GiB", "Offline"]


def test_a_job_can_be_paused_and_stopped(line: StatusLine, qtbot: QtBot) -> None:
    """Text, time left and both buttons are there; each click is one signal."""
    line.set_running(READING)
    assert text(line).text == READING.text
    assert "· 0:31 left" in labels(line)
    with qtbot.waitSignal(line.paused):
        qtbot.mouseClick(button(line, "Pause"), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(line.stopped):
        qtbot.mouseClick(button(line, "Stop"), Qt.MouseButton.LeftButton)


def test_a_paused_job_can_be_resumed_by_keyboard(line: StatusLine, qtbot: QtBot) -> None:
    """The button changes its name and its signal; no time is promised."""
    line.set_running(READING)
    line.set_running(PAUSED)
    assert "· Paused" in labels(line) and not [shown for shown in labels(line) if "left" in shown]
    with qtbot.waitSignal(line.resumed), qtbot.assertNotEmitted(line.paused):
        qtbot.keyClick(button(line, "Resume"), Qt.Key.Key_Space)


def test_a_job_of_unknown_length(line: StatusLine) -> None:
    """Without progress there is no bar, without a pause no button for it."""
    line.set_running(Running("Writing an answer", None, None, can_pause=False, paused=False))
    assert not button(line, "Pause").isVisible() and button(line, "Stop").isVisible()
    assert labels(line) == ["2.72 GiB", "Offline"]
    line.set_running(None)
    assert not button(line, "Stop").isVisible()


def test_a_passing_message_goes(line: StatusLine, qtbot: QtBot) -> None:
    """It stands in place of what is running, which comes back after it."""
    line.set_running(READING)
    line._said.setInterval(1)
    line.say("The summary was copied.")
    assert text(line).text == "The summary was copied."
    line.set_running(READING)
    assert text(line).text == "The summary was copied."
    qtbot.waitUntil(lambda: text(line).text == READING.text)
    assert "· 0:31 left" in labels(line)


def test_the_model_is_a_button(line: StatusLine, qtbot: QtBot) -> None:
    """It says what is loaded and asks for the choice of models."""
    found = line.findChildren(ElidedButton)[0]
    assert found.text() == "Griffin starter · CPU · fp32" and found.toolTip() == "<qt>2 threads</qt>"
    with qtbot.waitSignal(line.model_wanted):
        qtbot.keyClick(found, Qt.Key.Key_Space)


def test_the_offline_mark_tells_what_it_means(line: StatusLine) -> None:
    """A lock with an explanation, gone when the switch is off."""
    mark = next(found for found in line.findChildren(QWidget) if found.accessibleName() == "Offline")
    assert mark.isVisible() and "Nothing leaves this machine" in mark.toolTip()
    line.set_offline(False)
    assert not mark.isVisible()


def test_a_screen_reader_is_not_told_of_every_step(line: StatusLine) -> None:
    """Text changes at once, its accessible name after some seconds or when something else happens."""
    line.set_running(READING)
    told = text(line).accessibleName()
    assert told == "Reading Forests and Waters, page 12 of 34, 35 %, 0:31 left"
    line.set_running(Running("Reading Forests and Waters, page 13 of 34", 0.38, 30.0, can_pause=True, paused=False))
    assert text(line).text.endswith("page 13 of 34")
    assert text(line).accessibleName() == told
    line.set_running(PAUSED)
    assert text(line).accessibleName() == "Reading Forests and Waters, page 12 of 34, 35 %, Paused"


@pytest.mark.parametrize("scale", [1.0, 1.5, 2.0])
def test_nothing_is_pushed_out_at_900_pixels(qapp: QApplication, line: StatusLine, scale: float) -> None:
    """Long names are cut, then the word and the memory go; buttons and the lock stay, and nothing overlaps."""
    theme.apply(qapp, theme.Scheme.LIGHT, scale)
    title = "The collected reports of the commission on forests, waters and the uses of land"
    line.set_model("google/recurrentgemma-9b-it · NVIDIA GeForce RTX 4090 · bf16", "")
    line.set_running(Running(f"Reading {title}, page 1,012 of 2,415", 0.4, 4000.0, can_pause=True, paused=False))
    line.resize(900, line.sizeHint().height())
    assert line.minimumSizeHint().width() <= 900
    assert text(line).shown_text.endswith("2,415")
    children = [child for child in line.findChildren(QWidget) if child.parent() is line and child.isVisible()]
    ordered = sorted(children, key=lambda child: child.x())
    for before, after in pairwise(ordered):
        assert before.geometry().right() < after.geometry().left()
    assert ordered[-1].geometry().right() <= 900
    assert {"Pause", "Stop", "Offline"} <= {child.accessibleName() for child in ordered}
