from __future__ import annotations

import time

import pytest
import torch

from app.inference.bench import memory
from app.inference.bench.memory import PeakMeter, shortage

CPU = torch.device("cpu")


def test_shortage_names_need_and_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is told with both numbers; what fits is not told."""
    monkeypatch.setattr(memory, "free_bytes", lambda device: 3 << 30)
    assert shortage(4 << 30, CPU) == "needs 4.0 GiB of memory, 3.0 GiB are free"
    assert shortage(3 << 30, CPU) is None


def test_peak_outlives_what_caused_it() -> None:
    """256 MiB that are held for a moment and let go are in the peak."""
    with PeakMeter(CPU) as meter:
        before = meter.peak_bytes
        held = torch.ones(64 << 20)
        time.sleep(0.2)
        del held
    assert meter.peak_bytes - before > 200 << 20
