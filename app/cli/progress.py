"""Progress of a summary, a reading or an indexing on standard error: a bar on a terminal, elsewhere a line at times."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Protocol, TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

from app.core.text import clock_text

LINE_INTERVAL_S = 10.0
TITLE_CELLS = 36
"""Width of what is being indexed in a bar, of a terminal's 80: the numbers behind it have to fit on the line."""


class ProgressReport(Protocol):
    """What a summary or a reading tells while it runs."""

    def __enter__(self) -> ProgressReport:
        """Begin to show."""
        ...

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Leave the terminal clean."""
        ...

    def say(self, text: str) -> None:
        """A line that stays."""
        ...

    def parsing(self, done: int, total: int) -> None:
        """Pages taken out of the file."""
        ...

    def reading(self, page: int, pages: int, tokens_done: int, tokens_total: int) -> None:
        """Tokens that went through the model."""
        ...

    def part(self, done: int, total: int) -> None:
        """Sections whose notes are written."""
        ...

    def part_read(self, done: int, total: int) -> None:
        """Parts that are read, where nothing is written about them."""
        ...

    def indexing(self, what: str, done: int, total: int) -> None:
        """Passages of a document made ready for search."""
        ...


def progress_report(stream: TextIO, monotonic: Callable[[], float]) -> ProgressReport:
    """A bar where the stream is a terminal, else lines."""
    return BarReport(stream) if stream.isatty() else LineReport(stream, monotonic)


class _TokensPerSecond(ProgressColumn):
    def render(self, task: Task) -> Text:
        """Speed over the last half minute."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} tokens/s" if speed and task.fields["unit"] == "tokens" else "")


class _Page(ProgressColumn):
    def render(self, task: Task) -> Text:
        """The page it is at, where it goes by pages."""
        return Text(f"page {task.fields['page']}/{task.fields['pages']}" if task.fields["pages"] else "")


class BarReport:
    """A rich progress bar: pages, tokens, tokens per second, time left."""

    def __init__(self, stream: TextIO) -> None:
        self._progress = Progress(
            # A title in it may hold square brackets, which are rich's markup.
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            _Page(Column(no_wrap=True)),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} {task.fields[unit]}"),
            _TokensPerSecond(),
            TextColumn("left"),
            TimeRemainingColumn(),
            console=Console(file=stream, stderr=True),
            transient=True,
        )
        self._parse_task = self._progress.add_task("Opening", total=1, page=0, pages=0, unit="pages", visible=False)
        self._read_task = self._progress.add_task("Reading", total=1, page=0, pages=0, unit="tokens", visible=False)
        self._index_task = self._progress.add_task("Indexing", total=1, page=0, pages=0, unit="passages", visible=False)

    def __enter__(self) -> BarReport:
        self._progress.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """See ProgressReport."""
        self._progress.console.print(Text(text), soft_wrap=True)

    def parsing(self, done: int, total: int) -> None:
        """See ProgressReport."""
        self._progress.update(self._parse_task, completed=done, total=total, page=done, pages=total, visible=True)

    def reading(self, page: int, pages: int, tokens_done: int, tokens_total: int) -> None:
        """See ProgressReport."""
        self._progress.update(self._parse_task, visible=False)
        if not self._progress.tasks[self._read_task].visible:
            # The clock of the speed starts with the first token, not with the opening of the file.
            self._progress.reset(self._read_task, completed=tokens_done, page=page, pages=pages, unit="tokens")
        self._progress.update(
            self._read_task, completed=tokens_done, total=tokens_total, page=page, pages=pages, visible=True
        )

    def part(self, done: int, total: int) -> None:
        """See ProgressReport."""
        description = f"Reading, {done}/{total} sections written" if done < total else "Writing the summary"
        self._progress.update(self._read_task, description=description)

    def part_read(self, done: int, total: int) -> None:
        """See ProgressReport."""
        self._progress.update(self._read_task, description=f"Reading, {done}/{total} parts read")

    def indexing(self, what: str, done: int, total: int) -> None:
        """See ProgressReport."""
        short = what if cell_len(what) <= TITLE_CELLS else f"{set_cell_size(what, TITLE_CELLS - 1)}…"
        self._progress.update(
            self._index_task, description=f"Indexing {short}", completed=done, total=total, visible=True
        )


class LineReport:
    """Plain lines, at most one in ten seconds, for logs and pipes."""

    def __init__(self, stream: TextIO, monotonic: Callable[[], float]) -> None:
        self._stream = stream
        self._monotonic = monotonic
        self._last_line_at = monotonic()
        self._start: tuple[float, int] | None = None
        self._parts = ""

    def __enter__(self) -> LineReport:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stream.flush()

    def say(self, text: str) -> None:
        """See ProgressReport."""
        self._stream.write(text + "\n")
        self._stream.flush()

    def parsing(self, done: int, total: int) -> None:
        """See ProgressReport."""
        if self._due():
            self.say(f"opening: page {done} of {total}")

    def reading(self, page: int, pages: int, tokens_done: int, tokens_total: int) -> None:
        """See ProgressReport."""
        now = self._monotonic()
        if self._start is None:
            self._start = (now, tokens_done)
        if not self._due():
            return
        seconds, tokens = now - self._start[0], tokens_done - self._start[1]
        speed = tokens / seconds if seconds > 0 else 0.0
        rate = f", {speed:,.0f} tokens/s, {clock_text((tokens_total - tokens_done) / speed)} left" if speed > 0 else ""
        self.say(f"reading: page {page} of {pages}, {tokens_done:,} of {tokens_total:,} tokens{rate}{self._parts}")

    def part(self, done: int, total: int) -> None:
        """See ProgressReport."""
        self._parts = f", {done} of {total} sections written"

    def part_read(self, done: int, total: int) -> None:
        """See ProgressReport."""
        self._parts = f", {done} of {total} parts read"

    def indexing(self, what: str, done: int, total: int) -> None:
        """See ProgressReport."""
        if self._due():
            self.say(f"indexing {what}: {done:,} of {total:,} passages")

    def _due(self) -> bool:
        now = self._monotonic()
        if now - self._last_line_at < LINE_INTERVAL_S:
            return False
        self._last_line_at = now
        return True
