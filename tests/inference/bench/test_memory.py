from __future__ import annotations

import sys
import time

import pytest
import torch

from app.inference.bench import memory
from app.inference.bench.memory import PeakMeter, release, shortage, used_bytes

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


@pytest.mark.skipif(sys.platform != "linux", reason="how other systems' allocators give memory back is not known")
def test_what_is_let_go_goes_back_to_the_system() -> None:
    """Of 320 MiB in matrices of 20 MiB, freed all but the last, next to nothing stays counted."""
    release(CPU)
    before = used_bytes(CPU)
    matrices = [torch.ones(20 << 20, dtype=torch.int8) for _ in range(16)]
    # Not all 320: what the tests before this one let go meanwhile counts against it.
    assert used_bytes(CPU) - before > 200 << 20
    del matrices[:-1]
    release(CPU)
    assert used_bytes(CPU) - before < 64 << 20
