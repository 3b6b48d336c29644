from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest

from app.inference.bench.plots import draw
from app.inference.bench.report import Point, Rate, Report, Series

pytest.importorskip("matplotlib", reason="plots are an optional extra")


def rate(value: float) -> Rate:
    return Rate(value, (value,), 32, 0.8)


def report(*, complete: bool = True) -> Report:
    """A Griffin at three lengths, a transformer that fits at two."""
    ours = [Point(n, n > 8192, 10, 1, rate(100), rate(8), 9.0, 1.0, False, 3 << 30) for n in (2048, 8192, 1 << 20)]
    theirs = [
        Point(2048, False, 10, 1, rate(30), rate(2), 2.1, 1.0, False, 9 << 30),
        Point(8192, False, 40, 1, None, rate(1), 2.0, None, False, 9 << 30, "prefill needs much"),
        Point(1 << 20, True, 5000, 1, decode_limit=0.5, problem="needs more"),
    ]
    series = (
        Series("Ours", "griffin", 10**9, "int8", 1, 1, "int8", points=tuple(ours)),
        Series("Theirs", "transformer", 10**9, "float32", 1, 1, "float32", points=tuple(theirs)),
    )
    machine = {"processor": "Some CPU", "threads": 2, "torch": "2.13", "date": "2026-11-25"}
    return Report(machine, "cpu", False, 1e10, series, complete)


def texts(svg: bytes) -> str:
    """Titles, labels and legend of a drawing: matplotlib keeps them as comments beside their outlines."""
    parser = ElementTree.XMLParser(target=ElementTree.TreeBuilder(insert_comments=True))
    root = ElementTree.fromstring(svg, parser)
    return "\n".join(node.text or "" for node in root.iter() if node.tag is ElementTree.Comment)


def test_both_plots_in_both_formats() -> None:
    """Four files, each what its name says."""
    files = draw(report())
    assert set(files) == {"rate.png", "rate.svg", "memory.png", "memory.svg"}
    assert all(files[name].startswith(b"\x89PNG") for name in files if name.endswith("png"))


def test_plots_say_what_they_show() -> None:
    """Models, units, lengths, machine, random states and points that do not fit are named."""
    files = draw(report())
    shown = texts(files["rate.svg"])
    for expected in ("Ours", "Theirs", "tokens per second", "log scale", "2k", "1M", "Some CPU", "Hollow"):
        assert expected in shown
    assert "does not fit into memory" in shown and "limit by memory bandwidth" in shown
    assert "interrupted" not in shown
    memory = texts(files["memory.svg"])
    assert "GiB" in memory and "KV cache alone" in memory and "state alone" in memory


def test_an_interrupted_run_says_so() -> None:
    """A plot that went on its way without the JSON still tells that points are missing."""
    assert "interrupted" in texts(draw(report(complete=False))["rate.svg"])


def test_a_run_without_points() -> None:
    """Interrupted before the first point, there are still two empty plots and no error."""
    empty = Report({}, "cpu", True, None, (Series("Ours", "griffin", 1, "int8", 1, 1, "int8"),))
    assert len(draw(empty)) == 4
