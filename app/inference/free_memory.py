"""How much memory a device has free, and an error in plain words, before anything large is allocated, where it is too
little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from app.core.errors import ResourceError
from app.inference.device_names import words_for
from app.inference.devices import memory_errors, slow_formats
from app.inference.fit import DeviceRoom
from app.inference.host_memory import free_host_bytes, gibibytes, total_host_bytes

_NEXT_STEP = {
    True: "close other programs, or choose a smaller model or weight format (--weight-format int8)",
    False: "close other programs that use it, choose a smaller model or weight format, or --device cpu",
}
"""What to do where memory lacks, by whether it is the processor's."""


def free_bytes(device: torch.device) -> int:
    """Bytes that can still be allocated on the device; of the CPU see free_host_bytes."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        # Blocks that torch has taken from the device and keeps for reuse are free for us.
        return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    host = free_host_bytes()
    if device.type == "mps":  # one memory for both processors, of which the GPU may use a part
        return min(host, torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    return host


def used_gpu_bytes(device: torch.device) -> int:
    """Bytes of GPU memory that this process's tensors take; 0 on the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(torch.mps.current_allocated_memory()) if device.type == "mps" else 0


def total_bytes(device: torch.device) -> int:
    """Bytes of memory that the device has in all."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return int(torch.mps.recommended_max_memory()) if device.type == "mps" else total_host_bytes()


def room_of(device: torch.device) -> DeviceRoom:
    """The device's memory as it is just now, for a choice of what to load."""
    return DeviceRoom(device.type, total_bytes(device), free_bytes(device), slow_formats(device))


def require_memory(needed: int, device: torch.device, what: str) -> None:
    """ResourceError when `needed` bytes for `what` are more than the device has free."""
    free = free_bytes(device)
    if needed > free:
        raise ResourceError(
            f"there is not enough memory for {what}: it needs {gibibytes(needed)}, {gibibytes(free)} are free on "
            f"{words_for(str(device))}; {_NEXT_STEP[device.type == 'cpu']}",
            code="out-of-memory",
        )


@contextmanager
def room_for(needed: int, device: torch.device, what: str) -> Iterator[None]:
    """ResourceError when `needed` bytes are more than is free, or when what is done inside lacks memory after all."""
    require_memory(needed, device, what)
    with memory_errors(what):
        yield
