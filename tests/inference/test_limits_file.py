"""What was measured is found again by the same machine, threads and versions, and by no other."""

import json
from pathlib import Path

import pytest

from app.inference import limits_file
from app.inference.limits_file import FILE, all_limits, load_limits, processor_name, save_limits
from app.inference.speed import FormatLimits, MachineLimits

COST = FormatLimits(1e-10, 1e-5, 1e-12, 1e-12, 1e-9, 1e-11)
CPU = MachineLimits("cpu", "A processor", 8 << 30, ("bfloat16",), {"int8": COST, "float32": COST})
GPU = MachineLimits("cuda", "A GPU", 16 << 30, (), {"bfloat16": COST})


def test_what_was_saved_is_found(tmp_path: Path) -> None:
    """Device by device, in one file."""
    cache = tmp_path / "cache"
    assert load_limits(cache, "cpu") is None and all_limits(cache) == {}
    save_limits(cache, CPU)
    save_limits(cache, GPU)
    assert load_limits(cache, "cpu") == CPU
    assert all_limits(cache) == {"cpu": CPU, "cuda": GPU}


def test_threads_count(tmp_path: Path) -> None:
    """As many as are asked for, or as the engine takes by itself."""
    save_limits(tmp_path, CPU, threads=3)
    assert load_limits(tmp_path, "cpu", threads=3) == CPU
    assert load_limits(tmp_path, "cpu", threads=64) is None


@pytest.mark.parametrize("what", ["processor_name", "program_version"])
def test_another_machine_or_version_knows_nothing(what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache folder may have been moved, or the program may have been updated."""
    save_limits(tmp_path, CPU)
    monkeypatch.setattr(limits_file, what, lambda: "another")
    assert load_limits(tmp_path, "cpu") is None
    save_limits(tmp_path, GPU)
    monkeypatch.undo()
    assert load_limits(tmp_path, "cpu") == CPU


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("formats", {"int8": {}}),
        ("formats", {"int8": "fast"}),
        ("formats", []),
        ("formats", {"int8": dict.fromkeys(FormatLimits.__dataclass_fields__, -1.0)}),
        ("formats", {"int8": dict.fromkeys(FormatLimits.__dataclass_fields__, 0.0)}),
        ("formats", {"int8": dict.fromkeys(FormatLimits.__dataclass_fields__, float("nan"))}),
        ("total_bytes", "much"),
        ("slow_formats", None),
    ],
)
def test_damage_counts_as_not_measured(field: str, value: object, tmp_path: Path) -> None:
    """It costs measuring once more, never an error or a division by nothing."""
    save_limits(tmp_path, CPU)
    content = json.loads((tmp_path / FILE).read_text())
    (entry,) = content.values()
    entry[field] = value
    (tmp_path / FILE).write_text(json.dumps(content))
    assert load_limits(tmp_path, "cpu") is None


def test_processor_has_a_name() -> None:
    """For the user, and to tell machines apart."""
    assert processor_name().strip()
