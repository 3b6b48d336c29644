"""The machine's memory as it, and a container, tell it."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from app.core.control_groups import ControlGroup
from app.inference import host_memory
from app.inference.host_memory import (
    RESERVE_BYTES,
    GroupMemory,
    free_host_bytes,
    gibibytes,
    group_memory,
    total_host_bytes,
)

GIB = 2**30


def _group(folder: Path, version: int, limit: str, usage: int, inactive: int, active: int) -> ControlGroup:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    prefix = "" if version == 2 else "total_"
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{prefix}inactive_file {inactive}\n{prefix}active_file {active}\n")
    return ControlGroup(folder, version == 1)


def test_limits_of_all_groups_above_count(tmp_path: Path) -> None:
    """'max' is no limit; pages of files are free."""
    groups = [
        _group(tmp_path / "a/b", 2, "1000", 700, 30, 4),
        _group(tmp_path / "a", 2, "5000", 4900, 0, 0),
        _group(tmp_path, 2, "max", 9999, 0, 0),
    ]
    assert group_memory(groups) == [GroupMemory(1000, 334), GroupMemory(5000, 100)]


def test_version_1(tmp_path: Path) -> None:
    """Other names of files, and a number beyond any machine for no limit."""
    groups = [
        _group(tmp_path / "job", 1, "1000", 400, 10, 20),
        _group(tmp_path, 1, "9223372036854771712", 400, 10, 20),
    ]
    assert group_memory(groups) == [GroupMemory(1000, 630)]


def test_files_that_say_something_else(tmp_path: Path) -> None:
    """Limit nothing, and so do groups without files."""
    assert group_memory([_group(tmp_path, 2, "much", 1, 1, 1), ControlGroup(tmp_path / "none", False)]) == []


@pytest.mark.parametrize(("left", "expected"), [([], 8 * GIB), ([3 * GIB, 5 * GIB], 3 * GIB), ([9 * GIB], 8 * GIB)])
def test_the_lowest_limit_counts(left: list[int], expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine or container, minus the reserve; never below nothing."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8 * GIB))
    monkeypatch.setattr(host_memory, "group_memory", lambda: [GroupMemory(64 * GIB, nbytes) for nbytes in left])
    assert free_host_bytes() == expected - RESERVE_BYTES
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    assert free_host_bytes() == 0


def test_a_container_has_what_it_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's memory is not its own."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(total=16 * GIB))
    monkeypatch.setattr(host_memory, "group_memory", lambda: [GroupMemory(4 * GIB, 0), GroupMemory(32 * GIB, 0)])
    assert total_host_bytes() == 4 * GIB


def test_gibibytes() -> None:
    """MiB below one GiB."""
    assert [gibibytes(n) for n in (310 * 2**20, GIB, 27 * GIB // 10)] == ["310 MiB", "1.0 GiB", "2.7 GiB"]
