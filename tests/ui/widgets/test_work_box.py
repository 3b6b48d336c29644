"""Work on a model's files, with its bar and its button."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QProgressBar, QPushButton
from pytestqt.qtbot import QtBot

from app.services.model_progress import ModelProgress, Stage
from app.ui.models.model_row import WorkKind
from app.ui.widgets import work_box
from app.ui.widgets.work_box import WorkBox
from tests.ui.model_rows import GB, work


@pytest.fixture
def box(qtbot: QtBot) -> WorkBox:
    """Empty."""
    made = WorkBox()
    qtbot.addWidget(made)
    assert made.isHidden()
    return made


def test_figures_and_the_button(box: WorkBox, qtbot: QtBot) -> None:
    """A download is paused, all else is stopped; both only once."""
    box.show_work(work())
    bar, button = box.findChildren(QProgressBar)[0], box.findChildren(QPushButton)[0]
    assert box.text == "Downloading · 1.86 GiB of 4.66 GiB · 11.4 MiB a second · 4:10 left"
    assert (bar.value(), bar.maximum(), button.text()) == (400, 1000, "Pause")
    with qtbot.waitSignal(box.stop_wanted) as stopped:
        button.click()
    assert stopped.args == ["recurrentgemma-2b-it"]
    box.show_work(work(stopping=True))
    assert box.text == "Stopping" and not button.isEnabled()
    box.show_work(work(kind=WorkKind.COPY))
    assert button.text() == "Stop" and button.isEnabled()
    box.show_work(None)
    assert box.isHidden()


def test_without_an_end_in_sight(box: WorkBox) -> None:
    """What waits has an empty bar; what does not know its length has one that moves."""
    box.show_work(work(None))
    bar = box.findChildren(QProgressBar)[0]
    assert (bar.value(), bar.maximum(), box.text) == (0, 1000, "Waits for its turn")
    box.show_work(work(0, progress=ModelProgress(Stage.CHECKING, 0, 0)))
    assert bar.maximum() == 0


def test_the_newest_figures_are_shown_in_the_end(box: WorkBox, qtbot: QtBot) -> None:
    """Of many in a row the first is shown at once and the last a moment later."""
    for done in range(1, 50):
        box.show_work(work(done * GB // 10))
    assert box.text.startswith("Downloading · 95.4 MiB")
    qtbot.waitUntil(lambda: box.text.startswith("Downloading · 4.56 GiB"))


def test_a_screen_reader_hears_it_seldom(box: WorkBox, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one may be listening, figures are seconds apart; another stage is told at once."""
    monkeypatch.setattr(QAccessible, "isActive", staticmethod(lambda: True))
    monkeypatch.setattr(work_box, "UPDATE_MS", 0)
    box.show_work(work())
    box.show_work(work(3 * GB))
    qtbot.wait(20)
    assert "1.86 GiB of" in box.text
    box.show_work(work(progress=ModelProgress(Stage.CHECKING, GB, 5 * GB)))
    assert box.text.startswith("Checking")
