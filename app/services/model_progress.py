"""How far something that takes its time with a model's files has come."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

WINDOW_S = 15.0
"""The rate is that of the last seconds: a network slows down and recovers, and the time left should follow."""


class Stage(StrEnum):
    """What is being done."""

    DOWNLOADING = "downloading"
    CHECKING = "checking"
    COPYING = "copying"
    CONVERTING = "converting"
    MEASURING = "measuring"


@dataclass(frozen=True, slots=True)
class ModelProgress:
    """How far it has come. bytes_per_second and seconds_left are None until they can be told.

    While measuring, weight formats are counted in the place of bytes.
    """

    stage: Stage
    done_bytes: int
    total_bytes: int
    file: str = ""
    """The file that is at hand, where it is told."""
    bytes_per_second: float | None = None
    seconds_left: float | None = None


OnProgress = Callable[[ModelProgress], None]


class Pace:
    """Turns counts of bytes into progress with a rate, that of the last WINDOW_S seconds of the stage at hand.

    Bytes that were there before the first call of a stage count as done, and not for the rate.
    """

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._stage: Stage | None = None
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, stage: Stage, done_bytes: int, total_bytes: int, file: str = "") -> ModelProgress:
        """Progress now."""
        now = self._monotonic()
        if stage is not self._stage:
            self._stage = stage
            self._seen.clear()
        self._seen.append((now, done_bytes))
        while len(self._seen) > 2 and now - self._seen[1][0] >= WINDOW_S:
            self._seen.popleft()
        began, before = self._seen[0]
        if now <= began or done_bytes <= before:
            return ModelProgress(stage, done_bytes, total_bytes, file)
        rate = (done_bytes - before) / (now - began)
        return ModelProgress(stage, done_bytes, total_bytes, file, rate, max(0, total_bytes - done_bytes) / rate)
