"""The two plots of a report: rate against length, memory against length. Needs the optional package matplotlib."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from app.inference.bench.lengths import label
from app.inference.bench.report import Point, Report, Series

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("png", "svg")

_COLOURS = {"griffin": "#0072B2", "transformer": "#D55E00"}
"""Told apart by colour-blind readers too (Okabe and Ito), and by their markers without colour."""
_MARKERS = {"griffin": "o", "transformer": "s"}
_GIB = 1 << 30
_SMALL = 8


def draw(report: Report) -> Mapping[str, bytes]:
    """File name -> contents, for both plots in both formats; ImportError where matplotlib is missing."""
    plots = {"rate": _rate(report), "memory": _memory(report)}
    files = {}
    for name, figure in plots.items():
        for form in FORMATS:
            buffer = io.BytesIO()
            figure.savefig(buffer, format=form, dpi=150)
            files[f"{name}.{form}"] = buffer.getvalue()
    return files


def _figure(report: Report, panels: int, title: str) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure

    # Figure alone, without pyplot: no window system is looked for and no figure stays in a global list.
    figure = Figure(figsize=(5.6 * panels, 5.0), layout="constrained")
    figure.suptitle(title, fontsize=13)
    axes = [figure.add_subplot(1, panels, index + 1) for index in range(panels)]
    lengths = sorted({point.length for series in report.series for point in series.points})
    for each in axes:
        each.set_xscale("log", base=2)
        each.set_xticks(lengths, [label(length) for length in lengths])
        each.minorticks_off()
        each.set_xlabel("length of the sequence (tokens, log scale)")
        each.grid(alpha=0.3)
    notes = [_where(report)]
    if any(point.random_state for series in report.series for point in series.points):
        notes.append("Hollow: the state or KV cache of that length was filled with random values instead of read.")
    if not report.complete:
        notes.append("The run was interrupted: some points are missing.")
    figure.supxlabel("\n".join(notes), fontsize=_SMALL, color="#444444", x=0.01, ha="left")
    return figure, axes


def _where(report: Report) -> str:
    machine: Mapping[str, Any] = report.machine
    on_gpu = report.device.startswith("cuda")
    device = str(machine.get("gpu")) if on_gpu else f"{machine.get('processor')}, {machine.get('threads')} threads"
    quick = ", quick run" if report.quick else ""
    return f"{device}, torch {machine.get('torch')}, {machine.get('date')}{quick}"


def _name(series: Series) -> str:
    return f"{series.name}, {series.parameters / 1e9:.2g} B parameters, {series.weight_format}"


def _rate(report: Report) -> Figure:
    figure, (decode, prefill) = _figure(report, 2, "Tokens per second against length, one sequence")
    for axes, title in ((decode, "Writing (decode)"), (prefill, "Reading (prefill)")):
        axes.set_title(title, fontsize=11)
        axes.set_ylabel("tokens per second")
    for series in report.series:
        _line(decode, series, {p: p.decode.tokens_per_second for p in series.points if p.decode}, _name(series))
        _line(prefill, series, {p: p.prefill.tokens_per_second for p in series.points if p.prefill}, _name(series))
        bound = {p: p.decode_limit for p in series.points if p.decode_limit is not None}
        decode.plot(
            [point.length for point in bound],
            list(bound.values()),
            linestyle=":",
            color=_COLOURS[series.kind],
            label="limit by memory bandwidth",
        )
    for axes in (decode, prefill):
        axes.set_ylim(bottom=0)
        _missing(axes, report, 0.0, "decode" if axes is decode else "prefill")
        _legend(axes)
    return figure


def _memory(report: Report) -> Figure:
    figure, (axes,) = _figure(report, 1, "Memory against length, one sequence")
    axes.set_yscale("log")
    axes.set_ylabel("memory (GiB, log scale)")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    for series in report.series:
        peaks = {point: point.peak_bytes / _GIB for point in series.points if point.peak_bytes}
        _line(axes, series, peaks, f"{_name(series)}: peak")
        states = {point: point.state_bytes / _GIB for point in series.points}
        kept = "state" if series.kind == "griffin" else "KV cache"
        # Known exactly from the shapes, also where the memory for it was not there.
        axes.plot(
            [point.length for point in states],
            list(states.values()),
            linestyle="--",
            color=_COLOURS[series.kind],
            label=f"{kept} alone",
        )
    _missing(axes, report, axes.get_ylim()[0], "decode")
    _legend(axes)
    return figure


def _line(axes: Axes, series: Series, values: Mapping[Point, float], name: str) -> None:
    if not values:
        return
    colour = _COLOURS[series.kind]
    lengths = [point.length for point in values]
    axes.plot(lengths, list(values.values()), color=colour, label=name, marker=_MARKERS[series.kind])
    hollow = {point: value for point, value in values.items() if point.random_state}
    axes.plot(
        [point.length for point in hollow],
        list(hollow.values()),
        color=colour,
        linestyle="none",
        marker=_MARKERS[series.kind],
        markerfacecolor="white",
    )


def _missing(axes: Axes, report: Report, bottom: float, figure: str) -> None:
    """A cross at the foot for every point that did not fit into memory: it is a result, not a gap."""
    for series in report.series:
        lengths = [point.length for point in series.points if point.problem and getattr(point, figure) is None]
        if lengths:
            axes.plot(
                lengths,
                [bottom] * len(lengths),
                linestyle="none",
                marker="x",
                markersize=9,
                markeredgewidth=2,
                color=_COLOURS[series.kind],
                label="does not fit into memory",
                clip_on=False,
            )


def _legend(axes: Axes) -> None:
    # Below the axes: it never covers a line.
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=_SMALL, loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False)
