"""The operating system's lock on an open file: it lets go of it when its holder ends, however it ends."""

from __future__ import annotations

import sys

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
