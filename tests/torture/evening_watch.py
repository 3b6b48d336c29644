"""Looks at the window's processes and files from outside, and what a run of such looks says about growth."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import psutil

WALK = "walk.jsonl"
"""The file in which the window's process says what happens."""
LOOK_S = 10.0
STRETCHES = 10
WARM_MINUTES = 10.0
"""What a program takes in its first minutes is its size, not its growth."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one process had; bytes. `own` is what it has made itself, without files that it maps; see `_own`."""

    rss: int
    own: int
    share: int
    files: int
    threads: int


@dataclass(frozen=True, slots=True)
class Look:
    """All that could be seen at one moment, `minute` after the first."""

    minute: float
    window: Taken | None
    worker: Taken | None
    others: tuple[Taken, ...]
    sizes: dict[str, int] = field(default_factory=dict)
    """Bytes of each file of the data folder, by its path in it."""
    temporary: int = 0
    """Files in the folder for temporary ones."""


class Watch:
    """Looks every ten seconds until it is closed; at the process and all its children."""

    def __init__(self, pid: int, folder: Path, walk: Path, temporary: Path, *, every_s: float = LOOK_S) -> None:
        self._process = psutil.Process(pid)
        self._folder = folder
        self._walk = walk
        self._temporary = temporary
        self._every_s = every_s
        self._ended = threading.Event()
        self.looks: list[Look] = []
        self.seen: dict[int, psutil.Process] = {}
        """Every process that was ever seen below, to be asked for at the end."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """No more looks."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        began = time.monotonic()
        while not self._ended.wait(self._every_s):
            with suppress(psutil.NoSuchProcess):
                self.looks.append(self._look((time.monotonic() - began) / 60))

    def _look(self, minute: float) -> Look:
        worker = last(records(self._walk), "beat").get("worker")
        children = self._process.children(recursive=True)
        self.seen.update((child.pid, child) for child in children)
        found = {child.pid: taken for child in children if (taken := _taken(child)) is not None}
        return Look(
            minute=minute,
            window=_taken(self._process),
            worker=found.pop(worker, None),
            others=tuple(found.values()),
            sizes=sizes(self._folder),
            temporary=len(sizes(self._temporary)),
        )


def _taken(process: psutil.Process) -> Taken | None:
    try:
        memory = process.memory_full_info()
        files = process.num_handles() if psutil.WINDOWS else process.num_fds()
        share = getattr(memory, "pss", memory.rss)
        return Taken(memory.rss, _own(process.pid) or memory.uss, share, files, process.num_threads())
    except psutil.Error:
        return None


def _own(pid: int) -> int:
    """RssAnon, 0 where the system does not tell it: unlike USS it stays when another process maps the same file."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
    return 0


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of each file below a folder; those that go meanwhile are left out."""
    found: dict[str, int] = {}
    for path in sorted(folder.rglob("*")):
        with suppress(OSError):
            if path.is_file() or path.is_symlink():
                found[path.relative_to(folder).as_posix()] = path.lstat().st_size
    return found


def records(path: Path) -> list[dict[str, Any]]:
    """The lines that the walk has written so far."""
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


def last(lines: Iterable[dict[str, Any]], kind: str) -> dict[str, Any]:
    """The newest of a kind; {} where there is none."""
    found = [line for line in lines if line["kind"] == kind]
    return found[-1] if found else {}


@dataclass(frozen=True, slots=True)
class Growth:
    """Of a quantity in time: its middle early and late in the run, and how steeply it rose after the warm minutes."""

    early: float
    late: float
    an_hour: float

    @property
    def share(self) -> float:
        """0.05: late in the run it was 5 % more than early."""
        return self.late / self.early - 1 if self.early else 0.0


def growth(points: Sequence[tuple[float, float]], warm: float = WARM_MINUTES) -> Growth | None:
    """How a quantity, as (minute, amount), has grown: medians of whole stretches, since it goes up and down in a round.

    Early is from the tenth minute to the twentieth, late the last tenth of the run, ten minutes at least; of a run
    under forty minutes, its second and its last quarter. The rise is the median of the slopes between the middles of
    ten stretches (Theil and Sen's). None for too few points.
    """
    if len(points) < 8:
        return None
    end = points[-1][0]
    if end >= 40:
        early = [amount for at, amount in points if warm <= at <= warm + 10]
        late = [amount for at, amount in points if at >= end - max(10.0, end / 10)]
    else:
        warm = end / 4
        early = [amount for at, amount in points if warm <= at <= end / 2]
        late = [amount for at, amount in points if at >= end * 3 / 4]
    after = [point for point in points if point[0] >= warm]
    middles = []
    for number in range(STRETCHES):
        stretch = after[len(after) * number // STRETCHES : len(after) * (number + 1) // STRETCHES]
        if stretch:
            middles.append(tuple(statistics.median(column) for column in zip(*stretch, strict=True)))
    slopes = [(b - a) / (t - s) for (s, a), (t, b) in combinations(middles, 2) if t > s]
    if not early or not late or not slopes:
        return None
    return Growth(statistics.median(early), statistics.median(late), 60 * statistics.median(slopes))


def timeline(looks: Sequence[Look], most: int = 180) -> list[dict[str, Any]]:
    """The looks as JSON, thinned; sizes of the databases only."""
    step = max(1, -(-len(looks) // most))
    lines = []
    for look in looks[::step]:
        line = asdict(look)
        line["minute"] = round(look.minute, 2)
        line["sizes"] = {name: size for name, size in look.sizes.items() if ".sqlite" in name and "/" not in name}
        lines.append(line)
    return lines
