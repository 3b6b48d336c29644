"""Measuring the machine on small models, and what is worked out from their times."""

import os
import random
from dataclasses import astuple, replace
from pathlib import Path

import pytest
import torch

from app.core.errors import ResourceError, UserError
from app.inference import machine_limits
from app.inference.compiled import load_compiled
from app.inference.limits_file import load_limits
from app.inference.machine_limits import costs, measure_limits, probe_configs
from app.inference.memory import estimate_memory
from app.inference.speed import expected_rates, reading_work, writing_work
from app.inference.weight_format import WeightFormat

CPU_FORMATS = ("float32", "bfloat16", "int8", "int4")


@pytest.fixture
def small_probes(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same two kinds of shapes, in seconds' time."""

    def small(form: WeightFormat, device: str) -> tuple[object, object]:
        wide, narrow = probe_configs(form, device)
        changes = {"vocab_size": 256, "num_heads": 4, "num_kv_heads": 1, "window_tokens": 32, "window_keys": 33}
        return (
            replace(wide, width=128, mlp_width=384, lru_width=128, **changes),
            replace(narrow, width=64, mlp_width=96, lru_width=64, **changes),
        )

    # Compiled code comes from where all tests keep theirs, whatever folder a test measures into.
    load_compiled(Path(os.environ["GRIFFIN_DESK_CACHE_DIR"]))
    monkeypatch.setattr(machine_limits, "probe_configs", small)
    monkeypatch.setattr(machine_limits, "_SECONDS", 0.0)


@pytest.mark.usefixtures("small_probes")
def test_every_format_is_measured_and_kept(tmp_path: Path) -> None:
    """Each gets costs that make sense, the machine its name and memory; and the next start finds them."""
    told: list[tuple[int, int]] = []
    limits = measure_limits("cpu", tmp_path, on_progress=lambda done, total: told.append((done, total)))
    assert limits.device == "cpu" and limits.name and limits.total_bytes > 0
    assert sorted(limits.formats) == sorted(CPU_FORMATS)
    assert told == [(done, 4) for done in range(4)]
    for form, cost in limits.formats.items():
        assert all(seconds >= 0.0 for seconds in astuple(cost))
        rates = expected_rates(probe_configs(WeightFormat(form), "cpu")[0], WeightFormat(form), limits)
        assert rates is not None and rates.read > 0.0 and rates.write > 0.0
    assert load_limits(tmp_path, "cpu") == limits


@pytest.mark.usefixtures("small_probes")
def test_threads_are_those_asked_for(tmp_path: Path) -> None:
    """And what was measured counts for them alone."""
    before = torch.get_num_threads()
    try:
        limits = measure_limits("cpu", tmp_path, threads=1)
        assert torch.get_num_threads() == 1
        assert load_limits(tmp_path, "cpu", threads=1) == limits
        assert load_limits(tmp_path, "cpu", threads=64) is None
    finally:
        torch.set_num_threads(before)


@pytest.mark.usefixtures("small_probes")
def test_a_format_without_memory_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The others are measured all the same."""
    measure = machine_limits.measure_format

    def short(form: WeightFormat, *rest: object) -> object:
        if form is WeightFormat.FLOAT32:
            raise ResourceError("there is not enough memory")
        return measure(form, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(machine_limits, "measure_format", short)
    assert sorted(measure_limits("cpu", tmp_path).formats) == ["bfloat16", "int4", "int8"]


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    """Is refused."""
    with pytest.raises(UserError, match="unknown device"):
        measure_limits("tpu", tmp_path)


@pytest.mark.parametrize("form", [WeightFormat(name) for name in CPU_FORMATS])
def test_small_models_are_small(form: WeightFormat) -> None:
    """Both together find room on any machine that runs models; the wide one outgrows the caches of most."""
    wide, narrow = (estimate_memory(config, form, chunk_tokens=512) for config in probe_configs(form, "cpu"))
    assert wide.total + narrow.total < 3 << 29
    assert wide.weights_bytes > 512 << 20


@pytest.mark.parametrize("form", [WeightFormat.INT8, WeightFormat.BFLOAT16])
def test_costs_are_told_apart(form: WeightFormat) -> None:
    """From times without noise, each comes out as it went in: the three cases differ enough in what they count."""
    wide, narrow = probe_configs(form, "cpu")
    writing = [writing_work(wide, form), writing_work(narrow, form), writing_work(narrow, form, position=1)]
    reading = [reading_work(wide, 512), reading_work(narrow, 512), reading_work(narrow, 512, position=1)]
    for counts, expected in (
        ([(work.nbytes, work.layers, work.keys) for work in writing], (6e-11, 4e-5, 5e-11)),
        ([(work.operations, work.numbers, work.keys) for work in reading], (1e-12, 1e-9, 3e-11)),
    ):
        seconds = [sum(a * b for a, b in zip(row, expected, strict=True)) for row in counts]
        assert costs(counts, seconds) == pytest.approx(expected, rel=1e-6)


def test_noise_makes_no_cost_negative() -> None:
    """Whatever the times: the first is never nothing, and the whole agrees with the times as far as it can."""
    numbers = random.Random(0)
    counts = [(500.0, 2.0, 20.0), (30.0, 8.0, 60.0), (30.0, 8.0, 1.0)]
    for _ in range(200):
        seconds = [numbers.uniform(0.1, 10.0) for _ in counts]
        found = costs(counts, seconds)
        assert found[0] > 0.0 and min(found) >= 0.0
    # Two cases that take as long with and without keys: those cost nothing then.
    assert costs(counts, [500.0 + 2.0, 30.0 + 8.0, 30.0 + 8.0]) == pytest.approx((1.0, 1.0, 0.0), abs=1e-9)
