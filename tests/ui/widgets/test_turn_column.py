"""Tests of estimates of heights."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.tasks.model import Line
from app.ui.widgets.shown_turn import ShownTurn
from app.ui.widgets.turn_column import column_width, estimated_height
from app.ui.widgets.turn_widget import TurnWidget


@pytest.mark.parametrize("words", [1, 40, 400])
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_estimates_are_near_the_truth(qtbot: QtBot, words: int, role: str) -> None:
    """The scroll bar's length is about right before anything is measured."""
    widget = TurnWidget()
    qtbot.addWidget(widget)
    turn = ShownTurn(1, role, "reading " * words, 0.0)
    widget.set_turn(turn)
    assert estimated_height(turn, 500, widget.fontMetrics()) == pytest.approx(widget.heightForWidth(500), rel=0.35)


def test_lines_count_where_there_are_any(qtbot: QtBot) -> None:
    """Each begins anew; a huge text of the user's counts only as far as it is shown."""
    metrics = QWidget().fontMetrics()
    lines = tuple(Line("a", True) for _ in range(10))
    several = estimated_height(ShownTurn(1, "assistant", "", 0.0, lines=lines), 500, metrics)
    one = estimated_height(ShownTurn(1, "assistant", "", 0.0, lines=lines[:1]), 500, metrics)
    assert several - one == 9 * metrics.lineSpacing()
    huge = estimated_height(ShownTurn(1, "user", "word " * 200_000, 0.0), column_width(metrics), metrics)
    assert huge < 400 * metrics.lineSpacing()
