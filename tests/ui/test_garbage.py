"""Cycles of garbage are looked for in the event loop's thread, and in full only while nothing is being done."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication

from app.ui import garbage
from app.ui.garbage import GarbageCollector


class _Knot(QObject):
    """Refers to itself, so that only a look frees it."""

    def __init__(self, freed_in: list[threading.Thread]) -> None:
        super().__init__()
        self.itself = self
        weakref.finalize(self, lambda: freed_in.append(threading.current_thread()))


@pytest.fixture
def busy() -> list[bool]:
    """Whether something is being done: the last of the list."""
    return [False]


@pytest.fixture
def collector(busy: list[bool]) -> Iterator[GarbageCollector]:
    """In force during the test."""
    made = GarbageCollector(lambda: busy[-1])
    yield made
    made.close()
    assert gc.isenabled() and gc.get_freeze_count() == 0


def test_another_thread_frees_nothing(collector: GarbageCollector) -> None:
    """However many objects it makes: the look comes from here, and what it finds is freed here."""
    freed: list[threading.Thread] = []
    _Knot(freed)
    maker = threading.Thread(target=lambda: [[i] for i in range(100_000)])
    maker.start()
    maker.join()
    assert freed == []
    kept = [[i] for i in range(2 * garbage.YOUNG)]
    collector.look()
    assert freed == [threading.current_thread()] and kept


def test_a_full_look_waits(qapp: QApplication, collector: GarbageCollector, busy: list[bool]) -> None:
    """Old garbage stays while something is done, and while somebody is at the keyboard."""
    freed: list[threading.Thread] = []
    knot = _Knot(freed)
    gc.collect()  # it is old now
    del knot
    busy.append(True)
    for _ in range(garbage.FULL_LOOKS_EVERY + 1):
        collector.look()
    assert freed == []
    busy.append(False)
    for _ in range(garbage.QUIET_LOOKS):
        collector.look()
    QCoreApplication.sendEvent(collector, QKeyEvent(QEvent.Type.KeyPress, 0, Qt.KeyboardModifier.NoModifier))
    for _ in range(garbage.QUIET_LOOKS):
        collector.look()
    assert freed == []  # somebody is typing
    collector.look()
    assert len(freed) == 1


def test_few_objects_are_not_worth_a_look(collector: GarbageCollector) -> None:
    """Nothing is done five times a second for nothing."""
    gc.collect()
    freed: list[threading.Thread] = []
    _Knot(freed)
    collector.look()
    assert freed == []
