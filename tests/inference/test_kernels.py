"""The choice of the int8 product: exact candidates only, clear wins only, kept between starts."""

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.inference import kernels
from app.inference.kernels import MATMULS, TOKEN_CLASSES, TOKEN_ROW, KernelChoice, choose_kernels, self_test


@pytest.mark.parametrize("name", MATMULS)
@pytest.mark.parametrize("rows", [1, 2, 33])
@pytest.mark.parametrize("in_features", [64, 1100, 4097, 7681])
def test_products_are_exact(name: str, rows: int, in_features: int) -> None:
    """Equal to the product in 64-bit integers, random and extreme codes, below and beyond float32's exact range."""
    generator = torch.Generator().manual_seed(rows)
    weight = torch.randint(-127, 128, (40, in_features), dtype=torch.int8, generator=generator)
    codes = torch.randint(-128, 128, (rows, in_features), dtype=torch.int8, generator=generator)
    weight[0], weight[1], codes[0] = 127, -127, -128
    assert torch.equal(MATMULS[name](codes, weight).long(), codes.long() @ weight.long().t())


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"a": 1.0}, "a"),
        ({"a": 1.0, "b": 0.81}, "a"),
        ({"a": 1.0, "b": 0.79}, "b"),
        ({"a": 1.0, "b": 0.79, "c": 0.7}, "b"),
        ({"a": 1.0, "b": 0.79, "c": 0.6}, "c"),
    ],
)
def test_only_a_clear_win_counts(seconds: dict[str, float], expected: str) -> None:
    """A later candidate must take less than 0.8 of the time of the best before it: noise decides nothing."""
    assert kernels._fastest(seconds) == expected


def test_for_tokens() -> None:
    """The largest class not above the tokens; a product for one token never serves two, which take the next class's."""
    choice = KernelChoice({1: TOKEN_ROW, 8: "int_mm_by_row", 256: "float_mm"}, {})
    found = {tokens: choice.for_tokens(tokens) for tokens in (1, 2, 7, 8, 255, 256, 10_000)}
    assert found == {
        1: TOKEN_ROW,
        2: "int_mm_by_row",
        7: "int_mm_by_row",
        8: "int_mm_by_row",
        255: "int_mm_by_row",
        256: "float_mm",
        10_000: "float_mm",
    }


def _saturating(codes: Tensor, weight: Tensor) -> Tensor:
    return (codes.long() @ weight.long().t()).clamp(-(2**15), 2**15 - 1)


def _unavailable(codes: Tensor, weight: Tensor) -> Tensor:
    raise RuntimeError("no such operator")


def test_inexact_and_absent_products_are_never_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that saturates (x86 without VNNI) or does not exist is out, whatever its speed."""
    monkeypatch.setitem(MATMULS, "int_mm", _saturating)
    monkeypatch.setitem(MATMULS, "int_mm_by_row", _unavailable)
    choice = self_test(128, 64, None)
    assert dict(choice.chosen) == dict.fromkeys(TOKEN_CLASSES, "float_mm")
    assert choice.seconds["1 int_mm"] is None and choice.seconds["1 int_mm_by_row"] is None
    assert all(choice.seconds[f"{tokens} float_mm"] for tokens in TOKEN_CLASSES)


@pytest.fixture
def tests_run(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Shapes of the self-tests that were run; each chooses float_mm."""
    shapes: list[tuple[int, int]] = []

    def fake(in_features: int, out_features: int, compiled: object) -> KernelChoice:
        shapes.append((in_features, out_features))
        return KernelChoice(dict.fromkeys(TOKEN_CLASSES, "float_mm"), {"1 float_mm": 0.5, "1 int_mm": None})

    monkeypatch.setattr(kernels, "self_test", fake)
    return shapes


def test_choice_is_kept(tests_run: list[tuple[int, int]], tmp_path: Path) -> None:
    """One self-test per shape and machine: the second start reads the file."""
    cache = tmp_path / "cache"
    first = choose_kernels(64, 32, None, cache_dir=cache)
    assert choose_kernels(64, 32, None, cache_dir=cache) == first
    assert first.chosen == dict.fromkeys(TOKEN_CLASSES, "float_mm") and first.seconds["1 int_mm"] is None
    choose_kernels(64, 48, None, cache_dir=cache)
    choose_kernels(64, 32, None)
    assert tests_run == [(64, 32), (64, 48), (64, 32)]


def test_a_choice_of_a_busy_machine_is_made_once_more(
    tests_run: list[tuple[int, int]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour later, and when the machine is at rest: until then what was saved goes on with the same products."""
    clock, busy = [1000.0], [True]
    monkeypatch.setattr(kernels.time, "time", lambda: clock[0])
    monkeypatch.setattr(kernels, "_is_busy", lambda: busy[0])

    def tests_after(seconds: float, *, at_rest: bool) -> int:
        clock[0] += seconds
        busy[0] = not at_rest
        choose_kernels(64, 32, None, cache_dir=tmp_path)
        return len(tests_run)

    assert tests_after(0, at_rest=False) == 1
    assert tests_after(60, at_rest=True) == 1
    assert tests_after(4000, at_rest=False) == 1
    assert tests_after(60, at_rest=True) == 2
    assert tests_after(9000, at_rest=True) == 2


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        '{"key": []}',
        '{"KEY": {"chosen": {"1": "float_mm"}, "seconds": {}}}',
        '{"KEY": {"chosen": {"1": "float_mm", "8": "magic", "256": "float_mm"}, "seconds": {}}}',
        '{"KEY": {"chosen": {"1": ["float_mm"], "8": {}, "256": null}, "seconds": {}}}',
        '{"KEY": {"chosen": {"one": "float_mm"}, "seconds": {}}}',
    ],
)
def test_damaged_cache_is_ignored(content: str, tests_run: list[tuple[int, int]], tmp_path: Path) -> None:
    """Unknown names, missing classes or no JSON at all cost one self-test, and the file is mended."""
    choose_kernels(64, 32, None, cache_dir=tmp_path)
    path = tmp_path / "kernels.json"
    (key,) = json.loads(path.read_text())
    path.write_text(content.replace("KEY", key))
    assert choose_kernels(64, 32, None, cache_dir=tmp_path).for_tokens(1) == "float_mm"
    assert len(tests_run) == 2
    assert key in json.loads(path.read_text())


def test_cache_that_cannot_be_written(tests_run: list[tuple[int, int]], tmp_path: Path) -> None:
    """A read-only cache costs a self-test at each start, nothing more."""
    (tmp_path / "cache").write_text("")
    assert choose_kernels(64, 32, None, cache_dir=tmp_path / "cache").for_tokens(1) == "float_mm"
    assert tests_run == [(64, 32)]
