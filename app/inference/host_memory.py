"""The machine's own memory: how much there is and how much is free. No torch here: services ask too."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import NamedTuple

import psutil

from app.core.control_groups import ControlGroup, control_groups

RESERVE_BYTES = 256 * 2**20
"""Left to the rest of the machine: a system without a free page stands still before it runs out."""

_NO_LIMIT = 1 << 60
"""Version 1 writes a number beyond any machine's memory where there is no limit."""


class _Files(NamedTuple):
    """Where a control group tells its memory."""

    limit: str
    usage: str
    cache_keys: tuple[str, str]


_V2 = _Files("memory.max", "memory.current", ("inactive_file", "active_file"))
_V1 = _Files("memory.limit_in_bytes", "memory.usage_in_bytes", ("total_inactive_file", "total_active_file"))


class GroupMemory(NamedTuple):
    """A control group's limit, and what is left under it, in bytes."""

    limit: int
    left: int


def free_host_bytes() -> int:
    """Bytes that can still be allocated, minus a reserve for the rest of the machine.

    What the machine has available (pages of files that it can drop included), or what is left under the limit of this
    process's control group (a container's) where that is less.
    """
    left = [group.left for group in group_memory()]
    return max(0, min([psutil.virtual_memory().available, *left]) - RESERVE_BYTES)


def total_host_bytes() -> int:
    """Bytes that the machine has, or that this process's control group allows where that is less."""
    return min([psutil.virtual_memory().total, *(group.limit for group in group_memory())])


def group_memory(groups: Iterable[ControlGroup] | None = None) -> list[GroupMemory]:
    """The memory limits above this process; empty where there is none, and off Linux."""
    found = []
    for group in control_groups("memory") if groups is None else groups:
        # A group without a limit, or one whose files say something else, limits nothing.
        with suppress(OSError, ValueError):
            if (memory := _memory_of(group)) is not None:
                found.append(memory)
    return found


def _memory_of(group: ControlGroup) -> GroupMemory | None:
    """Limit, and limit minus usage, where pages of files do not count as used: they are dropped before it runs out."""
    files = _V1 if group.is_v1 else _V2
    text = group.read(files.limit)
    if text == "max" or (limit := int(text)) >= _NO_LIMIT:
        return None
    stat = dict(line.split() for line in group.read("memory.stat").splitlines())
    cached = sum(int(stat.get(key, 0)) for key in files.cache_keys)
    return GroupMemory(limit, limit - int(group.read(files.usage)) + cached)


def gibibytes(nbytes: int) -> str:
    """`2.7 GiB`, `310 MiB`."""
    return f"{nbytes / 2**30:,.1f} GiB" if nbytes >= 2**30 else f"{nbytes / 2**20:,.0f} MiB"
