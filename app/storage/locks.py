"""One run of a job at a time, across processes, by locks that the operating system drops when their holder dies."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.file_lock import HELD, acquire, release
from app.core.log import logger

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
            descriptor = acquire(path)
        except OSError as error:
            if error.errno in HELD:
                yield False
                return
            _log.warning("no lock: %s", error)
            yield True
            return
        try:
            yield True
        finally:
            release(descriptor, path)
