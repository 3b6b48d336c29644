"""Peak memory of the program: this process and its children together."""

from __future__ import annotations

import threading
from types import TracebackType

import psutil

SAMPLE_INTERVAL_S = 0.25
"""Looking for children walks all processes of the machine: often enough to catch a peak, not so often as to cost."""


class MemoryMeter:
    """Samples resident memory in a thread while the `with` block runs.

    Pages shared between processes count once per process, so the sum errs on the high side.
    """

    def __init__(self, interval_s: float = SAMPLE_INTERVAL_S) -> None:
        self._interval_s = interval_s
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-meter", daemon=True)

    @property
    def peak_bytes(self) -> int:
        """Largest sum seen so far, the present one included."""
        self._sample()
        return self._peak

    def __enter__(self) -> MemoryMeter:
        self._sample()
        self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.wait(self._interval_s):
            self._sample()

    def _sample(self) -> None:
        self._peak = max(self._peak, resident_bytes())


def resident_bytes() -> int:
    """Resident memory of this process and all its children now."""
    own = psutil.Process()
    total = int(own.memory_info().rss)
    for child in own.children(recursive=True):
        try:
            total += int(child.memory_info().rss)
        except psutil.Error:  # it ended between the two calls
            continue
    return total
