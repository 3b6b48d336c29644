"""Free memory as the machine, a container and a GPU tell it, and the refusal in words."""

from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from app.core.errors import ResourceError
from app.inference import free_memory
from app.inference.free_memory import RESERVE_BYTES, cgroup_free_bytes, free_bytes, gibibytes, require_memory

CPU = torch.device("cpu")
GIB = 2**30


def _group(folder: Path, version: int, limit: str, usage: int, inactive: int, active: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    names = ("memory.max", "memory.current") if version == 2 else ("memory.limit_in_bytes", "memory.usage_in_bytes")
    prefix = "" if version == 2 else "total_"
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{usage}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{prefix}inactive_file {inactive}\n{prefix}active_file {active}\n")


def test_limits_of_all_groups_above_count(tmp_path: Path) -> None:
    """Version 2: each folder from the process's own up to the top; 'max' is no limit; pages of files are free."""
    (tmp_path / "cgroup").write_text("0::/a/b\n")
    _group(tmp_path / "fs/a/b", 2, "1000", 700, 30, 4)
    _group(tmp_path / "fs/a", 2, "5000", 4900, 0, 0)
    _group(tmp_path / "fs", 2, "max", 9999, 0, 0)
    assert cgroup_free_bytes(tmp_path / "cgroup", tmp_path / "fs") == [334, 100]


def test_a_container_sees_its_own_top_only(tmp_path: Path) -> None:
    """The path is the host's, the folder that is mounted is the container's."""
    (tmp_path / "cgroup").write_text("0::/docker/123\n")
    _group(tmp_path / "fs", 2, "1000", 400, 100, 0)
    assert cgroup_free_bytes(tmp_path / "cgroup", tmp_path / "fs") == [700]


def test_version_1(tmp_path: Path) -> None:
    """The memory controller alone counts."""
    (tmp_path / "cgroup").write_text("9:name=systemd:/x\n4:cpu,memory:/job\n1:cpuset:/job\n")
    _group(tmp_path / "fs/memory/job", 1, "1000", 400, 10, 20)
    _group(tmp_path / "fs/cpuset/job", 1, "1", 0, 0, 0)
    assert cgroup_free_bytes(tmp_path / "cgroup", tmp_path / "fs") == [630]


def test_no_groups(tmp_path: Path) -> None:
    """Another system than Linux, or files that say something else."""
    assert cgroup_free_bytes(tmp_path / "cgroup", tmp_path) == []
    (tmp_path / "cgroup").write_text("0::/\n")
    _group(tmp_path / "fs", 2, "much", 1, 1, 1)
    assert cgroup_free_bytes(tmp_path / "cgroup", tmp_path / "fs") == []


@pytest.mark.parametrize(("groups", "expected"), [([], 8 * GIB), ([3 * GIB, 5 * GIB], 3 * GIB), ([9 * GIB], 8 * GIB)])
def test_the_lowest_limit_counts(groups: list[int], expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Machine or container, minus the reserve; never below nothing."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8 * GIB))
    monkeypatch.setattr(free_memory, "cgroup_free_bytes", lambda: groups)
    assert free_bytes(CPU) == expected - RESERVE_BYTES
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=1000))
    assert free_bytes(CPU) == 0


def test_cuda_counts_what_torch_keeps_for_reuse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Free on the device, and reserved but not in use."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 5000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 300)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 100)
    assert free_bytes(torch.device("cuda")) == 1200


def test_mps_is_part_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lower of what the machine has and what the GPU may take."""
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=8 * GIB))
    monkeypatch.setattr(free_memory, "cgroup_free_bytes", list)
    monkeypatch.setattr(torch.mps, "current_allocated_memory", lambda: GIB)
    for most, expected in ((5 * GIB, 4 * GIB), (20 * GIB, 8 * GIB - RESERVE_BYTES)):
        monkeypatch.setattr(torch.mps, "recommended_max_memory", lambda most=most: most)
        assert free_bytes(torch.device("mps")) == expected


def test_refusal_names_need_and_free_amount(monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next step, which differs by device; what fits passes."""
    monkeypatch.setattr(free_memory, "free_bytes", lambda device: 2 * GIB)
    require_memory(2 * GIB, CPU, "the model")
    with pytest.raises(ResourceError) as caught:
        require_memory(27 * GIB // 10, CPU, "the model")
    assert caught.value.code == "out-of-memory"
    assert caught.value.message == (
        "there is not enough memory for the model: it needs 2.7 GiB, 2.0 GiB are free on this machine; "
        "close other programs, or choose a smaller model or weight format (--weight-format int8)"
    )
    with pytest.raises(ResourceError, match=r"free on the device cuda:1; .* or --device cpu"):
        require_memory(3 * GIB, torch.device("cuda:1"), "the model")


def test_gibibytes() -> None:
    """MiB below one GiB."""
    assert [gibibytes(n) for n in (310 * 2**20, GIB, 27 * GIB // 10)] == ["310 MiB", "1.0 GiB", "2.7 GiB"]
