"""The plots draw what the history holds."""

from __future__ import annotations

import math
from array import array

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.ui import theme
from app.ui.theme import DARK, LIGHT, colours
from app.ui.widgets.plots import TimePlot, round_top


@pytest.mark.parametrize(
    ("value", "expected"), [(0, 10), (10, 10), (10.1, 20), (61, 80), (612, 800), (801, 1000), (3999, 4000)]
)
def test_the_scale_ends_at_a_round_number(value: float, expected: float) -> None:
    """At the next of 1, 2, 3, 4, 5, 6, 8 times a power of ten, at the least where there is nothing."""
    assert round_top(value, least=10.0) == expected


def test_sizes_end_at_round_numbers_of_their_unit() -> None:
    """2.7 GiB end at 3 GiB, not at a round number of bytes."""
    assert round_top(2.7 * 2**30, least=1.0, unit=2**30) == 3 * 2**30


@pytest.fixture
def plot(qtbot: QtBot) -> TimePlot:
    """One line, on the screen."""
    made = TimePlot([lambda: colours().reading], lambda value: f"{value:.0f}", "888 MiB")
    qtbot.addWidget(made)
    made.resize(240, made.height())
    made.show()
    return made


def columns_with(plot: TimePlot, ink: str) -> list[int]:
    """The columns right of the axis in which a pixel has exactly this ink."""
    image = plot.grab().toImage()
    found = range(plot.axis_width + 2, image.width())
    return [x for x in found if any(image.pixelColor(x, y).name() == ink for y in range(image.height()))]


def test_a_line_reaches_from_its_first_second_to_now(plot: TimePlot) -> None:
    """Half of the span is known: the right half of the picture has a line."""
    plot.show_series([array("d", [600.0] * 61)], top=800, span_s=120)
    inked = columns_with(plot, LIGHT.reading.name())
    middle = (plot.axis_width + plot.width()) // 2
    assert inked[0] == pytest.approx(middle, abs=4)
    assert inked[-1] >= plot.width() - 4
    assert len(inked) >= 0.95 * (inked[-1] - inked[0])


def test_a_gap_stays_empty(plot: TimePlot) -> None:
    """Where no worker was there is no line."""
    known, gap = [600.0] * 40, [math.nan] * 41
    plot.show_series([array("d", [*known, *gap, *known])], top=800, span_s=120)
    inked = columns_with(plot, LIGHT.reading.name())
    middle = (plot.axis_width + plot.width()) // 2
    third = (plot.width() - plot.axis_width) // 3
    assert [x for x in inked if abs(x - middle) < third // 2 - 4] == []
    assert len(inked) == pytest.approx(2 * third, abs=12)


def test_nothing_yet(plot: TimePlot) -> None:
    """An empty history draws no line and no error."""
    plot.show_series([array("d")], top=10, span_s=120)
    assert columns_with(plot, LIGHT.reading.name()) == []


def test_a_plot_follows_the_theme(qapp: QApplication, plot: TimePlot) -> None:
    """After `restyle` ground and line have the new colours."""
    plot.show_series([array("d", [600.0] * 121)], top=800, span_s=120)
    theme.apply(qapp, theme.Scheme.DARK)
    plot.restyle()
    assert plot.grab().toImage().pixelColor(1, 1) == DARK.window
    assert columns_with(plot, DARK.reading.name())
    assert not columns_with(plot, LIGHT.reading.name())


def test_a_plot_grows_with_the_text(qapp: QApplication, plot: TimePlot) -> None:
    """At twice the text size it is about twice as high, and leaves the labels more room."""
    height, axis = plot.height(), plot.axis_width
    theme.apply(qapp, theme.Scheme.LIGHT, 2.0)
    plot.restyle()
    assert plot.height() > 1.7 * height and plot.axis_width > 1.6 * axis


def test_a_plot_is_a_picture(plot: TimePlot) -> None:
    """Neither it nor anything in it takes the focus or the wheel."""
    assert plot.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    assert plot.focusPolicy() == Qt.FocusPolicy.NoFocus
    assert [child for child in plot.findChildren(QWidget) if child.focusPolicy() & Qt.FocusPolicy.TabFocus] == []
