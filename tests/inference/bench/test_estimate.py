from __future__ import annotations

import pytest

from app.inference.bench.estimate import first_token_seconds
from app.inference.bench.report import Point, Rate


def point(length: int, rate: float | None, *, random: bool = True) -> Point:
    prefill = None if rate is None else Rate(rate, (rate,), length)
    return Point(length, random, 0, 0, prefill=prefill)


def test_read_prompts_count_as_measured() -> None:
    """1,000 tokens read at 100 a second, then 1,000 more between 1/100 and 1/50 seconds each: 10 + 15 seconds."""
    points = [point(500, 10.0, random=False), point(1000, 100.0, random=False), point(2000, 50.0)]
    assert first_token_seconds(points) == pytest.approx(25.0)


def test_flat_rate_is_length_over_rate() -> None:
    """Where nothing was read, the first rate holds from the beginning."""
    assert first_token_seconds([point(1000, 100.0), point(4000, 100.0)]) == pytest.approx(40.0)


def test_points_without_a_rate_are_passed_over() -> None:
    """A length that did not fit leaves no hole in the sum."""
    points = [point(1000, 100.0, random=False), point(1500, None), point(2000, 50.0)]
    assert first_token_seconds(points) == pytest.approx(25.0)
