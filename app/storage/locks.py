"""One run of a job at a time, across processes, by locks that the operating system drops when their holder dies."""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from app.core.file_lock import lock
from app.core.log import logger

_HELD = (errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK)

_log = logger("locks")


class JobLocks:
    """Locks by name in one folder: an empty file for each that is held."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def hold(self, name: str) -> Iterator[bool]:
        """True while the block runs with the lock held, False at once when another run holds it.

        Where the file system has no locks the block runs without one (True); the reason is logged.
        """
        path = self._folder / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.lock"
        try:
            descriptor = _acquire(path)
        except OSError as error:
            if error.errno in _HELD:
                yield False
                return
            _log.warning("no lock: %s", error)
            yield True
            return
        try:
            yield True
        finally:
            # Before the lock is let go, so that nobody can lock a file about to vanish; Windows keeps an open file.
            with suppress(OSError):
                path.unlink(missing_ok=True)
            os.close(descriptor)


def _acquire(path: Path) -> int:
    """A descriptor that holds the lock on the file of this name. OSError: held by another, or no lock to be had."""
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
