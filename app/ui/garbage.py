"""When Python looks for cycles of garbage: not while somebody waits.

A full look holds all threads of Python for a tenth of a second and more where a long document is at hand. Most garbage
is freed without it, at once; what is left can wait until nothing is being done.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer

YOUNG, MIDDLE, OLD = 5_000, 10, 1_000_000
"""Python's thresholds: the two young generations as often as ever, some milliseconds each, the old one never."""
LOOK_MS = 60_000


class IdleCollector(QObject):
    """Takes over the old generation from Python while it lives."""

    def __init__(self, idle: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._idle = idle
        self._before = gc.get_threshold()
        gc.set_threshold(YOUNG, MIDDLE, OLD)
        # What the start has made stays to the end: no later look need go through it.
        gc.collect()
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Collect now, if nothing is being done."""
        if self._idle():
            gc.collect()

    def close(self) -> None:
        """Give it back to Python."""
        self._timer.stop()
        gc.unfreeze()
        gc.set_threshold(*self._before)
