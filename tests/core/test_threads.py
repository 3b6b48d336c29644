"""app.core.threads: how many there are, and that the user's own choice stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from app.core import threads as threads_module
from app.core.control_groups import ControlGroup
from app.core.threads import (
    BACKGROUND_NICENESS,
    UsableCores,
    cores_under,
    processor_quota,
    usable_cores,
    wait_passively,
)

ROOT = Path(__file__).resolve().parent.parent.parent


def test_idle_threads_sleep_by_default() -> None:
    """Nothing set: asleep after a short while."""
    environ: dict[str, str] = {}
    wait_passively(environ)
    assert environ == {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "2000"}


def test_the_users_choice_stands() -> None:
    """Set already: left alone."""
    environ = {"OMP_WAIT_POLICY": "ACTIVE"}
    wait_passively(environ)
    assert environ == {"OMP_WAIT_POLICY": "ACTIVE"}


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of threads is Linux's")
@pytest.mark.parametrize(("before", "after"), [(0, BACKGROUND_NICENESS), (15, 15)])
def test_a_process_that_yields(before: int, after: int) -> None:
    """It goes behind others, with the threads begun later; one that stands further back stays there."""
    code = (
        "import os, threading\n"
        "from app.core.threads import yield_to_others\n"
        f"os.nice({before} - os.nice(0))\n"
        "yield_to_others()\n"
        "found = [os.nice(0)]\n"
        "thread = threading.Thread(target=lambda: found.append(os.nice(0)))\n"
        "thread.start(); thread.join()\n"
        "print(found)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == f"{[after, after]}\n"


def _cpu(folder: Path, number: int, siblings: str) -> None:
    topology = folder / f"cpu{number}" / "topology"
    topology.mkdir(parents=True)
    (topology / "thread_siblings_list").write_text(siblings + "\n")


def test_two_processors_on_one_core_are_one(tmp_path: Path) -> None:
    """Cores are told apart by the processors that share them; without a word from the system each is a core."""
    for number, siblings in enumerate(("0,2", "1,3", "0,2", "1,3")):
        _cpu(tmp_path, number, siblings)
    assert [cores_under(bound, tmp_path) for bound in ({0, 1, 2, 3}, {0, 2}, {1}, {7, 8}, set())] == [2, 1, 1, 2, 1]


@pytest.mark.parametrize(
    ("files", "is_v1", "expected"),
    [
        ({"cpu.max": "150000 100000"}, False, 1.5),
        ({"cpu.max": "max 100000"}, False, None),
        ({"cpu.max": "nonsense"}, False, None),
        ({"cpu.cfs_quota_us": "400000", "cpu.cfs_period_us": "100000"}, True, 4.0),
        ({"cpu.cfs_quota_us": "-1", "cpu.cfs_period_us": "100000"}, True, None),
        ({}, False, None),
    ],
)
def test_processor_time_of_a_container(
    files: dict[str, str], is_v1: bool, expected: float | None, tmp_path: Path
) -> None:
    """Both versions of control groups; no limit where there is none or where the file says something else."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert processor_quota([ControlGroup(tmp_path, is_v1)]) == expected


@pytest.mark.parametrize(
    ("bound", "quota", "threads", "reason"),
    [
        (None, None, 4, "the machine has 4 cores"),
        ({0, 1, 2, 3, 4, 5, 6, 7}, None, 4, "the machine has 4 cores"),
        ({0, 1, 2}, None, 3, "the process is bound to 3 of 8 processors, on 3 cores"),
        (None, 2.5, 2, "the control group allows the time of 2.5 processors"),
        ({0}, 2.5, 1, "the process is bound to 1 of 8 processors, on 1 core"),
        (None, 0.5, 1, "the control group allows the time of 0.5 processors"),
        (None, 6.0, 4, "the machine has 4 cores"),
    ],
)
def test_the_least_of_all_limits_counts(
    bound: set[int] | None, quota: float | None, threads: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cores, what the process is bound to, the container's processor time; with the reason in words."""
    monkeypatch.setattr(psutil, "cpu_count", lambda logical=True: 8 if logical else 4)
    monkeypatch.setattr(threads_module, "_affinity", lambda: bound)
    monkeypatch.setattr(threads_module, "cores_under", len)
    monkeypatch.setattr(threads_module, "processor_quota", lambda groups: quota)
    assert usable_cores() == UsableCores(threads, reason)
