"""The plots of benchmarks/comparison.py: speeds against length, memory against length, as PNG files for the README.

Drawn at twice the size at which they are shown (800 pixels wide), on white, so that they read on dark pages too.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator
from PIL import Image

from app.inference.bench.lengths import label

_WIDTH, _DPI = 8.0, 200
_COLOURS_IN_FILE = 64
_FEW_DECADES = 200
"""Highest over lowest value up to which the axis has marks between the powers of ten."""
TITLE_OF_MEMORY = "Memory at most, reading and writing, weights included"
_INK, _GREY = "#222222", "#666666"
_ROOM = 0.30
"""Share of the width that is left for the programs' names, right of the lines."""

_MODELS = {"griffin": "RecurrentGemma", "transformer": "Gemma"}

Values = list[tuple[int, float, bool]]
"""Length, value, and whether the state of that length was filled with random values."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a program is drawn: colours that colour-blind readers tell apart too, and a shape of its own."""

    title: str
    colour: str
    marker: str


LOOKS = {
    "griffin_desk": Look("Griffin Desk", "#0072B2", "o"),
    "transformers_recurrentgemma": Look("transformers RecurrentGemma", "#B04A00", "^"),
    "transformers_gemma": Look("transformers Gemma", "#222222", "s"),
}


def draw(results: Path, folder: Path) -> list[Path]:
    """Both plots of a result file; comparison_NAME.json gives comparison-NAME-speed.png and -memory.png."""
    parts = json.loads(results.read_text(encoding="utf-8"))
    programs = {name: parts[name] for name in LOOKS if parts.get(name, {}).get("points")}
    stem = results.stem.replace("_", "-")
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for name, figure in (("speed", speed(programs)), ("memory", memory(programs))):
        path = folder / f"{stem}-{name}.png"
        path.write_bytes(png(figure))
        paths.append(path)
    return paths


def speed(programs: Mapping[str, Any]) -> Figure:
    """Tokens per second of reading, above, and of writing, below."""
    figure, (above, below) = _figure(programs, 2, 6.6)
    _panel(above, programs, "Reading, tokens per second", _rates("prefill"), _number)
    _panel(below, programs, "Writing, tokens per second", _rates("decode"), _number)
    return figure


def memory(programs: Mapping[str, Any]) -> Figure:
    """The most memory in use, weights included. Where nothing was read, as little as writing takes is no figure."""
    figure, (axes,) = _figure(programs, 1, 4.2)
    largest = max((value for program in programs.values() for _, value, _ in _peaks(program)), default=0.0)
    unit, size = ("GiB", 1 << 30) if largest >= 2 << 30 else ("MiB", 1 << 20)

    def values(program: Mapping[str, Any]) -> Values:
        return [(length, value / size, random) for length, value, random in _peaks(program)]

    _panel(axes, programs, TITLE_OF_MEMORY, values, lambda value: f"{_number(value)} {unit}")
    return figure


def png(figure: Figure) -> bytes:
    """A small file: few colours are enough for lines and letters."""
    drawn, out = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DPI)
    image = Image.open(drawn).convert("RGB").quantize(_COLOURS_IN_FILE, dither=Image.Dither.NONE)
    image.save(out, format="PNG", optimize=True)
    return out.getvalue()


def _rates(kind: str) -> Callable[[Mapping[str, Any]], Values]:
    def values(program: Mapping[str, Any]) -> Values:
        points = [point for point in program["points"] if point[kind]]
        return [(p["length"], p[kind]["tokens_per_second"], p["random_state"]) for p in points]

    return values


def _peaks(program: Mapping[str, Any]) -> Values:
    points = [point for point in program["points"] if point["peak_bytes"] and point["prefill"]]
    return [(point["length"], float(point["peak_bytes"]), point["random_state"]) for point in points]


def _figure(programs: Mapping[str, Any], panels: int, height: float) -> tuple[Figure, Sequence[Axes]]:
    notes = _notes(programs)
    foot = 0.16 * len(notes) + 0.2
    figure = Figure(figsize=(_WIDTH, height), facecolor="white", edgecolor="#D0D7DE", linewidth=2)
    axes = list(figure.subplots(panels, 1, squeeze=False)[:, 0])
    figure.subplots_adjust(
        left=0.095, right=1 - _ROOM, top=1 - 0.42 / height, bottom=(foot + 0.5) / height, hspace=0.42
    )
    for row, note in enumerate(notes):
        figure.text(0.02, (foot - 0.02 - 0.16 * (row + 1)) / height, note, fontsize=8, color=_GREY, va="bottom")
    return figure, axes


def _notes(programs: Mapping[str, Any]) -> list[str]:
    points = [point for program in programs.values() for point in program["points"]]
    first = next(iter(programs.values()), {"machine": {}, "device": ""})
    found = first["machine"]
    where = (
        found.get("gpu") if first["device"] == "cuda" else f"{found.get('processor')}, {found.get('threads')} threads"
    )
    sizes = {program["kind"]: f"{program['parameters'] / 1e9:.2f} billion" for program in programs.values()}
    notes = [
        f"{where}, torch {found.get('torch')}, {found.get('date')}; one sequence, random weights: "
        + ", ".join(f"{_MODELS[kind]} {size}" for kind, size in sizes.items() if kind in _MODELS)
    ]
    if any(point["random_state"] for point in points):
        notes.append("hollow: the state or cache of that length was filled with random values instead of read")
    if any(point["prefill"] is None or point["decode"] is None for point in points):
        notes.append("×: not measured, for lack of memory or time; the result file has the reason of each")
    if any(not program["complete"] for program in programs.values()):
        notes.append("the run was not complete: some lengths are missing")
    return notes


