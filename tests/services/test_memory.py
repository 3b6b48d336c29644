from __future__ import annotations

import subprocess
import sys

import psutil

from app.services.memory import MemoryMeter, resident_bytes

MIB = 2**20


def test_children_are_counted() -> None:
    """A child that holds 64 MiB adds at least that much to the sum."""
    script = "data = bytearray(64 * 2**20); print('ready', flush=True); input()"
    before = resident_bytes()
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        assert resident_bytes() - before > 60 * MIB
        child.communicate("\n")


def test_peak_never_falls() -> None:
    """What was once held stays in the peak after it is freed."""
    with MemoryMeter(interval_s=0.01) as meter:
        data = bytearray(128 * MIB)
        data[::4096] = b"x" * len(data[::4096])
        high = meter.peak_bytes
        del data
        assert meter.peak_bytes >= high
    assert high >= 128 * MIB
    assert psutil.Process().memory_info().rss < high
