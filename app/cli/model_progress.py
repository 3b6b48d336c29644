"""How far a download or a conversion is, on standard error: a bar on a terminal, elsewhere a line at times."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from app.cli.progress import LINE_INTERVAL_S
from app.core.text import clock_text
from app.core.throttle import Throttle
from app.services.model_progress import ModelProgress, OnProgress, Stage

MEGABYTE = 1_000_000

_DOING = {
    Stage.DOWNLOADING: "Downloading",
    Stage.CHECKING: "Checking",
    Stage.COPYING: "Copying",
    Stage.CONVERTING: "Converting",
    Stage.MEASURING: "Measuring",
}


@contextmanager
def model_progress(stream: TextIO, monotonic: Callable[[], float] = time.monotonic) -> Iterator[OnProgress]:
    """Shows what it is called with until the block ends."""
    if not stream.isatty():
        yield _Lines(stream, monotonic)
        return
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.fields[amounts]}"),
        console=Console(file=stream),
        transient=True,
    )
    with bar:
        yield _Bar(bar)


class _Bar:
    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task: TaskID | None = None

    def __call__(self, progress: ModelProgress) -> None:
        shown = {
            "description": _DOING[progress.stage],
            "completed": progress.done_bytes,
            "total": progress.total_bytes or None,
        }
        if self._task is None:
            self._task = self._bar.add_task("", total=None, amounts="")
        self._bar.update(self._task, amounts=amounts(progress), **shown)  # type: ignore[arg-type]


class _Lines:
    def __init__(self, stream: TextIO, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._throttle = Throttle(LINE_INTERVAL_S, monotonic=monotonic)
        self._stage: Stage | None = None

    def __call__(self, progress: ModelProgress) -> None:
        begins, self._stage = progress.stage is not self._stage, progress.stage
        if self._throttle.is_due(always=begins):
            self._stream.write(f"{_DOING[progress.stage].lower()}: {amounts(progress)}\n")
            self._stream.flush()


def amounts(progress: ModelProgress) -> str:
    """`1,234 of 5,366 MB, 12.3 MB/s, 5:36 left`; `2 of 4 weight formats`."""
    if progress.stage is Stage.MEASURING:
        return f"{progress.done_bytes} of {progress.total_bytes} weight formats"
    words = [f"{progress.done_bytes / MEGABYTE:,.0f} of {progress.total_bytes / MEGABYTE:,.0f} MB"]
    if progress.bytes_per_second is not None:
        words.append(f"{progress.bytes_per_second / MEGABYTE:,.1f} MB/s")
    if progress.seconds_left is not None:
        words.append(f"{clock_text(progress.seconds_left)} left")
    return ", ".join(words)
