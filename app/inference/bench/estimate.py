"""How long a prompt would take that was too long to read: an estimate from the rates measured at several lengths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from app.inference.bench.report import Point


def first_token_seconds(points: Sequence[Point]) -> float:
    """Seconds to read the prompt of the last point, a random state, from nothing.

    points: in order of length, each with a prefill rate or passed over. The longest prompt that was really read counts
    as measured. From there on a token takes 1 / rate seconds, the rate going linearly (in seconds per token) from one
    length to the next. Where no prompt was read, the first rate holds from the first token on.
    """
    known = [point for point in points if point.prefill is not None]
    read = [point for point in known if not point.random_state]
    tail = [point for point in known if point.random_state]
    if read:
        tail.insert(0, read[-1])
    seconds = tail[0].length * _seconds_per_token(tail[0])
    for before, after in pairwise(tail):
        mean = (_seconds_per_token(before) + _seconds_per_token(after)) / 2
        seconds += (after.length - before.length) * mean
    return seconds


def _seconds_per_token(point: Point) -> float:
    assert point.prefill is not None
    return 1.0 / point.prefill.tokens_per_second
