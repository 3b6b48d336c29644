"""How long does an event loop let a 10 ms timer wait? The timer, and a bare loop in another process beside it."""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import threading
import time
import traceback
from collections import Counter, deque
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, Qt, QTimer

TICK_MS = 10
LATE_MS = 50


class LoopTimer(QObject):
    """Ticks every 10 ms in the loop of its thread; how much later than that each tick came is its delay."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ticks: list[tuple[float, float]] = []
        """time.time() of each tick, and its delay in ms."""
        self.suspects: list[tuple[float, list[str]]] = []
        """time.time() of a tick that was very late, and where Python's other threads stood right after."""
        self._last = 0.0
        self._sampler: _Sampler | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)

    def start(self, *, sampled: bool = False) -> None:
        """Begin to tick. sampled: also look, every few ms, at what this thread is doing."""
        self._sampler = _Sampler(threading.get_ident()) if sampled else None
        self._last = time.perf_counter()
        self._timer.start(TICK_MS)

    def stop(self) -> None:
        """No more ticks, nor looks."""
        self._timer.stop()
        if self._sampler is not None:
            self._sampler.ended.set()

    def _tick(self) -> None:
        now = time.perf_counter()
        delay = max(0.0, (now - self._last) * 1000 - TICK_MS)
        self.ticks.append((time.time(), delay))
        if delay > LATE_MS:
            own = self._sampler.during(now - delay / 1000, now) if self._sampler is not None else []
            self.suspects.append((time.time(), [*own, *_elsewhere()]))
        self._last = time.perf_counter()


class _Sampler:
    """Where a thread has been in the last seconds: a look each 15 ms from another thread, when Python lets it."""

    def __init__(self, thread: int) -> None:
        self._thread = thread
        self.ended = threading.Event()
        self._samples: deque[tuple[float, str]] = deque(maxlen=200)
        threading.Thread(target=self._run, daemon=True).start()

    def during(self, begin: float, end: float) -> list[str]:
        """The places seen between two times of time.perf_counter(), each once, with how often."""
        places = Counter(place for at, place in list(self._samples) if begin <= at <= end)
        return [f"own thread, seen {count} times: {place}" for place, count in places.most_common(4)]

    def _run(self) -> None:
        while not self.ended.wait(0.015):
            frame = sys._current_frames().get(self._thread)
            lines = traceback.extract_stack(frame)[-5:]
            calls = [f"{Path(line.filename).name}:{line.lineno} {line.name}" for line in reversed(lines)]
            self._samples.append((time.perf_counter(), " < ".join(calls)))


def _elsewhere() -> list[str]:
    """The innermost calls of each other thread that is at work: one of them may have held Python."""
    found = []
    for number, frame in sys._current_frames().items():
        lines = traceback.extract_stack(frame)[-4:]
        if number != threading.get_ident() and lines[-1].name not in ("wait", "_run", "get", "recv_bytes", "select"):
            found.append(
                " < ".join(f"{Path(line.filename).name}:{line.lineno} {line.name}" for line in reversed(lines))
            )
    return found


class BareLoop:
    """A Qt loop with nothing but the timer, in a process of its own: what the machine does to any loop just now."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._connection = ours
        self._process = context.Process(target=_run_bare, args=(theirs,), daemon=True)
        self._process.start()
        ours.recv()

    def finish(self) -> list[tuple[float, float]]:
        """End it; its ticks."""
        self._connection.send("end")
        ticks: list[tuple[float, float]] = self._connection.recv()
        self._process.join()
        return ticks


def _run_bare(connection: Connection) -> None:
    application = QCoreApplication([])
    timer = LoopTimer()
    timer.start()
    ear = QTimer()
    ear.timeout.connect(lambda: connection.poll() and application.quit())
    ear.start(200)
    connection.send("ready")
    application.exec()
    connection.send(timer.ticks)


def figures(ticks: list[tuple[float, float]]) -> dict[str, Any]:
    """Of delays in ms: how many, their 99th percentile, the largest, and how many were over 30 and over 100."""
    delays = [delay for _, delay in ticks]
    if not delays:
        return {"ticks": 0}
    return {
        "ticks": len(delays),
        "seconds": round(ticks[-1][0] - ticks[0][0], 1),
        "median_ms": round(statistics.median(delays), 2),
        "p99_ms": round(sorted(delays)[int(0.99 * (len(delays) - 1))], 1),
        "share_under_30ms": round(sum(delay < 30 for delay in delays) / len(delays), 5),
        "over_50ms": sum(delay > 50 for delay in delays),
        "over_100ms": sum(delay > 100 for delay in delays),
        "largest_ms": round(max(delays), 1),
    }
