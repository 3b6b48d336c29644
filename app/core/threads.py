"""How this process shares the processor: how its OpenMP threads wait, and whether it lets others go first."""

from __future__ import annotations

import sys
from collections.abc import MutableMapping
from contextlib import suppress

import psutil

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
