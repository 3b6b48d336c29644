"""Saved model states, in a file of their own: a cache.

Text is the truth, a state only saves the time to read it again. So nothing here is ever an error to the
user: a lost, damaged, foreign or full file is logged with its reason, begun anew where possible, and the
document is read again instead.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.core.log import logger

SCHEMA_VERSION = 1
BUSY_TIMEOUT_S = 2.0

_log = logger("snapshots")
_T = TypeVar("_T")

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS snapshots (
        job_id TEXT PRIMARY KEY,
        model_fingerprint TEXT NOT NULL,
        document_id TEXT NOT NULL,
        parts_read INTEGER NOT NULL,
        checksum TEXT NOT NULL,
        nbytes INTEGER NOT NULL,
        used_at REAL NOT NULL,
        state BLOB NOT NULL
    ) STRICT
"""


@dataclass(frozen=True, slots=True)
class SnapshotKey:
    """What a saved state belongs to; a state of another model or document is of no use."""

    job_id: str
    model_fingerprint: str
    document_id: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A state at the end of part parts_read - 1, as the generator saved it."""

    parts_read: int
    state: bytes


class SnapshotStore:
    """The newest state of each running job, within a budget of bytes; the least recently used go first."""

    def __init__(self, path: Path, *, budget_bytes: int) -> None:
        self._path = path
        self._budget_bytes = budget_bytes

    def save(self, key: SnapshotKey, snapshot: Snapshot, *, now: float) -> bool:
        """Keep a state in place of the job's older one; False, with the reason logged, when it was not kept."""
        nbytes = len(snapshot.state)
        if nbytes > self._budget_bytes:
            _log.info("job %s: no snapshot: %d bytes, budget %d", key.job_id, nbytes, self._budget_bytes)
            return False
        checksum = hashlib.sha256(snapshot.state).hexdigest()

        def write(db: sqlite3.Connection) -> bool:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM snapshots WHERE job_id = ?", [key.job_id])
            self._make_room(db, nbytes)
            db.execute(
                "INSERT INTO snapshots VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    key.job_id,
                    key.model_fingerprint,
                    key.document_id,
                    snapshot.parts_read,
                    checksum,
                    nbytes,
                    now,
                    snapshot.state,
                ],
            )
            db.execute("COMMIT")
            return True

        saved = self._attempt("save", write) or False
        if saved:
            _log.info("job %s: snapshot after part %d, %d bytes", key.job_id, snapshot.parts_read, nbytes)
        return saved

    def load(self, key: SnapshotKey, *, now: float) -> Snapshot | None:
        """The job's state, or None with the reason logged."""

        def read(db: sqlite3.Connection) -> Snapshot | None:
            row = db.execute(
                "SELECT model_fingerprint, document_id, parts_read, checksum, state FROM snapshots WHERE job_id = ?",
                [key.job_id],
            ).fetchone()
            if row is None:
                _log.info("job %s: snapshot miss: none stored", key.job_id)
                return None
            fingerprint, document_id, parts_read, checksum, state = row
            if (fingerprint, document_id) != (key.model_fingerprint, key.document_id):
                _log.warning("job %s: snapshot miss: it belongs to another model or document", key.job_id)
                return None
            if hashlib.sha256(state).hexdigest() != checksum:
                _log.warning("job %s: snapshot miss: checksum differs, dropped", key.job_id)
                db.execute("DELETE FROM snapshots WHERE job_id = ?", [key.job_id])
                return None
            db.execute("UPDATE snapshots SET used_at = ? WHERE job_id = ?", [now, key.job_id])
            _log.info("job %s: snapshot hit: after part %d", key.job_id, parts_read)
            return Snapshot(parts_read, state)

        return self._attempt("load", read)

    def drop(self, job_id: str) -> None:
        """Forget a job's state; the file gives the room back."""

        def delete(db: sqlite3.Connection) -> None:
            db.execute("DELETE FROM snapshots WHERE job_id = ?", [job_id])

        if self._path.exists():
            self._attempt("drop", delete)

    def total_bytes(self) -> int:
        """Bytes of all states kept; 0 where the file cannot be read."""
        if not self._path.exists():
            return 0
        return (
            self._attempt("measure", lambda db: int(db.execute("SELECT total(nbytes) FROM snapshots").fetchone()[0]))
            or 0
        )

    def _make_room(self, db: sqlite3.Connection, nbytes: int) -> None:
        used = int(db.execute("SELECT total(nbytes) FROM snapshots").fetchone()[0])
        for job_id, size in db.execute("SELECT job_id, nbytes FROM snapshots ORDER BY used_at").fetchall():
            if used + nbytes <= self._budget_bytes:
                return
            db.execute("DELETE FROM snapshots WHERE job_id = ?", [job_id])
            _log.info("job %s: snapshot evicted: %d bytes, over the budget of %d", job_id, size, self._budget_bytes)
            used -= size

    def _attempt(self, what: str, action: Callable[[sqlite3.Connection], _T]) -> _T | None:
        """Run an action on the file; a damaged file is begun anew once, anything else is only logged."""
        for last in (False, True):
            try:
                return self._with_connection(action)
            except sqlite3.Error as error:
                _log.warning("snapshot %s failed: %s", what, error)
                if last or not _is_unusable(error):
                    return None
            self._discard()
        return None

    def _with_connection(self, action: Callable[[sqlite3.Connection], _T]) -> _T:
        # Opened for each action: they are seconds apart, and a file that is not open cannot be left half written.
        db = sqlite3.connect(self._path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        try:
            # Before the first table, or it has no effect: freed pages go back to the file system.
            db.execute("PRAGMA auto_vacuum=FULL")
            db.execute("PRAGMA synchronous=NORMAL")
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version not in (0, SCHEMA_VERSION):
                raise _WrongSchemaError(f"schema {version}, expected {SCHEMA_VERSION}")
            if version == 0:
                db.execute(_SCHEMA)
                db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
            return action(db)
        finally:
            db.close()

    def _discard(self) -> None:
        _log.warning("%s is begun anew: what it held will be read again from the text", self._path.name)
        for suffix in ("", "-journal", "-wal", "-shm"):
            with suppress(OSError):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)


class _WrongSchemaError(sqlite3.DatabaseError):
    """The file was written by another version of the program."""


def _is_unusable(error: sqlite3.Error) -> bool:
    """Whether the file itself is at fault: beginning anew helps, waiting or freeing space does not."""
    if isinstance(error, _WrongSchemaError):
        return True
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    # A file that is a database with other tables reports a plain SQL error ("no such column").
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR)
