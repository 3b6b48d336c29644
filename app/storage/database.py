"""Opening a SQLite file so that it survives kill -9 and power loss, and saying in one sentence why it cannot be opened.

Write-ahead log, synchronous=FULL, foreign keys on, every migration in a transaction of its own, every write
in BEGIN IMMEDIATE: a second process waits at the start of its transaction instead of failing in the middle.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlite_utils

from app.core.errors import ResourceError, StorageError
from app.core.log import logger
from app.storage.migrations import LIBRARY, Migration

APPLICATION_ID = 0x47724465
"""'GrDe': SQLite's application_id header field tells our file from any other database."""

BUSY_TIMEOUT_S = 5.0

LEAST_ROOM_BYTES = 64 * 1024
"""Room that opening a database in write-ahead mode takes: 32 KiB for the log's index, and some pages."""

SIDE_FILES = ("-wal", "-shm", "-journal")
"""Endings of the files that SQLite keeps beside a database: its log, the log's index, and the other kind of log."""

_log = logger("storage")


class Database:
    """An open database at the newest schema. Not for use from several threads at once."""

    def __init__(self, path: Path, db: sqlite_utils.Database) -> None:
        self.path = path
        self._db = db

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        migrations: Sequence[Migration] = LIBRARY,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        before_upgrade: Callable[[sqlite3.Connection], None] | None = None,
    ) -> Database:
        """Open or make the file, check it and bring its schema up to date.

        `before_upgrade` is called with the checked file before the first migration of an older schema, not of a
        new file. Raises StorageError (a newer schema, no database at all, damaged, locked, read-only) or
        ResourceError (disk full).
        """
        # A data folder that was there before may be open to everybody, and so would be what SQLite makes in it.
        with suppress(OSError):
            make_private(path)
        with _errors(path):
            connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
            database = cls(path, sqlite_utils.Database(connection, execute_plugins=False))
        try:
            with _errors(path):
                database._prepare(migrations, before_upgrade)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(
        self, migrations: Sequence[Migration], before_upgrade: Callable[[sqlite3.Connection], None] | None
    ) -> None:
        version = self._pragma("user_version")
        if version == 0 and self._scalar("SELECT count(*) FROM sqlite_master") > 0:
            # A first run that died before its first migration leaves an empty file, never tables at version 0.
            raise StorageError(f"{self.path} is another program's database; choose another folder with --data-dir")
        if version > 0 and self._pragma("application_id") != APPLICATION_ID:
            raise StorageError(f"{self.path} is another program's database; choose another folder with --data-dir")
        newest = migrations[-1].version
        if version > newest:
            raise StorageError(
                f"{self.path} was written by a newer Griffin Desk (schema {version}, this one knows {newest}); "
                "update Griffin Desk or choose another folder with --data-dir",
                code="newer-schema",
            )
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute("PRAGMA foreign_keys=ON")
        if version > 0 and (found := self._scalar("PRAGMA quick_check(1)")) != "ok":
            raise StorageError(_damaged(self.path, str(found)), code="damaged-library")
        if before_upgrade is not None and 0 < version < newest:
            before_upgrade(self._db.conn)
        for migration in migrations:
            self._migrate(migration)

    def _migrate(self, migration: Migration) -> None:
        with self.transaction() as db:
            # Read inside the transaction: another process may have just done this step.
            if self._pragma("user_version") >= migration.version:
                return
            migration.apply(db)
            db.execute(f"PRAGMA application_id={APPLICATION_ID}")
            db.execute(f"PRAGMA user_version={migration.version}")
        _log.info("%s: schema is now version %d (%s)", self.path.name, migration.version, migration.name)

    def _pragma(self, name: str) -> int:
        return int(self._scalar(f"PRAGMA {name}"))

    def _scalar(self, sql: str) -> Any:
        return self._db.execute(sql).fetchone()[0]

    @property
    def schema_version(self) -> int:
        """Number of the last migration applied."""
        with _errors(self.path):
            return self._pragma("user_version")

    @contextmanager
    def transaction(self) -> Iterator[sqlite_utils.Database]:
        """All or nothing: committed (and synced to disk) at the end of the block, rolled back by any exception."""
        with _errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                # SQLite has already rolled back by itself after some errors, a full disk among them.
                if self._db.conn.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """All rows of a query, as dicts by column name."""
        with _errors(self.path):
            return list(self._db.query(sql, list(parameters)))

    def close(self) -> None:
        """Close the file; open transactions are rolled back."""
        self._db.close()

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def beside(path: Path, ending: str) -> Path:
    """The file that SQLite keeps beside a database under this ending, one of SIDE_FILES; itself for ''."""
    return path.with_name(path.name + ending)


def make_private(path: Path) -> None:
    """Make an empty file that only its owner can read. OSError when there is one of this name."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn SQLite's exceptions into errors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(path, error) from error


def storage_error(path: Path, error: sqlite3.Error) -> ResourceError:
    """The error for the user behind a SQLite exception; told apart by SQLite's primary result code."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    # The write-ahead log's index is made without asking for the reason: no room for it is a plain I/O error.
    if code == sqlite3.SQLITE_FULL or (code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _no_room(path)):
        return ResourceError(
            f"the disk is full: {path} could not be written; free some space and run the command again, "
            "everything saved so far is intact",
            code="disk-full",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StorageError(
            f"{path} is in use by another Griffin Desk; wait for it to finish or close it", code="locked"
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return StorageError(
            f"{path} cannot be opened for writing; make its folder writable or choose another one with --data-dir",
            code="read-only",
        )
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return StorageError(_damaged(path, str(error)), code="damaged-library")
    return StorageError(f"{path} could not be used ({error}); see the log file for more")


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < LEAST_ROOM_BYTES
    except OSError:
        return False


def _damaged(path: Path, found: str) -> str:
    return (
        f"{path} is damaged or not a database ({found.splitlines()[0]}); "
        "move it away to begin anew, or choose another folder with --data-dir"
    )


def sqlite_features() -> dict[str, str]:
    """SQLite's version and whether full-text search (FTS5) is compiled in, for `doctor`."""
    with closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    return {"sqlite": sqlite3.sqlite_version, "fts5": "yes" if "ENABLE_FTS5" in options else "no"}
