"""How this process shares the processor: how many threads work, how they wait, and whether they let others go first."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from app.core.control_groups import ControlGroup, control_groups

BACKGROUND_NICENESS = 10

SPIN_COUNT = 2000
"""Turns that a waiting thread spins before it sleeps: some tens of microseconds."""


def wait_passively(environ: MutableMapping[str, str]) -> None:
    """Let idle OpenMP threads sleep soon instead of spinning on; call it before importing torch.

    A thread that spins on wins microseconds on an idle machine and loses its whole time slice, milliseconds, at every
    parallel region when anything else runs: on two busy cores the default read at 30 to 450 tokens a second and
    wrote at 2 to 25, sleeping threads at 410 to 840 and 27 to 47 (docs/decisions.md). Spinning for no longer than
    waking up would take costs next to nothing and bridges the gaps between one region and the next: entering one
    takes 2 microseconds instead of 40 to 70. A choice that the user has made stands.
    """
    if "OMP_WAIT_POLICY" not in environ:
        environ["OMP_WAIT_POLICY"] = "PASSIVE"
        # GNU's OpenMP only, which torch's and numba's wheels use on Linux; others do not know it.
        environ.setdefault("GOMP_SPINCOUNT", str(SPIN_COUNT))


def yield_to_others() -> None:
    """Let other processes of the user's go first where both want the processor. Threads begun later do so too."""
    process = psutil.Process()
    with suppress(psutil.Error, OSError):
        if sys.platform == "win32":
            process.nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        else:
            process.nice(max(process.nice(), BACKGROUND_NICENESS))


@dataclass(frozen=True, slots=True)
class UsableCores:
    """Threads to compute with, and in words why so many."""

    threads: int
    reason: str


def usable_cores() -> UsableCores:
    """One thread for each physical core that this process may use: two on one core wait for the same multipliers.

    Counted are the cores under the processors that the process is bound to, at most as many as its control group
    (a container) has processor time for.
    """
    logical = psutil.cpu_count() or 1
    physical = psutil.cpu_count(logical=False) or logical
    cores, reason = physical, f"the machine has {_counted(physical, 'core')}"
    bound = _affinity()
    if bound is not None and len(bound) < logical:
        cores = cores_under(bound)
        reason = f"the process is bound to {len(bound)} of {logical} processors, on {_counted(cores, 'core')}"
    quota = processor_quota(control_groups("cpu"))
    if quota is not None and quota < cores:
        cores = max(1, int(quota))
        reason = f"the control group allows the time of {quota:g} processors"
    return UsableCores(cores, reason)


def cores_under(processors: Collection[int], folder: Path = Path("/sys/devices/system/cpu")) -> int:
    """Physical cores that these logical processors belong to; as many as processors where the system does not say."""
    cores = set()
    for number in processors:
        try:
            siblings = (folder / f"cpu{number}" / "topology" / "thread_siblings_list").read_text(encoding="utf-8")
        except OSError:
            siblings = str(number)
        cores.add(siblings.strip())
    return max(1, len(cores))


def processor_quota(groups: Iterable[ControlGroup]) -> float | None:
    """The least number of processors whose time one of the groups allows; None without a limit."""
    found = []
    for group in groups:
        with suppress(OSError, ValueError):
            if group.is_v1:
                quota, period = group.read("cpu.cfs_quota_us"), group.read("cpu.cfs_period_us")
            else:
                quota, period = group.read("cpu.max").split()
            if quota != "max" and int(quota) > 0 and int(period) > 0:
                found.append(int(quota) / int(period))
    return min(found, default=None)


def _affinity() -> set[int] | None:
    """The logical processors that the process may run on; None where the system does not bind processes."""
    if sys.platform == "linux":
        return os.sched_getaffinity(0)
    with suppress(psutil.Error, OSError, AttributeError):
        return set(psutil.Process().cpu_affinity())
    return None


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