def _panel(
    axes: Axes,
    programs: Mapping[str, Any],
    title: str,
    values_of: Callable[[Mapping[str, Any]], Values],
    shown: Callable[[float], str],
) -> None:
    lengths = sorted({point["length"] for program in programs.values() for point in program["points"]})
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold", color=_INK)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xticks(lengths, [label(length) for length in lengths])
    axes.minorticks_off()
    axes.set_xlabel("tokens of input", fontsize=9, color=_GREY)
    axes.tick_params(labelsize=9, colors=_INK, length=0)
    axes.grid(color="#E3E3E3", linewidth=0.8)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    everything = {name: values_of(program) for name, program in programs.items()}
    for name, values in everything.items():
        _line(axes, LOOKS[name], values)
    numbers = [value for values in everything.values() for _, value, _ in values]
    if not numbers:
        return
    missing = {name: _missing(program, everything[name]) for name, program in programs.items()}
    rows = [name for name in LOOKS if missing.get(name)]
    # Room around the lines, so that nearly equal values do not look far apart, and at the foot for the crosses.
    low, high = min(numbers) / (6 if rows else 2), max(numbers) * 2
    axes.set_ylim(low, high)
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < _FEW_DECADES else (1,)))
    axes.yaxis.set_major_formatter(lambda value, _: shown(value))
    for row, name in enumerate(rows):
        _crosses(axes, LOOKS[name], missing[name], row)
    _names(axes, programs, everything, shown)


def _missing(program: Mapping[str, Any], values: Values) -> list[int]:
    known = {length for length, _, _ in values}
    return [point["length"] for point in program["points"] if point["length"] not in known]


def _line(axes: Axes, look: Look, values: Values) -> None:
    style = {"color": look.colour, "linewidth": 2.0, "zorder": 3, "clip_on": False}
    marks = {"marker": look.marker, "markersize": 6.5, "linestyle": "none", "markeredgewidth": 1.6}
    read = [(length, value) for length, value, random in values if not random]
    filled = [(length, value) for length, value, random in values if random]
    for points, line in ((read, "-"), (read[-1:] + filled, ":")):
        axes.plot([length for length, _ in points], [value for _, value in points], linestyle=line, **style)
    for points, face in ((read, look.colour), (filled, "white")):
        xs, ys = [length for length, _ in points], [value for _, value in points]
        axes.plot(xs, ys, **marks, markerfacecolor=face, **{**style, "zorder": 4})


def _crosses(axes: Axes, look: Look, lengths: Sequence[int], row: int) -> None:
    """At the foot, those of each program in a row of their own."""
    axes.plot(
        lengths,
        [0.05 + 0.08 * row] * len(lengths),
        transform=axes.get_xaxis_transform(),
        linestyle="none",
        marker="x",
        markersize=6.5,
        markeredgewidth=2,
        color=look.colour,
        clip_on=False,
    )


def _names(
    axes: Axes, programs: Mapping[str, Any], everything: Mapping[str, Values], shown: Callable[[float], str]
) -> None:
    """Each line's name, weight format and last value at its end, moved apart where they would overlap."""
    last = {name: values[-1] for name, values in everything.items() if values}
    to_share = axes.transScale + axes.transLimits
    wanted = {name: float(to_share.transform((length, value))[1]) for name, (length, value, _) in last.items()}
    pixels = axes.bbox.height / axes.figure.dpi
    places = spread(wanted, least=0.36 / pixels)
    for name, (length, value, _) in last.items():
        look = LOOKS[name]
        end = float(to_share.transform((length, value))[0])
        text = f"{look.title}\n{programs[name]['weight_format']}: {shown(value)} at {label(length)}"
        axes.annotate(
            text,
            xy=(end, wanted[name]),
            xytext=(1.06, places[name]),
            xycoords="axes fraction",
            textcoords="axes fraction",
            fontsize=8.5,
            color=look.colour,
            va="center",
            annotation_clip=False,
            linespacing=1.25,
            arrowprops={
                "arrowstyle": "-",
                "color": look.colour,
                "linewidth": 0.8,
                "linestyle": (0, (2, 2)),
                "shrinkA": 1,
                "shrinkB": 6,
                "relpos": (0, 0.5),
            },
        )


def spread(wanted: Mapping[str, float], least: float) -> dict[str, float]:
    """Places at least so far apart, in the same order, none moved further than pushing neighbours apart asks for."""
    names = sorted(wanted, key=lambda name: wanted[name])
    places = [wanted[name] for name in names]
    for _ in range(50):
        for index in range(1, len(places)):
            gap = least - (places[index] - places[index - 1])
            if gap > 1e-9:
                places[index - 1] -= gap / 2
                places[index] += gap / 2
    return dict(zip(names, places, strict=True))


def _number(value: float) -> str:
    """Three significant digits."""
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.0f}" if rounded >= 100 else f"{rounded:g}"
