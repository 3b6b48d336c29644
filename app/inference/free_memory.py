"""How much memory is free, and an error in plain words, before anything large is allocated, where it is too little."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
import torch

from app.core.errors import ResourceError
from app.inference.devices import memory_errors

RESERVE_BYTES = 256 * 2**20
"""Left to the rest of the machine: a system without a free page stands still before it runs out."""

_PROC, _CGROUPS = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


class _Files(NamedTuple):
    """Where a control group tells its memory."""

    limit: str
    usage: str
    cache_keys: tuple[str, str]


_V2 = _Files("memory.max", "memory.current", ("inactive_file", "active_file"))
_V1 = _Files("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file"))


def free_bytes(device: torch.device) -> int:
    """Bytes that can still be allocated on the device.

    The CPU: what the machine has available (pages of files that it can drop included), or what is left under the limit
    of this process's control group (a container's) where that is less; minus a reserve.
    """
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        # Blocks that torch has taken from the device and keeps for reuse are free for us.
        return int(free) + torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
    host = max(0, min([psutil.virtual_memory().available, *cgroup_free_bytes()]) - RESERVE_BYTES)
    if device.type == "mps":  # one memory for both processors, of which the GPU may use a part
        return min(host, torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory())
    return host


def used_gpu_bytes(device: torch.device) -> int:
    """Bytes of GPU memory that this process's tensors take; 0 on the CPU."""
    if device.type == "cuda":
        return int(torch.cuda.memory_allocated(device))
    return int(torch.mps.current_allocated_memory()) if device.type == "mps" else 0


def cgroup_free_bytes(proc: Path = _PROC, root: Path = _CGROUPS) -> list[int]:
    """What is left under each memory limit above this process; empty where there is none, and off Linux."""
    try:
        lines = proc.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    found = []
    for line in lines:
        # "0::/path" for version 2, "4:memory:/path" for the memory controller of version 1.
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "memory" not in controllers.split(","):
            continue
        files, top = (_V1, root / "memory") if controllers else (_V2, root)
        # Inside a container the path may be the host's: then none of its folders is there, and the top counts alone.
        group = top / path.strip("/")
        while group != top.parent:
            found += _left(group, files)
            group = group.parent
    return found


def _left(group: Path, files: _Files) -> list[int]:
    """Limit minus usage, where pages of files do not count as used: the group drops them before it runs out."""
    try:
        limit = (group / files.limit).read_text(encoding="utf-8").strip()
        if limit == "max":
            return []
        usage = int((group / files.usage).read_text(encoding="utf-8"))
        stat = dict(line.split() for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines())
        cached = sum(int(stat.get(key, 0)) for key in files.cache_keys)
        return [int(limit) - usage + cached]
    except (OSError, ValueError):
        return []


def require_memory(needed: int, device: torch.device, what: str) -> None:
    """ResourceError when `needed` bytes for `what` are more than the device has free."""
    free = free_bytes(device)
    if needed > free:
        raise ResourceError(
            f"there is not enough memory for {what}: it needs {gibibytes(needed)}, {gibibytes(free)} are free on "
            f"{place(device)}; {_NEXT_STEP[device.type == 'cpu']}",
            code="out-of-memory",
        )


@contextmanager
def room_for(needed: int, device: torch.device, what: str) -> Iterator[None]:
    """ResourceError when `needed` bytes are more than is free, or when what is done inside lacks memory after all."""
    require_memory(needed, device, what)
    with memory_errors(what):
        yield


_NEXT_STEP = {
    True: "close other programs, or choose a smaller model or weight format (--weight-format int8)",
    False: "close other programs that use it, choose a smaller model or weight format, or --device cpu",
}


def place(device: torch.device) -> str:
    """The device in a sentence."""
    return "this machine" if device.type == "cpu" else f"the device {device}"


def gibibytes(nbytes: int) -> str:
    """`2.7 GiB`, `310 MiB`."""
    return f"{nbytes / 2**30:,.1f} GiB" if nbytes >= 2**30 else f"{nbytes / 2**20:,.0f} MiB"
