"""How much memory the parsers take that a program starts, and whether each has a bound."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import psutil

EVERY_S = 0.04
UNBOUNDED_BYTES = 128 << 20
"""More than a parser takes before it has a bound: its modules alone."""
_SPAWNED = "multiprocessing.spawn"


@dataclass(frozen=True, slots=True)
class Seen:
    """Of all parsers that were there at one time or another.

    largest_bytes: the most that one of them had in memory. unbounded: how many opened a document, or grew,
    before they had a bound on their memory. left: how many there are still.
    """

    largest_bytes: int = 0
    parsers: int = 0
    unbounded: int = 0
    left: int = 0


class MemoryWatch:
    """Looks at all spawned descendants of a process, many times a second, until it is closed."""

    def __init__(self, pid: int, documents: Iterable[str] = ()) -> None:
        """documents: paths of the files that the parsers are to read."""
        self._program = psutil.Process(pid)
        self._documents = frozenset(documents)
        self._lock = threading.Lock()
        self._largest = self._largest_of_all = 0
        self._known: dict[int, psutil.Process] = {}
        self._parsers = 0
        self._bounded: set[int] = set()
        self._unbounded: set[int] = set()
        self._others: set[int] = set()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="memory-watch", daemon=True)
        self._thread.start()

    def take(self) -> int:
        """The most bytes that a parser had in memory since this was last asked."""
        with self._lock:
            largest, self._largest = self._largest, 0
            return largest

    def close(self) -> Seen:
        """Look no more."""
        self._closed.set()
        self._thread.join()
        left = sum(map(_runs, self._known.values()))
        return Seen(self._largest_of_all, self._parsers, len(self._unbounded), left)

    def _run(self) -> None:
        while not self._closed.wait(EVERY_S):
            try:
                self._look()
            except psutil.Error:
                continue  # the program has ended; whether its parsers have is asked at the end

    def _look(self) -> None:
        present: set[int] = set()
        for process in self._program.children(recursive=True):
            present.add(process.pid)
            if process.pid in self._others:
                continue
            try:
                self._look_at(process)
            except (psutil.Error, OSError, ValueError):
                continue  # it has ended meanwhile
        self._others &= present
        self._bounded &= present
        self._known = {pid: known for pid, known in self._known.items() if pid in present}

    def _look_at(self, process: psutil.Process) -> None:
        with process.oneshot():
            if process.pid not in self._known:
                words = process.cmdline()
                if words and not any(_SPAWNED in word for word in words):
                    self._others.add(process.pid)
                    return
                if not words:
                    return  # between fork and exec
                self._parsers += 1
                self._known[process.pid] = process
            held = peak_bytes(process.pid)
            with self._lock:
                self._largest = max(self._largest, held)
                self._largest_of_all = max(self._largest_of_all, held)
        if process.pid not in self._bounded:
            self._look_for_bound(process, held)

    def _look_for_bound(self, process: psutil.Process, held: int) -> None:
        """Time says nothing: on a busy machine a parser may load its modules for seconds."""
        # In this order: one that takes its bound and opens its document in between is not blamed.
        opened = any(file.path in self._documents for file in process.open_files())
        if process.rlimit(psutil.RLIMIT_AS)[0] not in (-1, psutil.RLIM_INFINITY):
            self._bounded.add(process.pid)
        elif opened or held > UNBOUNDED_BYTES:
            self._unbounded.add(process.pid)


def peak_bytes(pid: int) -> int:
    """The most that a process has had in memory so far; ValueError or OSError where it has ended."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise ValueError("no memory")


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
