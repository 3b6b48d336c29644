"""The meters pane takes in every beat and works only while it is seen."""

from __future__ import annotations

import subprocess
import sys

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication, QLabel, QScrollArea
from pytestqt.qtbot import QtBot

from app.inference.generator import ModelInfo
from app.ui import theme
from app.ui.models.meter_history import Meter
from app.ui.views.meters import Beat, MetersView, WindowGauge
from app.ui.widgets.plots import TimePlot

INFO = ModelInfo("starter", "/models/starter", "f", "t", "cpu", "fp32", 150_000_000, 1000, 2048, 30 * 2**20, False)


def beat(at: float, reading: float = 600.0, busy: bool = True) -> Beat:
    """A second of reading."""
    return Beat(at, reading, 0.0, 2**30, 0, 30 * 2**20, busy)


@pytest.fixture
def view(qtbot: QtBot) -> MetersView:
    """Not yet on the screen."""
    made = MetersView()
    qtbot.addWidget(made)
    made.resize(260, 700)
    return made


def texts(view: MetersView) -> list[str]:
    """All that can be read in the pane."""
    return [label.text() for label in view.findChildren(QLabel) if label.isVisible() and label.text()]


def reading(view: MetersView) -> str:
    """The large figure."""
    return view._plots.figure(Meter.READING).text


def test_without_a_model_the_pane_teaches(view: MetersView) -> None:
    """One sentence, nothing to measure, and no plot is made."""
    view.show()
    view.add(beat(1.0))
    assert texts(view) == ["Meters", "Meters start when a model is loaded."]
    assert not view._plots.has_plots


def test_beats_before_the_pane_is_shown_are_kept(view: MetersView, qtbot: QtBot) -> None:
    """Hidden it draws nothing; shown it has all that came before."""
    view.set_model(INFO)
    for second in range(10):
        view.add(beat(float(second)))
    assert reading(view) == ""
    view.show()
    assert reading(view) == "600 tokens/s"
    qtbot.waitUntil(lambda: view._plots.has_plots)
    described = view.findChildren(TimePlot)[0].accessibleDescription()
    assert described == "Reading: 600 tokens/s; the scale ends at 600"


def test_it_draws_once_a_second_at_most(view: MetersView, qtbot: QtBot) -> None:
    """A second beat within a second waits; the newest is shown when the second is over."""
    view._pause.setInterval(50)
    view.set_model(INFO)
    view.show()
    qtbot.waitUntil(lambda: view._plots.has_plots and not view._pause.isActive())
    view.add(beat(1.0, 100.0))
    view.add(beat(1.5, 200.0))
    view.add(beat(1.9, 300.0))
    assert reading(view) == "100 tokens/s"
    qtbot.waitUntil(lambda: reading(view) == "300 tokens/s")


def test_hidden_again_it_stops_drawing(view: MetersView, qtbot: QtBot) -> None:
    """What is shown stays as it was, and is right when the pane comes back."""
    view._pause.setInterval(0)
    view.set_model(INFO)
    view.add(beat(1.0, 100.0))
    view.show()
    assert reading(view) == "100 tokens/s"
    view.hide()
    qtbot.waitUntil(lambda: not view._pause.isActive())
    view.add(beat(2.0, 200.0))
    assert reading(view) == "100 tokens/s"
    view.show()
    assert reading(view) == "200 tokens/s"


def test_the_texts_of_turn_window_and_run(view: MetersView) -> None:
    """Each call shows in words."""
    view.set_model(INFO)
    view.set_window(WindowGauge(312, 2048))
    view.set_turn(0.418, 128, 61.2)
    view.set_totals(418, 32)
    view.show()
    shown = texts(view)
    assert "All 312 tokens exactly" in shown
    assert "Time to first token 0.42 s · 61 tokens/s" in shown
    assert shown[-4:] == ["Tokens written: 128", "This run", "Tokens read: 418", "Tokens written: 32"]
    view.set_turn(None, 0, 0.0)
    assert "No answer written yet" in texts(view)


def test_busy_and_idle_are_told(view: MetersView, qtbot: QtBot) -> None:
    """The newest beat decides."""
    view._pause.setInterval(0)
    view.set_model(INFO)
    view.add(beat(1.0))
    view.show()
    assert "working" in texts(view)
    qtbot.waitUntil(lambda: not view._pause.isActive())
    view.add(beat(2.0, 0.0, busy=False))
    assert "idle" in texts(view)


def test_the_wheel_over_a_plot_is_left_to_the_pane(view: MetersView, qtbot: QtBot) -> None:
    """Plots are pictures: what lies under the pointer there is the pane itself, and it does not keep the wheel."""
    view.set_model(INFO)
    view.show()
    qtbot.waitUntil(lambda: view._plots.has_plots)
    for plot in view.findChildren(TimePlot):
        place = plot.mapTo(view, plot.rect().center())
        target = view.childAt(place)
        assert target is not None and target is not plot and not plot.isAncestorOf(target)
        event = QWheelEvent(
            QPointF(target.mapFrom(view, place)), QPointF(view.mapToGlobal(place)), QPoint(), QPoint(0, -120),
            Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(target, event)
        assert not event.isAccepted()


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_nothing_is_wider_than_the_pane(qapp: QApplication, view: MetersView, qtbot: QtBot, scale: float) -> None:
    """At the width it asks for nothing is cut off at the right."""
    theme.apply(qapp, theme.Scheme.DARK, scale)
    view.set_model(INFO)
    view.set_window(WindowGauge(98262, 2048))
    view.set_turn(12.5, 128, 61.2)
    view.add(beat(1.0, 12345.0))
    view.resize(view.sizeHint().width(), 900)
    view.show()
    qtbot.waitUntil(lambda: view._plots.has_plots)
    scroll = view.findChildren(QScrollArea)[0]
    assert scroll.widget().minimumSizeHint().width() <= scroll.viewport().width()


def test_the_plotting_library_is_not_loaded_at_the_start() -> None:
    """Neither importing nor building the hidden pane loads pyqtgraph or numpy: the window comes up without them."""
    code = (
        "import os, sys; os.environ['QT_QPA_PLATFORM'] = 'offscreen'\n"
        "from PySide6.QtWidgets import QApplication\n"
        "from app.ui.views.meters import MetersView\n"
        "application = QApplication([]); view = MetersView(); view.show(); application.processEvents()\n"
        "print([name for name in ('pyqtgraph', 'numpy', 'torch') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
