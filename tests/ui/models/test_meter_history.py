"""The history keeps ten minutes, one value a second, with gaps where no worker was."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui.models.meter_history import Beat, Meter, MeterHistory


def beat(at: float, reading: float = 0.0) -> Beat:
    """A beat of which only the reading rate matters."""
    return Beat(at, reading, 2.0, 3, 4, 5, True)


def reading(history: MeterHistory) -> list[float | None]:
    """The reading rates, None in gaps."""
    return [None if math.isnan(value) else value for value in history.series(Meter.READING)]


def test_nothing_yet() -> None:
    """A fresh history is empty, and its figures are noughts."""
    history = MeterHistory()
    assert history.seconds == 0 and history.newest is None
    assert len(history.series(Meter.RSS)) == 0 and history.largest(Meter.RSS) == 0.0
    assert history.latest()[Meter.RSS] == 0.0


def test_every_meter_has_its_own_values() -> None:
    """A beat's five figures come back under their names."""
    history = MeterHistory()
    history.add(beat(7.5, reading=1.0))
    assert [list(history.series(meter)) for meter in Meter] == [[1.0], [2.0], [3.0], [4.0], [5.0]]
    assert list(history.latest().values()) == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_only_the_last_seconds_are_kept() -> None:
    """The oldest fall out, in order."""
    history = MeterHistory(seconds=3)
    for second in range(10):
        history.add(beat(second, reading=second))
    assert reading(history) == [7, 8, 9]
    assert history.largest(Meter.READING) == 9


def test_a_beat_that_comes_late_leaves_no_gap() -> None:
    """Beats 1.01 s apart skip a second now and then: it is filled in."""
    history = MeterHistory()
    for second, rate in ((0.99, 1.0), (2.0, 2.0), (3.01, 3.0)):
        history.add(beat(second, rate))
    assert reading(history) == [1.0, 2.0, 2.0, 3.0]


def test_seconds_without_a_worker_are_a_gap() -> None:
    """More than two missed seconds stay empty."""
    history = MeterHistory()
    history.add(beat(0, 1.0))
    history.add(beat(4, 2.0))
    assert reading(history) == [1.0, None, None, None, 2.0]
    assert history.largest(Meter.READING) == 2.0


def test_two_beats_in_a_second() -> None:
    """The later one stands."""
    history = MeterHistory()
    history.add(beat(5.1, 1.0))
    history.add(beat(5.9, 2.0))
    assert reading(history) == [2.0]


@pytest.mark.parametrize("at", [1e6, 0.0])
def test_a_jump_of_the_clock_starts_anew(at: float) -> None:
    """After a long sleep, or with another clock, nothing old is shown beside the new."""
    history = MeterHistory(seconds=600)
    for second in range(1000, 1010):
        history.add(beat(second, 1.0))
    history.add(beat(at, 2.0))
    assert reading(history) == [2.0]


def test_numpy_reads_a_series_without_a_copy() -> None:
    """A series is a buffer of doubles."""
    history = MeterHistory()
    history.add(beat(0, 1.5))
    assert np.frombuffer(history.series(Meter.READING)).tolist() == [1.5]


@given(st.lists(st.integers(min_value=1, max_value=5), min_size=1, max_size=60))
def test_a_series_is_what_a_list_would_hold(steps: list[int]) -> None:
    """Against the plain way: a dictionary of seconds."""
    history, expected, second = MeterHistory(seconds=20), {}, 0
    for count, step in enumerate(steps):
        if count and step - 1 <= 2:
            expected.update(dict.fromkeys(range(second + 1, second + step), float(count)))
        second += step
        expected[second] = float(count)
        history.add(beat(second, float(count)))
    first = max(min(expected), second - 19)
    assert reading(history) == [expected.get(one) for one in range(first, second + 1)]
