"""Tests of the few widgets that stand for many turns."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.ui.widgets.shown_turn import ShownTurn
from app.ui.widgets.turn_pool import TurnPool
from app.ui.widgets.turn_widget import TurnWidget


def turn(key: int, text: str = "words") -> ShownTurn:
    """The user's."""
    return ShownTurn(key, "user", text, 0.0)


def test_widgets_are_used_again(qtbot: QtBot) -> None:
    """What went out of view serves for what comes into it; one that comes back shows it still."""
    window = QWidget()
    qtbot.addWidget(window)
    made: list[TurnWidget] = []

    def make() -> TurnWidget:
        made.append(TurnWidget(window))
        return made[-1]

    pool = TurnPool(make, lambda: None)
    first = pool.show(turn(1))
    pool.show(turn(2))
    pool.keep([2])
    assert pool.show(turn(1)) is first and len(made) == 2
    pool.keep([])
    for key in range(3, 40):
        pool.show(turn(key))
        pool.keep([key])
    assert len(made) == 2 and pool.count() == 2 and list(pool.live()) == [39]


def test_heights_are_measured_once(qtbot: QtBot) -> None:
    """For each width, until the turn changes."""
    window = QWidget()
    qtbot.addWidget(window)
    pool = TurnPool(lambda: TurnWidget(window), lambda: None)
    pool.show(turn(1, "word " * 100))
    narrow, wide = pool.height(turn(1), 200), pool.height(turn(1), 600)
    assert narrow > wide and pool.known_height(1, 200) == narrow and pool.known_height(1, 300) is None
    pool.forget(1)
    assert pool.known_height(1, 200) is None and pool.known_height(1, 600) is None
