"""app.core.threads: the user's own choice stands."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from app.core.threads import BACKGROUND_NICENESS, wait_passively

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
