"""Putting a backup in the place of a damaged library, so that a crash at any step loses neither of the two.

    1. copy the backup beside the library under a temporary name
    2. sync it, rename it to library.restore-DAY.sqlite: the decision; a crash before it changes nothing
    3. move library.sqlite-wal, -shm, then library.sqlite to library.damaged-TODAY.sqlite (with the same endings)
    4. rename library.restore-DAY.sqlite to library.sqlite

A start that finds a file of step 2 goes on with step 3. The log moves first: a log that stayed beside another
database would be played back into it. While steps 3 and 4 run no other process can get at the file (see `_alone`);
that only one process restores is for the caller to see to.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.core.errors import ResourceError, StorageError, lacks_disk
from app.core.log import logger
from app.core.whole_file import move_into_place, sync_folder
from app.storage.backup_files import Backup
from app.storage.database import SIDE_FILES, beside, make_private

_SHARED_FIRST = 0x40000002
_SHARED_SIZE = 510
"""The bytes that every process locks which has the file open as a database (SQLite's os.h)."""

_log = logger("backups")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was done: the day of the backup, and where the damaged file is now."""

    day: date
    damaged: Path


def pending_restore(library: Path) -> Backup | None:
    """The copy of a backup that a restore, cut off before its end, had decided on."""
    pattern = re.compile(rf"{re.escape(library.stem)}\.restore-(\d{{4}}-\d{{2}}-\d{{2}}){re.escape(library.suffix)}")
    with suppress(OSError):
        for path in sorted(library.parent.iterdir(), reverse=True):
            if (match := pattern.fullmatch(path.name)) is not None:
                with suppress(ValueError):
                    return Backup(path, date.fromisoformat(match[1]))
    return None


def restore(library: Path, backup: Backup, *, today: date) -> Restored:
    """Put a sound backup in the library's place and the damaged file aside; nothing is deleted.

    StorageError (code "locked") when another process has the library open, ResourceError ("disk-full") when there
    is no room for the copy, OSError for all else; the library is then as it was.
    """
    with _alone(library):
        decided = library.with_name(f"{library.stem}.restore-{backup.day.isoformat()}{library.suffix}")
        part = decided.with_name(f"{decided.name}.part")
        try:
            part.unlink(missing_ok=True)
            make_private(part)
            shutil.copyfile(backup.path, part)
            move_into_place(part, decided)
        except OSError as error:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            if lacks_disk(error):
                raise ResourceError(
                    f"{library} is damaged and the disk is too full to restore the backup of {backup.day}; "
                    "free some space and start again",
                    code="disk-full",
                ) from error
            raise
        return _finish(library, Backup(decided, backup.day), today)


def finish_restore(library: Path, pending: Backup, *, today: date) -> Restored:
    """Go on with a restore that was cut off; raises as `restore` does."""
    with _alone(library):
        return _finish(library, pending, today)


def _finish(library: Path, decided: Backup, today: date) -> Restored:
    aside = _aside(library, today)
    moved: list[tuple[Path, Path]] = []
    try:
        for suffix in (*SIDE_FILES, ""):
            place, away = beside(library, suffix), beside(aside, suffix)
            if place.exists():
                place.rename(away)
                moved.append((place, away))
    except OSError:
        # Windows lets nobody rename a file that another process has open.
        for place, away in reversed(moved):
            away.rename(place)
        decided.path.unlink()
        raise
    decided.path.replace(library)
    sync_folder(library.parent)
    _log.warning("%s restored from the backup of %s; what it was is now %s", library.name, decided.day, aside.name)
    return Restored(decided.day, aside)


def _aside(library: Path, today: date) -> Path:
    """The first free name for a damaged file; the last one taken when a cut-off restore has moved the file already."""
    name, number = None, 0
    while True:
        last = name
        ending = f"-{number}" if number else ""
        name = library.with_name(f"{library.stem}.damaged-{today.isoformat()}{ending}{library.suffix}")
        # A log alone under this name is this library's, moved by a restore that was cut off right after it.
        free = not any(beside(library, s).exists() and beside(name, s).exists() for s in SIDE_FILES)
        if not name.exists() and free:
            return name if library.exists() or last is None else last
        number += 1


@contextmanager
def _alone(library: Path) -> Iterator[None]:
    """Keep every other process out of the library; StorageError (code "locked") when one has it open.

    A process that has it open would go on writing into the file moved aside, and remove the restored file's log
    by its name when it closes. SQLite's own lock is taken, so that all its users are seen and held up, whatever
    state the file is in. This process must not have the library open: closing any descriptor drops its locks.
    """
    if sys.platform == "win32":
        yield  # a file that is open cannot be renamed there
        return
    import fcntl

    try:
        descriptor = os.open(library, os.O_RDWR)
    except FileNotFoundError:
        yield
        return
    try:
        try:
            fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, _SHARED_SIZE, _SHARED_FIRST)
        except OSError as error:
            if error.errno in (errno.EAGAIN, errno.EACCES):
                raise StorageError(
                    f"{library} is damaged and in use by another Griffin Desk; close it and start again, "
                    "then the library is restored from its backup",
                    code="locked",
                ) from error
            _log.warning("no lock: %s", error)
        yield
    finally:
        os.close(descriptor)
