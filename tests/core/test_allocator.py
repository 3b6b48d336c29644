"""How memory is handed out: large blocks go back to the system when they are freed."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

SCRIPT = """
import ctypes, sys
from app.core.allocator import limit_fragmentation

class Info(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in "arena a b c mapped d e f g h".split()]

if sys.argv[1] == "limited":
    assert limit_fragmentation()
ask = ctypes.CDLL(None).mallinfo2
ask.restype = Info
block = bytes(16 << 20)
del block  # from here on glibc by itself takes blocks of this size from its arenas
before = ask().mapped
blocks = [bytes(4 << 20) for _ in range(8)]
print((ask().mapped - before) >> 20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
@pytest.mark.parametrize(("how", "mapped"), [("limited", True), ("as it is", False)])
def test_large_blocks_are_mapped_each_by_itself(how: str, mapped: bool) -> None:
    """Also after the first large one was freed; what is mapped goes back to the system at once."""
    command = [sys.executable, "-c", SCRIPT, how]
    found = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert (int(found) >= 32) is mapped
