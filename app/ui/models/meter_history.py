"""The last ten minutes of the worker's meters, one value a second: what the plots show."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from enum import StrEnum

KEPT_SECONDS = 600
BRIDGED_SECONDS = 2
"""Beats come a little more than a second apart: so many missed seconds are filled in, more are a gap."""


class Meter(StrEnum):
    """What is measured each second."""

    READING = "reading"
    WRITING = "writing"
    RSS = "rss"
    GPU = "gpu"
    STATE = "state"


@dataclass(frozen=True, slots=True)
class Beat:
    """One second of a worker. at: seconds of a clock that only goes forward; rates in tokens per second."""

    at: float
    reading: float
    writing: float
    rss_bytes: int
    gpu_bytes: int
    state_bytes: int
    busy: bool


class MeterHistory:
    """Ring buffers, one for each meter; seconds without a worker are NaN.

    Plain arrays of doubles: they can be had before numpy is loaded, and numpy reads them without a copy.
    """

    def __init__(self, seconds: int = KEPT_SECONDS) -> None:
        self._seconds = seconds
        self._rings = {meter: array("d", [math.nan]) * seconds for meter in Meter}
        self._newest_second = 0
        self._filled = 0
        self._newest: Beat | None = None

    @property
    def newest(self) -> Beat | None:
        """The last beat, or None where there was none."""
        return self._newest

    @property
    def seconds(self) -> int:
        """From the first kept second to the newest, both counted."""
        return self._filled

    def add(self, beat: Beat) -> None:
        """Take in a beat; of two in one second the later one stands."""
        second = math.floor(beat.at)
        step = second - self._newest_second
        if self._newest is None or step >= self._seconds or step < -BRIDGED_SECONDS:
            self.clear()
            self._newest_second, step = second - 1, 1
        bridged = step - 1 <= BRIDGED_SECONDS
        for missed in range(self._newest_second + 1, second):
            self._write(missed, beat if bridged else None)
        self._newest_second = max(second, self._newest_second)
        self._write(self._newest_second, beat)
        self._filled = min(self._filled + max(step, 0), self._seconds)
        self._newest = beat

    def clear(self) -> None:
        """Forget everything."""
        self._filled = 0
        self._newest = None

    def series(self, meter: Meter) -> array[float]:
        """The values of the kept seconds, oldest first."""
        ring = self._rings[meter]
        end = (self._newest_second + 1) % self._seconds
        ordered = ring[end:] + ring[:end]
        return ordered[self._seconds - self._filled :]

    def latest(self) -> dict[Meter, float]:
        """The values of the newest beat, noughts where there is none."""
        return dict.fromkeys(Meter, 0.0) if self._newest is None else _values(self._newest)

    def largest(self, meter: Meter) -> float:
        """The largest kept value, 0 where there is none."""
        return max((value for value in self.series(meter) if not math.isnan(value)), default=0.0)

    def _write(self, second: int, beat: Beat | None) -> None:
        place = second % self._seconds
        values = _values(beat) if beat is not None else dict.fromkeys(Meter, math.nan)
        for meter, value in values.items():
            self._rings[meter][place] = value


def _values(beat: Beat) -> dict[Meter, float]:
    return {
        Meter.READING: beat.reading,
        Meter.WRITING: beat.writing,
        Meter.RSS: beat.rss_bytes,
        Meter.GPU: beat.gpu_bytes,
        Meter.STATE: beat.state_bytes,
    }
