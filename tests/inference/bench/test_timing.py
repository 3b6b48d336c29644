from __future__ import annotations

import pytest
import torch

from app.inference.bench import timing
from app.inference.bench.timing import Budget, median_seconds, repeat, seconds_of


class Clock:
    """A clock that a job moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        monkeypatch.setattr(timing.time, "perf_counter", lambda: self.now)

    def job(self, *seconds: float):
        durations = iter(seconds)

        def run() -> float:
            took = next(durations)
            self.now += took
            return took

        return run


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_seconds_of(clock: Clock) -> None:
    """The time that passes while the job runs."""
    assert seconds_of(clock.job(2.5), torch.device("cpu")) == 2.5


def test_median_leaves_the_first_run_out(clock: Clock) -> None:
    """The run that warms up is not counted, and one slow run decides nothing."""
    assert median_seconds(clock.job(50.0, 1.0, 2.0, 90.0), torch.device("cpu"), rounds=3) == 2.0


def test_rounds_stop_before_the_budget_is_overrun(clock: Clock) -> None:
    """A round that would end after the budget is not begun."""
    assert repeat(clock.job(4.0, 4.0, 4.0), Budget(10.0)) == [4.0, 4.0]


def test_at_least_and_at_most(clock: Clock) -> None:
    """The least number of rounds is made whatever it costs, the most is never passed."""
    assert repeat(clock.job(40.0, 40.0, 40.0), Budget(1.0, least=2)) == [40.0, 40.0]
    assert len(repeat(clock.job(*[0.01] * 9), Budget(10.0, most=5))) == 5
