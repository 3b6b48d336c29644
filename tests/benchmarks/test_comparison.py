"""The comparison's script on tiny models: complete figures, reasons for what is missing, and what ends a run."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.inference.bench.report import Point, Rate, Series
from app.inference.bench.transformer import TransformerShape
from app.inference.config import config_from_json
from benchmarks import comparison, comparison_agreement
from benchmarks.comparison import PROGRAMS, OutOfTimeError, Plan, Shapes, expected_seconds, is_done, refusal, run_part
from tests.checkpoints import raw_config

TINY = Shapes(
    config_from_json(raw_config("recurrentgemma", hidden_size=64, intermediate_size=256)),
    TransformerShape("tiny Gemma", 97, 64, 128, layers=2, heads=4, kv_heads=1, head_dim=16),
)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Two lengths, of which the second is never expected to be read within the limit."""
    monkeypatch.setattr(comparison, "shapes", lambda name: TINY)
    monkeypatch.setattr(comparison, "_cache", lambda: Path(os.environ["GRIFFIN_DESK_CACHE_DIR"]))
    monkeypatch.setattr("app.inference.bench.run.read_bandwidth", lambda device, size: 1e10)
    out = tmp_path / "comparison_tiny.json"
    return Plan(torch.device("cpu"), "tiny", (16, 64), 0.0, 0.01, time.monotonic() + 600, out)


def read(length: int, seconds: float) -> Point:
    return Point(length, False, 1, 1, Rate(length / seconds, (length / seconds,), length))


def series(kind: str, *points: Point) -> Series:
    return Series("a program", kind, 1, "float32", 1, 1, "float32", points=points)


def test_seconds_grow_as_between_the_two_longest_prompts() -> None:
    """Four times the tokens took eight times as long (power 1.5), so again; from one alone it is in proportion."""
    assert expected_seconds([read(2048, 1.0), read(8192, 8.0)], 32768) == pytest.approx(64.0)
    assert expected_seconds([read(2048, 1.0)], 8192) == pytest.approx(4.0)
    assert expected_seconds([read(2048, 1.0), read(8192, 0.5)], 32768) == pytest.approx(2.0)
    assert expected_seconds([replace(read(2048, 1.0), random_state=True)], 8192) is None


def test_why_a_prompt_is_not_read(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the limit, or beyond the end of the run; an engine that reads in chunks goes on from any state."""
    plan = replace(plan, limit=10.0)
    known = series("griffin", read(2048, 5.0))
    assert refusal(plan, known, 0, 4096) is None
    assert refusal(plan, known, 0, 8192) == "of 8k tokens in one pass is expected to take 20 s, over the limit of 10 s"
    assert refusal(plan, known, 1 << 20, 2048) is None
    monkeypatch.setattr(comparison.time, "monotonic", lambda: 100.0)
    late = replace(plan, limit=3600.0, deadline=112.4)
    assert "20 s, over the 12 s left of the run" in str(refusal(late, known, 0, 8192))


def test_transformers_reads_from_nothing_only(plan: Plan) -> None:
    """On top of a random state it reads nothing; where the whole prompt would take too long, that is the reason."""
    plan = replace(plan, limit=10.0)
    assert "from nothing" in str(refusal(plan, series("reference", read(2048, 1.0)), 8192, 2048))
    assert "of 32k tokens" in str(refusal(plan, series("reference", read(2048, 1.0)), 32768, 2048))


def test_nothing_is_begun_after_the_end(plan: Plan) -> None:
    """Whatever the figures say."""
    with pytest.raises(OutOfTimeError):
        refusal(replace(plan, deadline=time.monotonic() - 1), series("griffin"), 0, 16)


@pytest.mark.parametrize("part", PROGRAMS)
def test_a_program_s_figures_are_complete(part: str, plan: Plan) -> None:
    """Both lengths are written from and have memory; the one that is not read has a reason, the other has none."""
    assert run_part(part, plan)
    figures = json.loads(plan.out.read_text())[part]
    assert figures["complete"] and figures["reason"] is None
    short, long = figures["points"]
    assert [short["length"], long["length"]] == [16, 64]
    assert short["prefill"]["tokens_per_second"] > 0 and short["reason"] is None and not short["random_state"]
    assert long["prefill"] is None and long["random_state"]
    assert "64 tokens in one pass is expected to take" in long["reason"] and "the limit of 0 s" in long["reason"]
    for point in (short, long):
        assert point["decode"]["tokens_per_second"] > 0 and point["peak_bytes"] is not None
    assert is_done(part, plan)
    assert not is_done(part, replace(plan, lengths=(16,))) and not is_done("agreement", plan)


def test_a_run_that_is_over_keeps_what_it_has_and_says_so(plan: Plan) -> None:
    """The program has its facts and the reason why lengths are missing, and is measured again the next time."""
    assert run_part("transformers_gemma", replace(plan, deadline=time.monotonic() - 1))
    figures = json.loads(plan.out.read_text())["transformers_gemma"]
    assert (figures["complete"], figures["points"]) == (False, [])
    assert figures["reason"] == comparison.OUT_OF_TIME
    assert not is_done("transformers_gemma", plan)


def test_a_program_that_does_not_fit_is_a_reason_too(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are measured all the same."""
    monkeypatch.setattr("app.inference.free_memory.free_bytes", lambda device: 1)
    assert run_part("transformers_recurrentgemma", plan)
    figures = json.loads(plan.out.read_text())["transformers_recurrentgemma"]
    assert figures["complete"] and figures["points"] == []
    assert "not enough memory for transformers' RecurrentGemma in float32" in figures["reason"]


def test_agreement(plan: Plan) -> None:
    """The two programs' logits on the same random weights, in float32 and as they are timed."""
    assert run_part("agreement", plan)
    figures = json.loads(plan.out.read_text())["agreement"]
    assert figures["complete"] and figures["float32"]["largest_difference"] < 1e-4
    measured = figures["measured"]
    assert measured["formats"] == ["int8", "float32"]
    assert measured["griffin_desk_from_float32"] == measured["relative_norm"] < 0.05
    assert measured["transformers_from_float32"] == 0.0


def test_programs_that_differ_are_not_compared(
    plan: Plan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The part fails, its figures say how far apart they are, and the run ends with it."""
    right = comparison_agreement.reference_logits
    monkeypatch.setattr(comparison_agreement, "reference_logits", lambda *given: right(*given) * 1.01)
    assert not run_part("agreement", plan)
    assert json.loads(plan.out.read_text())["agreement"]["float32"]["largest_difference"] > 1e-3
    begun: list[str] = []
    monkeypatch.setattr(comparison, "run_apart", lambda part, plan, minutes: begun.append(part) or 1)
    monkeypatch.setattr(sys, "argv", ["comparison", "--shape", "tiny", "--device", "cpu", "--out", str(plan.out)])
    assert comparison.main() == 1
    assert begun == ["agreement"]


def test_what_is_complete_is_not_measured_again(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same command goes on after an interruption; a program that fails does not keep the others from their turn."""
    plan = replace(plan, lengths=(256, 4096))
    plan.out.write_text(json.dumps({"agreement": {"complete": True, **plan.settings}}))
    begun: list[str] = []
    monkeypatch.setattr(comparison, "run_apart", lambda part, plan, minutes: begun.append(part) or len(begun) % 2)
    monkeypatch.setattr(sys, "argv", ["comparison", "--shape", "tiny", "--device", "cpu", "--out", str(plan.out)])
    assert comparison.main() == 1
    assert begun == list(PROGRAMS)
