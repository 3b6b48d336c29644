"""Stop one thread of a process while its others run on, as a deadlock in a library does: `python -m ... PID`.

Linux only, and only where the system lets one process trace another. In a process of its own: what is traced tells
its tracer of its end first, and the trial itself is the parent of the processes that it stops threads of.
"""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_SEIZE, _INTERRUPT = 0x4206, 0x4207
_WALL = 0x40000000
STOPPED = "stopped"


@contextmanager
def stopped(pid: int) -> Iterator[bool]:
    """The main thread of a process stands still meanwhile; False where that cannot be done here."""
    tracer = subprocess.Popen(
        [sys.executable, "-m", "tests.torture.one_thread", str(pid)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert tracer.stdout is not None
        yield tracer.stdout.readline().strip() == STOPPED
    finally:
        tracer.kill()
        tracer.communicate()


def main() -> int:
    """Stop the thread, say so, and stay until the process has ended, or until this one does."""
    pid = int(sys.argv[1])
    if sys.platform != "linux":
        return 1
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    ptrace.restype = ctypes.c_long
    if ptrace(_SEIZE, pid, None, None) or ptrace(_INTERRUPT, pid, None, None):
        return 1
    os.waitpid(pid, _WALL)
    print(STOPPED, flush=True)
    while True:
        _, status = os.waitpid(pid, _WALL)
        if not os.WIFSTOPPED(status):
            return 0


if __name__ == "__main__":
    sys.exit(main())
