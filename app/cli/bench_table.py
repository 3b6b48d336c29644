"""The benchmark's report as a table on the terminal."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.inference.bench.lengths import label
from app.inference.bench.report import BatchPoint, Point, Rate, Report, Series
from app.inference.bench.shares import spread

_WIDTH_OF_A_FILE = 110
_GB, _MIB, _GIB = 1e9, 1 << 20, 1 << 30
_MISSING = "-"
_BUSY_SPREAD = 0.15


def print_table(report: Report, stream: TextIO) -> None:
    """The limits, then for each model its lengths and batches, then what the marks mean."""
    console = Console(file=stream, width=None if stream.isatty() else _WIDTH_OF_A_FILE, highlight=False)
    if report.read_bandwidth is not None:
        console.print(f"memory bandwidth of {report.device}: {report.read_bandwidth / _GB:.1f} GB/s (reading)")
    for series in report.series:
        console.print()
        _print_series(series, console)
    points = [point for series in report.series for point in series.points]
    if any(point.random_state for point in points):
        console.print(
            "* written from a state (or KV cache) of that length filled with random values, and read on top of it"
        )
    if any(point.first_token_estimated for point in points):
        console.print("~ estimated from the reading rates up to that length")
    if any(rate is not None and rate.share is not None for point in points for rate in (point.prefill, point.decode)):
        console.print(
            "of limit: reading, of the rate of plain matrix products; writing, of what the memory bandwidth allows"
        )
    if (apart := spread(report)) > _BUSY_SPREAD:
        console.print(f"rounds of one figure differ by up to {apart:.0%}: something else was using the machine")
    if not report.complete:
        console.print("interrupted: some figures are missing")


def _print_series(series: Series, console: Console) -> None:
    console.print(
        f"{series.name}: {series.parameters / 1e9:.3g} B parameters, {series.weight_format}, "
        f"{series.weights_bytes / _GB:.2f} GB of weights read per token"
        + (
            f", {series.matrix_kind} matrix products at {series.matrix_rate / 1e12:.3g} T operations/s"
            if series.matrix_rate is not None
            else ""
        ),
        markup=False,
        soft_wrap=True,
    )
    for note in (*series.notes, *([series.problem] if series.problem else [])):
        console.print(f"  {note}", markup=False, soft_wrap=True)
    if series.points:
        table = _table("length", "reading", "of limit", "writing", "of limit", "first token", "memory", "state")
        for point in series.points:
            table.add_row(*_cells(point))
        console.print(table)
    if series.batches:
        table = _table("sequences", "length", "writing, all together", "of limit", "memory")
        for batch in series.batches:
            table.add_row(*_batch_cells(batch))
        console.print(table)
    for length, problem in [
        *((label(point.length), point.problem) for point in series.points),
        *((f"{batch.sequences} sequences", batch.problem) for batch in series.batches),
    ]:
        if problem:
            console.print(f"  {length}: {problem}", markup=False, soft_wrap=True)


def _table(*names: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        table.add_column(Text(name), justify="right")
    return table


def _cells(point: Point) -> list[str]:
    estimated = "~" if point.first_token_estimated else ""
    return [
        label(point.length) + ("*" if point.random_state else ""),
        *_rate(point.prefill),
        *_rate(point.decode),
        _MISSING if point.first_token_s is None else estimated + _duration(point.first_token_s),
        _memory(point.peak_bytes),
        _memory(point.state_bytes),
    ]


def _batch_cells(batch: BatchPoint) -> list[str]:
    return [str(batch.sequences), label(batch.length), *_rate(batch.decode), _memory(batch.peak_bytes)]


def _rate(rate: Rate | None) -> tuple[str, str]:
    if rate is None:
        return _MISSING, _MISSING
    speed = f"{rate.tokens_per_second:,.0f}" if rate.tokens_per_second >= 100 else f"{rate.tokens_per_second:.3g}"
    return f"{speed} tok/s", _MISSING if rate.share is None else f"{rate.share:.0%}"


def _memory(nbytes: int | None) -> str:
    if nbytes is None:
        return _MISSING
    return f"{nbytes / _GIB:.2f} GiB" if nbytes >= _GIB else f"{nbytes / _MIB:.1f} MiB"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
