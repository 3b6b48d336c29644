from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QComboBox, QLabel, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from app.tasks.model import Style
from app.ui.widgets.summary_bar import SummaryBar, SummaryState, SummaryWish

ALL = (Style.BRIEF, Style.DETAILED, Style.KEY_PASSAGES)


def opened(qtbot: QtBot, width: int = 900) -> SummaryBar:
    """The bar for a document, on the screen."""
    bar = SummaryBar()
    qtbot.addWidget(bar)
    bar.resize(width, 100)
    bar.open(ALL, Style.DETAILED, "Griffin starter 150M")
    bar.show()
    return bar


def button(bar: SummaryBar, text: str) -> QAbstractButton:
    """The visible button of this text."""
    (found,) = (
        item
        for item in [*bar.findChildren(QPushButton), *bar.findChildren(QToolButton)]
        if item.text() == text and item.isVisible()
    )
    return found


def choose(bar: SummaryBar, style: Style) -> None:
    """Choose a style."""
    box = bar.findChild(QComboBox)
    box.setCurrentIndex(box.findData(style.value))


@pytest.mark.parametrize(
    ("state", "text", "signal"),
    [(SummaryState.RUNNING, "Pause", "paused"), (SummaryState.PAUSED, "Resume", "resumed")],
)
def test_main_button_of_a_run(qtbot: QtBot, state: SummaryState, text: str, signal: str) -> None:
    """It pauses and resumes; the style is fixed; Stop is there, what needs a summary is not."""
    bar = opened(qtbot)
    bar.set_state(state, begun_before=False)
    with qtbot.waitSignal(getattr(bar, signal)):
        qtbot.mouseClick(button(bar, text), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bar.stopped):
        qtbot.mouseClick(button(bar, "Stop"), Qt.MouseButton.LeftButton)
    assert not bar.findChild(QComboBox).isEnabled()
    assert [item.text() for item in bar.findChildren(QToolButton) if item.isVisible()] == ["Stop"]


def test_finished_summary_can_be_made_anew_exported_and_copied(qtbot: QtBot) -> None:
    """Anew in its style; in another one that is not chosen to be made anew."""
    bar = opened(qtbot)
    bar.set_state(SummaryState.DONE, begun_before=False)
    for text, signal in (("Export…", bar.exported), ("Copy", bar.copied)):
        with qtbot.waitSignal(signal):
            qtbot.mouseClick(button(bar, text), Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(bar.begun) as made:
        qtbot.mouseClick(button(bar, "Make anew"), Qt.MouseButton.LeftButton)
    assert made.args == [SummaryWish(Style.DETAILED, fresh=True)]
    choose(bar, Style.BRIEF)
    with qtbot.waitSignal(bar.begun) as made:
        qtbot.mouseClick(button(bar, "Summarise"), Qt.MouseButton.LeftButton)
    assert made.args == [SummaryWish(Style.BRIEF, fresh=False)]


def test_interrupted_summary_is_gone_on_with_in_its_style(qtbot: QtBot) -> None:
    """Another style begins from the start."""
    bar = opened(qtbot)
    bar.set_state(SummaryState.NONE, begun_before=True)
    assert button(bar, "Resume").isVisible()
    choose(bar, Style.KEY_PASSAGES)
    assert button(bar, "Summarise").isVisible()
    choose(bar, Style.DETAILED)
    with qtbot.waitSignal(bar.begun) as made:
        qtbot.mouseClick(button(bar, "Resume"), Qt.MouseButton.LeftButton)
    assert made.args == [SummaryWish(Style.DETAILED, fresh=False)]


def test_each_style_is_explained(qtbot: QtBot) -> None:
    """Who writes, and what."""
    bar = opened(qtbot)
    texts = []
    for style in ALL:
        choose(bar, style)
        texts.append(next(item.text() for item in bar.findChildren(QLabel)))
    assert ["model" in text for text in texts] == [True, True, False]
    assert "own sentences" in texts[2] and len(set(texts)) == 3


def test_model_button_shows_the_name(qtbot: QtBot) -> None:
    """And asks for another; without a model it says what it is for."""
    bar = opened(qtbot)
    with qtbot.waitSignal(bar.model_wanted):
        qtbot.mouseClick(button(bar, "Griffin starter 150M"), Qt.MouseButton.LeftButton)
    bar.open((), Style.BRIEF, "")
    assert button(bar, "Choose a model").isVisible() and bar.style_wanted is None


def test_narrow_bar_cuts_nothing_that_is_needed(qtbot: QtBot) -> None:
    """Two rows, icons in place of words where even those are too long; every button keeps its name and its place."""
    bar = opened(qtbot, 300)
    bar.open(ALL, Style.DETAILED, "A model with quite a long name of its own")
    bar.set_state(SummaryState.DONE, begun_before=False)
    shown = [item for item in [*bar.findChildren(QToolButton), *bar.findChildren(QPushButton)] if item.isVisible()]
    for item in shown:
        assert bar.rect().contains(item.geometry()), item.text()
        assert item.accessibleName() or item.text()
    assert "…" in next(item.text() for item in shown if item.text().startswith("A"))
