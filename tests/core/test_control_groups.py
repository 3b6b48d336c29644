"""Which control groups limit a process, in both versions of Linux's."""

from pathlib import Path

import pytest

from app.core.control_groups import ControlGroup, control_groups


def _groups(tmp_path: Path, text: str, controller: str) -> list[ControlGroup]:
    (tmp_path / "cgroup").write_text(text)
    return list(control_groups(controller, tmp_path / "cgroup", tmp_path / "fs"))


def test_own_group_first_then_those_above(tmp_path: Path) -> None:
    """Version 2 has one tree for all controllers."""
    folders = [tmp_path / "fs/a/b", tmp_path / "fs/a", tmp_path / "fs"]
    assert _groups(tmp_path, "0::/a/b\n", "cpu") == [ControlGroup(folder, False) for folder in folders]


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    """The one asked for alone, and a mixed system's second version."""
    text = "9:name=systemd:/x\n4:cpu,cpuacct:/job\n3:cpuset:/y\n0::/\n"
    assert _groups(tmp_path, text, "cpu") == [
        ControlGroup(tmp_path / "fs/cpu/job", True),
        ControlGroup(tmp_path / "fs/cpu", True),
        ControlGroup(tmp_path / "fs", False),
    ]


def test_nothing_off_linux(tmp_path: Path) -> None:
    """There is no file then."""
    assert list(control_groups("cpu", tmp_path / "missing", tmp_path)) == []


def test_files_are_read_without_their_line_end(tmp_path: Path) -> None:
    """A missing one is an OSError."""
    (tmp_path / "cpu.max").write_text("max 100000\n")
    group = ControlGroup(tmp_path, False)
    assert group.read("cpu.max") == "max 100000"
    with pytest.raises(OSError):
        group.read("memory.max")
