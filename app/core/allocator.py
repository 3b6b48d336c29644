"""How the C library hands out memory to a process of many threads that lives long."""

from __future__ import annotations

import ctypes
import sys

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""Of mallopt(3)."""
_ARENAS = 2
_MMAP_FROM_BYTES = 1 << 20


def limit_fragmentation() -> bool:
    """Give back what is freed instead of keeping it in pieces; whether this system's C library can be told so.

    glibc makes up to eight arenas for each processor, and after the first large block that is freed it takes blocks of
    up to 32 MiB out of them. Pictures of pages that come and go leave gaps everywhere: 949 MiB after twenty minutes of
    use were 1,106 MiB after ninety, with as many objects alive.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_M_ARENA_MAX, _ARENAS)) and bool(mallopt(_M_MMAP_THRESHOLD, _MMAP_FROM_BYTES))
