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
from app.storage.indexes import is_sound, make_indexes_anew
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
        self.when_full: Callable[[], None] = _nothing
        """Called after something could not be written because the disk is full."""

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        migrations: Sequence[Migration] = LIBRARY,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        before_upgrade: Callable[[sqlite3.Connection], None] | None = None,
        mend: bool = False,
    ) -> Database:
        """Open or make the file, check it and bring its schema up to date.

        `before_upgrade` is called with the checked file before the first migration of an older schema, not of a
        new file. mend: check its indexes too, and make them anew where they alone are damaged, or where damage was
        met since the last time. Raises StorageError (a newer schema, no database at all, damaged, locked, read-only)
        or ResourceError (disk full).
        """
        # A data folder that was there before may be open to everybody, and so would be what SQLite makes in it.
        with suppress(OSError):
            make_private(path)
        with _errors(path):
            connection = sqlite3.connect(path, timeout=busy_timeout_s, isolation_level=None)
            connection.text_factory = _text
            database = cls(path, sqlite_utils.Database(connection, execute_plugins=False))
        try:
            with _errors(path):
                database._prepare(migrations, before_upgrade, mend)
        except BaseException:
            database.close()
            raise
        return database

    def _prepare(
        self,
        migrations: Sequence[Migration],
        before_upgrade: Callable[[sqlite3.Connection], None] | None,
        mend: bool,
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
        if version > 0 and (found := is_sound(self._db.conn, with_indexes=False)):
            raise StorageError(_damaged(self.path, found), code="damaged-library")
        if version > 0 and mend:
            self._mend()
        if before_upgrade is not None and 0 < version < newest:
            before_upgrade(self._db.conn)
        for migration in migrations:
            self._migrate(migration)

    def _mend(self) -> None:
        """Rows are sound: what else is wrong is a matter of indexes."""
        met = damage_mark(self.path).exists()
        found = is_sound(self._db.conn, with_indexes=True)
        if found or met:
            _log.warning("%s: indexes are made anew: %s", self.path.name, found or "damage was met before")
            make_indexes_anew(self._db.conn)
            if found := is_sound(self._db.conn, with_indexes=True):
                raise StorageError(_damaged(self.path, found), code="damaged-library")
        if met:
            with suppress(OSError):
                damage_mark(self.path).unlink(missing_ok=True)

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
        try:
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
        except ResourceError as error:
            if error.code == "disk-full":
                self.when_full()
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


def _nothing() -> None:
    """Nobody makes room."""


def damage_mark(path: Path) -> Path:
    """An empty file beside a database in which damage was met; the next start looks more closely, and removes it."""
    return path.with_name(f"{path.stem}.suspect")


def _text(data: bytes) -> str:
    """A letter that is damaged is one letter lost, not the document."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        _log.warning("a stored text is damaged: %d bytes are no UTF-8 as a whole", len(data))
        return data.decode("utf-8", "replace")


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn SQLite's exceptions into errors that say what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise storage_error(path, error) from error
    except UnicodeDecodeError as error:
        # SQLite's own words about damage hold some of the damaged bytes.
        raise storage_error(path, damage_in_words()) from error


def damage_in_words() -> sqlite3.DatabaseError:
    """In place of what the sqlite3 module raises where SQLite's message cannot be decoded."""
    error = sqlite3.DatabaseError("the schema is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


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
    # A byte of the header that no version of SQLite writes is told as a plain error.
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT) or str(error) == "unsupported file format":
        with suppress(OSError):
            make_private(damage_mark(path))
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
