"""The operating system's lock on an open file: it lets go of it when its holder ends, however it ends."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress
from pathlib import Path

HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)
"""What an OSError of `lock` or `acquire` says where another holds the lock; any other says that there is none."""

if sys.platform == "win32":
    import msvcrt

    def lock(descriptor: int) -> None:
        """Take the lock, or raise OSError at once where another holds it or the file system has none."""
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def lock(descriptor: int) -> None:
        """Take the lock, or raise OSError at once where another holds it or the file system has none."""
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def acquire(path: Path) -> int:
    """A descriptor that holds the lock on the file of this name, made for it. OSError: see HELD."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            lock(descriptor)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass
        except OSError:
            os.close(descriptor)
            raise
        os.close(descriptor)  # its last holder has just removed this file: there is a new one, or none


def release(descriptor: int, path: Path) -> None:
    """Remove the file that `acquire` made, and let go of its lock."""
    # Before the lock is let go, so that nobody can lock a file about to vanish; Windows keeps an open file.
    with suppress(OSError):
        path.unlink(missing_ok=True)
    os.close(descriptor)
