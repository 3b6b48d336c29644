from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QProgressBar
from pytestqt.qtbot import QtBot

from app.ui.widgets import progress_line
from app.ui.widgets.progress_line import ProgressLine, ReadingShown

READING = ReadingShown(312, 2415, 418_210, 1_280_000, 610.2, 1380, 41, 198)


@pytest.fixture(autouse=True)
def english() -> None:
    """Numbers as the expected texts have them."""
    QLocale.setDefault(QLocale("en_US"))


def test_all_figures(qtbot: QtBot) -> None:
    """Pages, tokens, rate, time, sections; the bar at the share of the tokens."""
    line = ProgressLine()
    qtbot.addWidget(line)
    line.set_reading(READING)
    assert line.text == (
        "page 312 of 2,415 · 418,210 of 1,280,000 tokens · 610 tokens/s · 23 min left · 41 of 198 sections written"
    )
    assert line.findChild(QProgressBar).value() == 327
    assert not line.isHidden()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "5 s left"),
        (23.0, "25 s left"),
        (54.9, "55 s left"),
        (55.0, "1 min left"),
        (3569.0, "59 min left"),
        (3599.0, "1 h 00 min left"),
        (7500.0, "2 h 05 min left"),
    ],
)
def test_time_left(qtbot: QtBot, seconds: float, text: str) -> None:
    """As coarse as it is uncertain."""
    line = ProgressLine()
    qtbot.addWidget(line)
    line.set_reading(replace(READING, seconds_left=seconds))
    assert f" · {text} · " in line.text


def test_unknown_figures_are_left_out(qtbot: QtBot) -> None:
    """At the beginning there is neither rate nor time nor number of sections."""
    line = ProgressLine()
    qtbot.addWidget(line)
    line.set_reading(ReadingShown(1, 3, 0, 0, 0.0, None, 0, 0))
    assert line.text == "page 1 of 3 · 0 of 0 tokens"
    line.set_reading(None)
    assert line.isHidden()


def test_newest_figures_are_shown_in_the_end(qtbot: QtBot) -> None:
    """Of many in a row the first is shown at once and the last a moment later."""
    line = ProgressLine()
    qtbot.addWidget(line)
    for page in range(1, 50):
        line.set_reading(replace(READING, page=page))
    assert line.text.startswith("page 1 of")
    qtbot.waitUntil(lambda: line.text.startswith("page 49 of"))


def test_screen_reader_hears_it_seldom(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one may be listening, changes are seconds apart."""
    monkeypatch.setattr(QAccessible, "isActive", staticmethod(lambda: True))
    monkeypatch.setattr(progress_line, "UPDATE_MS", 0)
    line = ProgressLine()
    qtbot.addWidget(line)
    line.set_reading(READING)
    assert line._pause.interval() == progress_line.ANNOUNCE_MS
    line.set_reading(replace(READING, page=313))
    qtbot.wait(20)
    assert line.text.startswith("page 312 of")
