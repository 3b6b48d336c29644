"""Steps of zoom, in per cent, and the keys for them."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

SMALLEST, LARGEST = 50.0, 400.0
STEPS = (50, 75, 100, 125, 150, 200, 250, 300, 400)
NOTCH = 1.1
"""One notch of the wheel."""


def clamped(percent: float) -> float:
    """Within bounds."""
    return min(LARGEST, max(SMALLEST, percent))


def next_step(percent: float, direction: int) -> float:
    """The next larger (1) or smaller (-1) step; the size itself where there is none, be it beyond the bounds."""
    if direction > 0:
        return min((step for step in STEPS if step > percent), default=percent)
    return max((step for step in STEPS if step < percent), default=percent)


_KEYS = {Qt.Key.Key_Plus: 1, Qt.Key.Key_Equal: 1, Qt.Key.Key_Minus: -1, Qt.Key.Key_0: 0}
"""Plus is above = on many keyboards."""


def zoom_of(event: QKeyEvent) -> int | None:
    """What a key with Ctrl means: 1: larger, -1: smaller, 0: the usual size, None: nothing of it."""
    if (
        not event.modifiers() & Qt.KeyboardModifier.ControlModifier
        or event.modifiers() & Qt.KeyboardModifier.AltModifier
    ):
        return None
    return _KEYS.get(Qt.Key(event.key()))
