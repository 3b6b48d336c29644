"""Doing something often, but not more often than anyone can follow."""

from __future__ import annotations

import time
from collections.abc import Callable


class Throttle:
    """Says yes at most once in `interval_s` seconds, and the first time."""

    def __init__(self, interval_s: float, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._interval_s = interval_s
        self._monotonic = monotonic
        self._next = float("-inf")

    def is_due(self, *, always: bool = False) -> bool:
        """Whether it is time; then the interval begins anew. always: it is, as for a beginning or an end."""
        now = self._monotonic()
        if now < self._next and not always:
            return False
        self._next = now + self._interval_s
        return True
