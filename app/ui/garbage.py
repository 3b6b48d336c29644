"""When Python looks for cycles of garbage, and where: in the event loop's thread alone, and not while somebody waits.

Python looks in whichever thread happens to make objects; a widget in a cycle that a lane finds would be destroyed
there, which Qt does not allow. And a full look holds all threads for a tenth of a second and more where a long document
is at hand. Most garbage is freed without any look, at once.
"""

from __future__ import annotations

import gc
from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

LOOK_MS = 200
YOUNG = 2_000
"""Objects made since the last look from which on the young ones are looked through: some milliseconds."""
FULL_LOOKS_EVERY = 300
"""Looks between two full ones; these wait until nothing is being done."""
QUIET_LOOKS = 15
"""Looks without a key, a wheel or a pointer's move, before a full one: three seconds."""


_HANDS = frozenset(
    {
        QEvent.Type.KeyPress,
        QEvent.Type.MouseMove,
        QEvent.Type.MouseButtonPress,
        QEvent.Type.Wheel,
        QEvent.Type.TouchUpdate,
    }
)


class GarbageCollector(QObject):
    """Takes over from Python while it lives."""

    def __init__(self, is_busy: Callable[[], bool], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._is_busy = is_busy
        self._looks = 0
        self._quiet = 0
        self._watching = False
        gc.disable()
        # What the start has made stays to the end: no later look need go through it.
        gc.collect()
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(LOOK_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()

    def look(self) -> None:
        """Through the young objects where there are many; through all when it is time and nobody would notice."""
        self._looks += 1
        if self._looks >= FULL_LOOKS_EVERY and self._is_quiet():
            self._looks = self._quiet = 0
            self._watch(False)
            gc.collect()
        elif gc.get_count()[0] > YOUNG:
            gc.collect(0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Somebody is at the keyboard or the mouse."""
        if event.type() in _HANDS:
            self._quiet = 0
        return False

    def _is_quiet(self) -> bool:
        """Whether nothing was done for a while, by the program or by its user."""
        self._watch(True)
        self._quiet = 0 if self._is_busy() else self._quiet + 1
        return self._quiet > QUIET_LOOKS

    def _watch(self, on: bool) -> None:
        """See every event; only while a full look is due: it costs something."""
        application = QCoreApplication.instance()
        if application is not None and on != self._watching:
            self._watching = on
            application.installEventFilter(self) if on else application.removeEventFilter(self)

    def close(self) -> None:
        """Give it back to Python."""
        self._timer.stop()
        self._watch(False)
        gc.unfreeze()
        gc.enable()
