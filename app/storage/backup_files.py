"""Copies of the library by day: making one, finding the newest sound one, keeping the newest seven.

A copy is made under a temporary name, checked, synced and then renamed, so a file with a backup's name is whole.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from app.core.log import logger
from app.core.whole_file import move_into_place
from app.storage.database import APPLICATION_ID, SIDE_FILES, beside, make_private
from app.storage.indexes import is_sound
from app.storage.locks import JobLocks
from app.storage.migrations import LIBRARY

KEPT_BACKUPS = 7

_NAME = re.compile(r"library-(\d{4}-\d{2}-\d{2})\.sqlite")
_TEMPORARY = re.compile(r"library-\d{4}-\d{2}-\d{2}\.sqlite\.\d+\.part(-wal|-shm|-journal)?")

_log = logger("backups")


@dataclass(frozen=True, slots=True)
class Backup:
    """One day's copy of the library."""

    path: Path
    day: date


class BackupFolder:
    """The folder of the copies. Files with other names than ours in it are never touched."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest_first(self, today: date = date.max) -> list[Backup]:
        """All copies, sound or not, by the day in their names; those of days after `today` last.

        The clock was wrong when they were made: they may be older than all others.
        """
        found: list[Backup] = []
        with suppress(OSError):
            for path in self._folder.iterdir():
                if (match := _NAME.fullmatch(path.name)) is not None:
                    # 2025-02-31 is no day, so it is no name of ours.
                    with suppress(ValueError):
                        found.append(Backup(path, date.fromisoformat(match[1])))
        return sorted(found, key=lambda backup: (backup.day <= today, backup.day), reverse=True)

    def of(self, day: date) -> Backup | None:
        """The copy of this day."""
        return next((backup for backup in self.newest_first() if backup.day == day), None)

    def newest_sound(self, today: date = date.max) -> Backup | None:
        """The newest copy that can be restored; those that cannot are logged with the reason and passed over."""
        for backup in self.newest_first(today):
            problem = what_is_wrong(backup.path)
            if not problem:
                return backup
            _log.warning("backup %s is passed over: %s", backup.path.name, problem)
        return None

    def make(self, source: sqlite3.Connection, day: date) -> bool:
        """Copy an open library as the copy of this day, in place of an older one of the day.

        False, with the reason logged, when it could not be made: then no file has changed and none is left behind.
        A copy that turns out unsound is not kept, so a damaged library never pushes out sound copies of it.
        """
        try:
            # Documents' and conversations' texts: nobody else on the machine need read them.
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with JobLocks(self._folder).hold("backup") as ours:
                if not ours:
                    _log.info("no backup: another Griffin Desk is making one")
                    return False
                self._clear()
                return self._make(source, day)
        except (OSError, sqlite3.Error, UnicodeDecodeError) as error:
            _log.warning("no backup of %s: %s", day, error)
            return False

    def _make(self, source: sqlite3.Connection, day: date) -> bool:
        target = self._folder / f"library-{day.isoformat()}.sqlite"
        temporary = target.with_name(f"{target.name}.{os.getpid()}.part")
        try:
            with _one_moment(source) as version:
                make_private(temporary)
                _copy(source, temporary)
            problem = what_is_wrong(temporary, version=version)
            if problem:
                _log.warning("no backup of %s: the copy is unsound: %s", day, problem)
                return False
            move_into_place(temporary, target)
        finally:
            for ending in ("", *SIDE_FILES):
                with suppress(OSError):
                    beside(temporary, ending).unlink(missing_ok=True)
        _log.info("backup %s made, %d bytes", target.name, target.stat().st_size)
        self._thin(target, day)
        return True

    def _clear(self) -> None:
        """Remove what a killed run has left: with the lock held there is no other run."""
        for path in self._folder.iterdir():
            if _TEMPORARY.fullmatch(path.name):
                path.unlink(missing_ok=True)

    def _thin(self, newest: Path, day: date) -> None:
        # The one just made stays in any case: with the clock set back it would be the oldest by name.
        older = [backup.path for backup in self.newest_first(day) if backup.path != newest]
        for path in older[KEPT_BACKUPS - 1 :]:
            path.unlink(missing_ok=True)
            _log.info("backup %s removed: %d newer ones", path.name, KEPT_BACKUPS)


def what_is_wrong(path: Path, *, version: int | None = None) -> str:
    """Why a copy cannot be restored, '' when it can: no library, damaged, a newer schema or not this `version`.

    SQLite keeps no checksums: a changed letter inside a stored text is not seen, only broken pages and records are.
    """
    newest = LIBRARY[-1].version
    try:
        # A copy has no log beside it and nobody writes to it: so it can be read in a read-only folder as well.
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            if _value(db, "PRAGMA application_id") != APPLICATION_ID:
                return "it is not a library"
            found = _value(db, "PRAGMA user_version")
            if not 1 <= found <= newest or version not in (None, found):
                return f"schema {found}, expected {version or f'1 to {newest}'}"
            return is_sound(db, with_indexes=False)
    except (sqlite3.Error, UnicodeDecodeError) as error:  # the message itself may hold damaged bytes
        return str(error)


@contextmanager
def _one_moment(source: sqlite3.Connection) -> Iterator[int]:
    """Hold one state of the library while the block runs, yielding its schema version; writers are not held up.

    Also the place where a locked library is noticed: the copying itself would try again for ever.
    """
    source.execute("BEGIN")
    try:
        yield int(_value(source, "PRAGMA user_version"))
    finally:
        if source.in_transaction:  # SQLite ends it by itself after some errors, a full disk among them
            source.execute("ROLLBACK")


def _copy(source: sqlite3.Connection, temporary: Path) -> None:
    with closing(sqlite3.connect(temporary, isolation_level=None)) as target:
        target.execute("PRAGMA synchronous=OFF")  # synced as a whole before it gets its name
        source.backup(target)
        # The copy says of itself that it has a write-ahead log, as the library does; it is to be one file.
        target.execute("PRAGMA journal_mode=DELETE")


def _value(db: sqlite3.Connection, sql: str) -> Any:
    return db.execute(sql).fetchone()[0]
