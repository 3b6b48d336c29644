from __future__ import annotations

from app.services.model_progress import WINDOW_S, ModelProgress, Pace, Stage
from tests.clocks import FakeClock


def test_rate_and_time_left() -> None:
    """Known from the second call of a stage on; what was there before does not count as fast."""
    clock = FakeClock()
    pace = Pace(monotonic=clock)
    first = pace.at(Stage.DOWNLOADING, 500, 1000, "a")
    assert first == ModelProgress(Stage.DOWNLOADING, 500, 1000, "a")
    clock.now += 2.0
    assert pace.at(Stage.DOWNLOADING, 600, 1000) == ModelProgress(Stage.DOWNLOADING, 600, 1000, "", 50.0, 8.0)


def test_rate_follows_a_network_that_slows_down() -> None:
    """Only the last seconds count."""
    clock = FakeClock()
    pace = Pace(monotonic=clock)
    done = 0
    for rate, seconds in ((1000, 20), (10, 40)):
        for _ in range(seconds):
            pace.at(Stage.COPYING, done, 10**6)
            clock.now += 1.0
            done += rate
    assert pace.at(Stage.COPYING, done, 10**6).bytes_per_second == 10.0
    assert WINDOW_S < 40


def test_a_new_stage_begins_anew() -> None:
    """Checking is not as fast as downloading was; more than all is nothing left."""
    clock = FakeClock()
    pace = Pace(monotonic=clock)
    pace.at(Stage.DOWNLOADING, 0, 100)
    clock.now += 1.0
    pace.at(Stage.DOWNLOADING, 100, 100)
    assert pace.at(Stage.CHECKING, 0, 100).bytes_per_second is None
    clock.now += 1.0
    assert pace.at(Stage.CHECKING, 120, 100) == ModelProgress(Stage.CHECKING, 120, 100, "", 120.0, 0.0)
