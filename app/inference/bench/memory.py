"""Whether something large fits before it is allocated, and the peak while it is used."""

from __future__ import annotations

import ctypes
import gc
import sys
import threading
from types import TracebackType

import psutil
import torch

from app.inference.free_memory import free_bytes
from app.inference.host_memory import gibibytes

_SAMPLE_INTERVAL_S = 0.05


def shortage(need_bytes: int, device: torch.device) -> str | None:
    """ "needs 18.9 GiB of memory, 12.0 GiB are free" where that is so, None where it fits."""
    free = free_bytes(device)
    return None if need_bytes <= free else f"needs {gibibytes(need_bytes)} of memory, {gibibytes(free)} are free"


def used_bytes(device: torch.device) -> int:
    """Bytes in use now: what torch has allocated on a GPU, the process's resident memory elsewhere."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    if device.type == "mps":
        return int(torch.mps.driver_allocated_memory())
    return int(psutil.Process().memory_info().rss)


def release(device: torch.device) -> None:
    """Give back to the system what nobody holds any more, so that the next measurement begins where this one did."""
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    # glibc keeps freed blocks of up to 32 MiB: the matrices of a 2B model would count as in use after it has gone.
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim is not None:
        trim(0)


class PeakMeter:
    """The most memory in use while the `with` block runs: torch's own count on CUDA, samples elsewhere."""

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, name="peak-meter", daemon=True)

    @property
    def peak_bytes(self) -> int:
        """The most seen, the present included."""
        if self._device.type == "cuda":
            return int(torch.cuda.max_memory_allocated(self._device))
        return max(self._peak, used_bytes(self._device))

    def __enter__(self) -> PeakMeter:
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
        else:
            self._thread.start()
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._peak = self.peak_bytes
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _sample(self) -> None:
        while not self._stop.wait(_SAMPLE_INTERVAL_S):
            self._peak = max(self._peak, used_bytes(self._device))
