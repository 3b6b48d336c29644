"""The library's safety net: a copy a day and before an upgrade, and the newest sound one in place of a damaged file."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from app.core.errors import StorageError
from app.core.log import logger
from app.storage.backup_files import BackupFolder
from app.storage.database import BUSY_TIMEOUT_S, Database, damage_mark
from app.storage.locks import JobLocks
from app.storage.restore import Restored, finish_restore, pending_restore, restore

_LOOK_AGAIN_S = 0.05

_log = logger("backups")


@dataclass(frozen=True, slots=True)
class OpenedLibrary:
    """The open library, and sentences that the user should read (none as a rule)."""

    database: Database
    notices: tuple[str, ...]


def open_library(path: Path, backups: Path, *, today: date, busy_timeout_s: float = BUSY_TIMEOUT_S) -> OpenedLibrary:
    """Open the library; when it is damaged, put the newest sound backup in its place and say so in a notice.

    An empty file counts as damaged where there is a backup; a missing one does not: it may have been moved away to
    begin anew. Of several processes that find the damage at once one restores while the others wait, then open what
    it has restored. Raises as `Database.open` does, with its error for a damaged file when there is no sound backup.
    """
    opening = _Opening(path, BackupFolder(backups), today, busy_timeout_s)
    found = opening.attempt()
    if isinstance(found, Database):
        return OpenedLibrary(found, ())
    with suppress(OSError):
        backups.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _one_at_a_time(path, backups, busy_timeout_s):
        found = opening.attempt()
        if isinstance(found, Database):
            return OpenedLibrary(found, ())
        return opening.restored(found)


class _Opening:
    """One start of the program: its library and what may have to be done to open it."""

    def __init__(self, path: Path, folder: BackupFolder, today: date, busy_timeout_s: float) -> None:
        self._path = path
        self._folder = folder
        self._today = today
        self._busy_timeout_s = busy_timeout_s

    def attempt(self) -> Database | StorageError:
        """The open library, or the error that says how it is damaged. Other errors are raised."""
        if pending_restore(self._path) is not None:
            return _damage("its restore was cut off")
        if self._is_empty() and self._folder.newest_first():
            return _damage("the file is empty")
        try:
            return self._open()
        except StorageError as error:
            if error.code != "damaged-library":
                raise
            return error

    def restored(self, damage: StorageError) -> OpenedLibrary:
        """The library from its newest sound backup; raises `damage` when there is none or it cannot be put there."""
        _log.warning("%s is damaged: %s", self._path, damage.message)
        try:
            result = self._restore_once_alone()
        except OSError as error:
            _log.warning("%s could not be restored: %s", self._path, error)
            raise damage from error
        if result is not None:
            with suppress(OSError):  # it was met in the file that is aside now
                damage_mark(self._path).unlink(missing_ok=True)
            return OpenedLibrary(self._open(), (_notice(self._path, result),))
        if self._is_empty():
            return OpenedLibrary(self._open(), (self._begun_anew(),) if self._folder.newest_first() else ())
        raise damage

    def _begun_anew(self) -> str:
        return (
            f"The library {self._path} was empty and none of its backups can be restored, so a new one is begun; "
            "the backups are left as they are."
        )

    def _restore_once_alone(self) -> Restored | None:
        """Wait for another start that is just finding the same damage: it lets go of the file in a moment."""
        until = time.monotonic() + self._busy_timeout_s
        while True:
            try:
                return self._restore()
            except StorageError as error:
                if error.code != "locked" or time.monotonic() >= until:
                    raise
                time.sleep(_LOOK_AGAIN_S)

    def _restore(self) -> Restored | None:
        pending = pending_restore(self._path)
        if pending is not None:
            return finish_restore(self._path, pending, today=self._today)
        backup = self._folder.newest_sound(self._today)
        return None if backup is None else restore(self._path, backup, today=self._today)

    def _open(self) -> Database:
        return Database.open(
            self._path, busy_timeout_s=self._busy_timeout_s, before_upgrade=self._keep_before_upgrade, mend=True
        )

    def _keep_before_upgrade(self, connection: sqlite3.Connection) -> None:
        # Without room for a copy the upgrade goes on: it is one transaction, and the program must start.
        self._folder.make(connection, self._today)

    def _is_empty(self) -> bool:
        try:
            return self._path.stat().st_size == 0
        except OSError:
            return False


class DailyBackup:
    """Makes today's copy of the library in the background, when there is none yet; trouble is only logged."""

    def __init__(self, library: Path, backups: Path, *, today: date) -> None:
        self._library = library
        self._folder = BackupFolder(backups)
        self._today = today
        # A daemon: a program that does not call `finish` is not held up. What it leaves is cleared by the next one.
        self._thread = threading.Thread(target=self._run, name="daily-backup", daemon=True)

    def start(self) -> None:
        """Begin, once, after the library was opened; returns at once."""
        self._thread.start()

    def finish(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, at most so long; whether it is over (also when it was never begun)."""
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        if self._folder.of(self._today) is not None:
            return
        try:
            uri = f"{self._library.absolute().as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_S, isolation_level=None)) as source:
                self._folder.make(source, self._today)
        except (sqlite3.Error, UnicodeDecodeError) as error:
            _log.warning("no backup of %s: %s", self._today, error)


@contextmanager
def _one_at_a_time(path: Path, backups: Path, timeout_s: float) -> Iterator[None]:
    """Wait for the lock that a restoring process holds, which the system drops when the process dies."""
    deadline = time.monotonic() + timeout_s
    while True:
        with JobLocks(backups).hold("restore") as ours:
            if ours:
                yield
                return
        if time.monotonic() > deadline:
            raise StorageError(
                f"{path} is being restored by another Griffin Desk; start again in a moment", code="locked"
            )
        time.sleep(_LOOK_AGAIN_S)


def _damage(reason: str) -> StorageError:
    return StorageError(reason, code="damaged-library")


def _notice(path: Path, result: Restored) -> str:
    return (
        f"The library {path} was damaged and has been restored from the backup of {result.day.isoformat()}; "
        f"what was added after that backup is missing, and the damaged file is kept as {result.damaged}."
    )
