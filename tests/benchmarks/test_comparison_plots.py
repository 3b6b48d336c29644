"""The comparison's plots: every program named at its line, crosses for what is missing, small files."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("matplotlib", reason="plots are an optional extra")

from matplotlib.figure import Figure
from PIL import Image

from benchmarks.comparison_plots import LOOKS, draw, memory, speed, spread

LENGTHS = (2048, 8192, 1 << 20)
KINDS = {"griffin_desk": "griffin", "transformers_gemma": "transformer", "transformers_recurrentgemma": "reference"}


def rate(value: float) -> dict[str, Any]:
    return {"tokens_per_second": value}


def program(name: str) -> dict[str, Any]:
    """Ours has everything; the others lack the reading of a million tokens, and Gemma its writing too."""
    points = []
    for length in LENGTHS:
        unread = length > 8192 and name != "griffin_desk"
        decode = None if unread and name == "transformers_gemma" else rate(40.0)
        points.append(
            {
                "length": length,
                "random_state": unread,
                "prefill": None if unread else rate(1234.5 if name == "griffin_desk" else 400.0),
                "decode": decode,
                "peak_bytes": None if decode is None else 6 << 30,
            }
        )
    machine = {"gpu": "Some GPU", "torch": "2.11", "date": "2026-11-29"}
    facts = {"kind": KINDS[name], "parameters": 2_500_000_000, "weight_format": "bfloat16", "complete": True}
    return {"machine": machine, "device": "cuda", "points": points, **facts}


@pytest.fixture
def programs() -> dict[str, Any]:
    return {name: program(name) for name in LOOKS}


def texts(figure: Figure) -> str:
    """All that is written on it."""
    shown = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        shown += [axes.get_title(loc="left"), axes.get_xlabel(), *(text.get_text() for text in axes.texts)]
    return "\n".join(shown)


def crosses(figure: Figure, panel: int) -> dict[str, list[int]]:
    """Colour -> lengths with a cross."""
    lines = [line for line in figure.axes[panel].lines if line.get_marker() == "x"]
    return {line.get_color(): list(line.get_xdata()) for line in lines}


def test_two_small_pictures_twice_as_wide_as_shown(programs: dict[str, Any], tmp_path: Path) -> None:
    """Named after the result file; 1,600 pixels wide, under 120 KB, with a white ground."""
    results = tmp_path / "comparison_h200.json"
    results.write_text(json.dumps({"agreement": {"complete": True}, **programs}))
    paths = draw(results, tmp_path / "images")
    assert [path.name for path in paths] == ["comparison-h200-speed.png", "comparison-h200-memory.png"]
    for path in paths:
        content = path.read_bytes()
        picture = Image.open(io.BytesIO(content)).convert("RGB")
        assert picture.width == 1600 and len(content) < 120_000
        assert picture.getpixel((30, 30)) == (255, 255, 255)


def test_lines_are_named_where_they_end(programs: dict[str, Any]) -> None:
    """Name, format and the last value of each, units and machine; no colour or marker twice."""
    shown = texts(speed(programs))
    for expected in (
        "Griffin Desk\nbfloat16: 1,230 at 1M",
        "RecurrentGemma\nbfloat16: 400 at 8k",
        "bfloat16: 40 at 1M",
    ):
        assert expected in shown
    for expected in (
        "Reading, tokens per second",
        "Writing, tokens per second",
        "Some GPU",
        "2026-11-29",
        "2.50 billion",
    ):
        assert expected in shown
    assert len({look.colour for look in LOOKS.values()}) == len({look.marker for look in LOOKS.values()}) == 3


def test_what_was_not_measured_has_a_cross(programs: dict[str, Any]) -> None:
    """In its program's colour, at the lengths that lack a value, and nowhere else."""
    gemma, reference = LOOKS["transformers_gemma"].colour, LOOKS["transformers_recurrentgemma"].colour
    figure = speed(programs)
    assert crosses(figure, 0) == {gemma: [1 << 20], reference: [1 << 20]}
    assert crosses(figure, 1) == {gemma: [1 << 20]}
    assert "not measured" in texts(figure)


def test_memory_is_shown_of_lengths_that_were_read(programs: dict[str, Any]) -> None:
    """What writing alone takes, from a state of random values, is no measure of a program's need."""
    figure = memory(programs)
    assert "RecurrentGemma\nbfloat16: 6 GiB at 8k" in texts(figure)
    assert set(crosses(figure, 0)) == {LOOKS[name].colour for name in LOOKS if name != "griffin_desk"}


def test_small_programs_are_shown_in_mib(programs: dict[str, Any]) -> None:
    """Below 2 GiB."""
    for each in programs.values():
        for point in each["points"]:
            point["peak_bytes"] = point["peak_bytes"] and 868 << 20
    assert "868 MiB at 1M" in texts(memory(programs))


def test_an_unfinished_run_says_so(programs: dict[str, Any]) -> None:
    """Missing points are not silently missing."""
    assert "not complete" not in texts(speed(programs))
    programs["transformers_gemma"]["complete"] = False
    assert "not complete" in texts(speed(programs))


def test_names_do_not_overlap() -> None:
    """Pushed apart around their middle, in order; those with room stay."""
    assert spread({"a": 0.5, "b": 0.5, "c": 0.9}, 0.1) == pytest.approx({"a": 0.45, "b": 0.55, "c": 0.9})
    assert spread({"low": 0.2, "high": 0.8}, 0.1) == {"low": 0.2, "high": 0.8}
