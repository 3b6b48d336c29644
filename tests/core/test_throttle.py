"""When something that happens often is told."""

from app.core.throttle import Throttle


def test_once_in_an_interval() -> None:
    """The first time, and then not before the interval since the last yes is over; a no does not begin it anew."""
    times = iter((5.0, 6.9, 7.0, 8.0, 9.5))
    throttle = Throttle(2.0, monotonic=lambda: next(times))
    assert [throttle.is_due() for _ in range(5)] == [True, False, True, False, True]


def test_what_must_be_told_begins_the_interval_anew() -> None:
    """An end is told at once, and what comes just after it waits for a whole interval."""
    now = 0.0
    throttle = Throttle(2.0, monotonic=lambda: now)
    assert throttle.is_due()
    now = 1.0
    assert not throttle.is_due() and throttle.is_due(always=True)
    now = 2.5
    assert not throttle.is_due()
    now = 3.0
    assert throttle.is_due()
