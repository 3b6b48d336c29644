"""Figures and plots of the history: what is shown, what is told."""

from __future__ import annotations

import math
from array import array

import pytest
from pytestqt.qtbot import QtBot

from app.ui.models.meter_history import Beat, Meter, MeterHistory
from app.ui.widgets.meter_plots import MeterPlots, one_state
from app.ui.widgets.plots import TimePlot

MIB, GIB = 2**20, 2**30
STATE = 30 * MIB


def history(*, gpu_bytes: int = 0, states: int = 1, seconds: int = 5) -> MeterHistory:
    """Some seconds of reading at 612 tokens/s."""
    made = MeterHistory()
    for second in range(seconds):
        made.add(Beat(second, 612.3, 0.0, int(2.5 * GIB), gpu_bytes, states * STATE, True))
    return made


@pytest.fixture
def plots(qtbot: QtBot) -> MeterPlots:
    """On the screen."""
    made = MeterPlots()
    qtbot.addWidget(made)
    made.show()
    return made


def test_figures_stand_as_text(plots: MeterPlots) -> None:
    """Values need no plot; there is no GPU where none was used."""
    plots.refresh(history(), STATE)
    texts = [plots.figure(meter).text for meter in (Meter.READING, Meter.WRITING, Meter.RSS, Meter.STATE)]
    assert texts == ["612 tokens/s", "0 tokens/s", "2.50 GiB", "30.0 MiB, always"]
    assert not plots.figure(Meter.GPU).isVisible()
    assert not plots.has_plots and plots.findChildren(TimePlot) == []


def test_the_gpu_comes_with_its_use(plots: MeterPlots) -> None:
    """Its figure shows once the worker takes GPU memory."""
    plots.refresh(history(gpu_bytes=6 * GIB), STATE)
    assert plots.figure(Meter.GPU).isVisible() and plots.figure(Meter.GPU).text == "6.00 GiB"


def test_plots_have_a_text_alternative(plots: MeterPlots) -> None:
    """Each plot says its values and its scale."""
    plots.make_plots()
    plots.refresh(history(gpu_bytes=6 * GIB), STATE)
    told = [plot.accessibleDescription() for plot in plots.findChildren(TimePlot)]
    assert told == [
        "Reading: 612 tokens/s; the scale ends at 800",
        "Writing: 0 tokens/s; the scale ends at 10",
        "Worker: 2.50 GiB, GPU: 6.00 GiB; the scale ends at 8.00 GiB",
        "State: 30.0 MiB, always; the scale ends at 40.0 MiB",
    ]
    assert all(plot.accessibleName() for plot in plots.findChildren(TimePlot))


def test_several_states_are_told_and_the_line_stays_flat(plots: MeterPlots) -> None:
    """The figure is one state's; how many are held stands below it."""
    plots.make_plots()
    plots.refresh(history(states=3), STATE)
    assert plots.figure(Meter.STATE).text == "30.0 MiB, always"
    assert plots._states.isVisible() and plots._states.text() == "3 states are held now: 90.0 MiB"


def test_one_state_of_several() -> None:
    """The size of each of those held; seconds without any are gaps."""
    held = array("d", [STATE, 3 * STATE, 0.0, math.nan])
    found = one_state(held, STATE)
    assert list(found[:2]) == [STATE, STATE] and math.isnan(found[2]) and math.isnan(found[3])


@pytest.mark.parametrize(("seconds", "minutes"), [(1, 2), (120, 2), (121, 5), (301, 10), (600, 10)])
def test_the_time_axis_grows_with_the_history(plots: MeterPlots, seconds: int, minutes: int) -> None:
    """Two minutes at first, ten at last, the same for all plots."""
    plots.make_plots()
    plots.refresh(history(seconds=seconds), STATE)
    assert [since.text() for since in plots._since] == [f"{minutes} min ago"] * 2
