"""The file of saved states: made, opened, and begun anew when it is damaged; no trouble with it is ever an exception.

One connection reads, another writes and a third checks, each for one thread at a time: in write-ahead mode reading
a state does not wait for another to be written. They stay open between calls, and notice when the file was taken away.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from app.core.log import logger
from app.storage.database import SIDE_FILES, beside, damage_in_words
from app.storage.locks import JobLocks
from app.storage.snapshot_schema import BUSY_TIMEOUT_S, NotOursError, OlderError, check_owner, open_snapshots

_REASONS = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another Griffin Desk is using the snapshot file",
    sqlite3.SQLITE_LOCKED: "another Griffin Desk is using the snapshot file",
    sqlite3.SQLITE_READONLY: "the snapshot file cannot be written",
    sqlite3.SQLITE_PERM: "the snapshot file cannot be opened",
    sqlite3.SQLITE_CANTOPEN: "the snapshot file cannot be opened",
    sqlite3.SQLITE_IOERR: "the snapshot file could not be read or written",
}
"""What SQLite's result codes mean to the user."""

_log = logger("snapshots")
_T = TypeVar("_T")


class SnapshotFile:
    """Transactions on the file, each answered with None and a reason in `problem` where it cannot be done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.problem = ""
        """Why the last call came to nothing, one clause; '' when it was done."""
        self._reader = _Connection(path)
        self._writer = _Connection(path)
        self._checker = _Connection(path)

    def read(self, what: str, action: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Run an action that sees one unchanging file; None where there is no file or it cannot be read."""
        return self._attempt(what, self._reader, action, begin="BEGIN", create=False)

    def write(self, what: str, action: Callable[[sqlite3.Connection], _T], *, create: bool = False) -> _T | None:
        """Run an action whose changes are kept whole or not at all; a missing file is made only with `create`."""
        return self._attempt(what, self._writer, action, begin="BEGIN IMMEDIATE", create=create)

    def check(self, action: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Run an action that reads for long, on a connection of its own: neither `read` nor `write` waits for it."""
        return self._attempt("check", self._checker, action, begin="BEGIN", create=False)

    def write_if_free(self, action: Callable[[sqlite3.Connection], None]) -> bool:
        """Run an action only where it has to wait for nobody; whether it was done."""
        if not self._writer.lock.acquire(blocking=False):
            return False
        try:
            db = self._writer.get(create=False)
            if db is None:
                return False
            db.execute("PRAGMA busy_timeout=0")
            _transaction(db, "BEGIN IMMEDIATE", action)
            db.execute(f"PRAGMA busy_timeout={round(BUSY_TIMEOUT_S * 1000)}")
        except (sqlite3.Error, UnicodeDecodeError):
            # Whatever it is, the next call that matters will say it.
            self._writer.close()
            return False
        finally:
            self._writer.lock.release()
        return True

    def checkpoint(self) -> None:
        """Bring the write-ahead log into the file, so that the room it gave back is the disk's again."""
        with self._writer.lock, suppress(sqlite3.Error):
            db = self._writer.get(create=False)
            if db is not None:
                db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def disk_bytes(self) -> int:
        """Bytes on the disk, with the write-ahead log."""
        total = 0
        for ending in ("", "-wal"):
            with suppress(OSError):
                total += beside(self.path, ending).stat().st_size
        return total

    def begin_anew(self, reason: str) -> None:
        """Delete the file with all that is in it: its room is the disk's again at once."""
        self._delete(_identity(self.path), reason)

    def close(self) -> None:
        """Close all connections; a later call opens them again."""
        for connection in (self._writer, self._reader, self._checker):
            with connection.lock:
                connection.close()

    def _attempt(
        self,
        what: str,
        connection: _Connection,
        action: Callable[[sqlite3.Connection], _T],
        *,
        begin: str,
        create: bool,
    ) -> _T | None:
        told = ""
        for last in (False, True):
            found = _identity(self.path)
            try:
                result = connection.run(action, begin=begin, create=create)
            except sqlite3.Error as error:
                if last or not _is_damage(error):
                    self.problem = _reason(error)
                    cause = "" if str(error) in self.problem else f" ({_words(error)})"
                    _log.warning("snapshot %s failed: %s%s", what, self.problem, cause)
                    return None
                told = "the snapshot file was damaged and has been begun anew"
                if isinstance(error, OlderError):
                    told = "the snapshot file was written by an older Griffin Desk and has been begun anew"
                self._delete(found, _words(error))
            else:
                self.problem = told
                return result
        return None

    def _delete(self, found: tuple[int, int] | None, reason: str) -> None:
        with self._writer.lock, self._reader.lock, self._checker.lock:
            for connection in (self._writer, self._reader, self._checker):
                connection.close()
            # Two programs that find the damage at once: the second must not delete what the first has just made.
            with JobLocks(self.path.parent).hold(self.path.name) as ours:
                if not ours or found is None or _identity(self.path) != found:
                    return
                _log.warning("%s is begun anew (%s): its states will be read again", self.path.name, reason)
                for ending in ("", *SIDE_FILES):
                    with suppress(OSError):
                        beside(self.path, ending).unlink(missing_ok=True)


class _Connection:
    """A connection that opens itself, with the lock that its users hold. Closed and opened again when the file
    at the path is another one: what is written to a deleted file is lost."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.Lock()
        self._path = path
        self._db: sqlite3.Connection | None = None
        self._opened: tuple[int, int] | None = None

    def run(self, action: Callable[[sqlite3.Connection], _T], *, begin: str, create: bool) -> _T | None:
        """Run an action in a transaction; None where there is no file. Raises sqlite3.Error, and is closed then."""
        with self.lock:
            try:
                db = self.get(create=create)
                return None if db is None else _transaction(db, begin, action)
            except UnicodeDecodeError as error:
                self.close()
                raise damage_in_words() from error
            except BaseException:
                # Whatever state it is in; and a file that is not ours is not kept open.
                self.close()
                raise

    def get(self, *, create: bool) -> sqlite3.Connection | None:
        """The open connection, None where there is no file and none is to be made. Raises sqlite3.Error."""
        found = _identity(self._path)
        if self._db is not None and found == self._opened:
            return self._db
        self.close()
        if found is None and not create:
            return None
        self._db = open_snapshots(self._path)
        self._opened = _identity(self._path)
        return self._db

    def close(self) -> None:
        """Close it, if it is open; a transaction is rolled back."""
        db, self._db = self._db, None
        if db is not None:
            with suppress(sqlite3.Error):
                db.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _transaction(db: sqlite3.Connection, begin: str, action: Callable[[sqlite3.Connection], _T]) -> _T:
    db.execute(begin)
    try:
        # Another program may have made the file its own since it was opened.
        check_owner(db)
        result = action(db)
        db.execute("COMMIT")
    except BaseException:
        # SQLite has already rolled back by itself after some errors, a full disk among them.
        if db.in_transaction:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        raise
    return result


def _is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault: beginning anew helps, waiting or freeing space does not."""
    if isinstance(error, NotOursError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    # Without a code: what we found ourselves, and text that is no UTF-8. A plain SQL error ("no such column"): a
    # file with other tables.
    return code is None or code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)


def _reason(error: sqlite3.Error) -> str:
    if isinstance(error, NotOursError):
        return str(error)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return _REASONS.get(code, f"the snapshot file could not be used ({_words(error)})")


def _words(error: sqlite3.Error) -> str:
    """SQLite's, without the text of a value that it could not decode: that is of a document or a turn."""
    return str(error).partition(" with text ")[0]
