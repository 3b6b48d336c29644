"""What a file of saved states is: its tables, how it is made and opened, and how it is told from any other file."""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from pathlib import Path

from app.storage.database import make_private

APPLICATION_ID = 0x47724473
"""'GrDs': SQLite's application_id header field tells our file from any other database, the library too."""

SCHEMA_VERSION = 2
BUSY_TIMEOUT_S = 2.0

PAGE_BYTES = 32 * 1024
"""30 MiB in blobs of 1.5 MiB are read in 9 ms, with pages of 4096 bytes in 23 ms."""

MAX_LOG_BYTES = 32 * 1024 * 1024
"""What is left of the write-ahead log after a checkpoint."""

_SCHEMA = (
    # AUTOINCREMENT: an id that a caller still holds must never come to mean another snapshot.
    """
    CREATE TABLE snapshots (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        stream TEXT NOT NULL,
        key TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('bookmark', 'end', 'turn')),
        parent_key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        position INTEGER NOT NULL,
        token_hash TEXT NOT NULL,
        nbytes INTEGER NOT NULL,
        created_at REAL NOT NULL,
        used_at REAL NOT NULL,
        UNIQUE (stream, key, fingerprint)
    ) STRICT
    """,
    # For the same reason ids do not begin at 1 again in a file that is begun anew.
    "INSERT INTO sqlite_sequence (name, seq) VALUES ('snapshots', abs(random() >> 24))",
    # Apart from the row: a change of used_at would read and write the megabytes beside it.
    """
    CREATE TABLE recurrent_parts (
        snapshot_id INTEGER PRIMARY KEY REFERENCES snapshots (id) ON DELETE CASCADE,
        header TEXT NOT NULL,
        data BLOB NOT NULL
    ) STRICT
    """,
    "CREATE TABLE pages (digest TEXT PRIMARY KEY, nbytes INTEGER NOT NULL, data BLOB NOT NULL) STRICT",
    "CREATE INDEX pages_sizes ON pages (digest, nbytes)",
    """
    CREATE TABLE snapshot_pages (
        snapshot_id INTEGER NOT NULL REFERENCES snapshots (id) ON DELETE CASCADE,
        ordinal INTEGER NOT NULL,
        start_token INTEGER NOT NULL,
        end_token INTEGER NOT NULL,
        digest TEXT NOT NULL REFERENCES pages (digest),
        PRIMARY KEY (snapshot_id, ordinal)
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX snapshot_pages_digests ON snapshot_pages (digest)",
)


class DamagedFileError(sqlite3.DatabaseError):
    """What the file holds cannot be true: it is begun anew."""


class NotOursError(sqlite3.DatabaseError):
    """The file must be left as it is; the message is the reason for the user."""


class OlderError(sqlite3.DatabaseError):
    """The file was written by an older version of the program."""


def open_snapshots(path: Path) -> sqlite3.Connection:
    """A connection to the file, which is made if it is not there. Raises sqlite3.Error, those above among them."""
    # States hold the last tokens of documents and turns: SQLite would let everybody on the machine read them.
    with suppress(OSError):
        make_private(path)
    db = sqlite3.connect(path, timeout=BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
    try:
        # One transaction: another process may be making it just now.
        db.execute("BEGIN")
        version = check_owner(db, may_be_empty=True)
        db.execute("COMMIT")
        if version == 0:
            _make(db)
        db.execute("PRAGMA foreign_keys=ON")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute(f"PRAGMA journal_size_limit={MAX_LOG_BYTES}")
    except BaseException:
        db.close()
        raise
    return db


def _make(db: sqlite3.Connection) -> None:
    # Both only work before anything is written, and the switch to write-ahead mode writes.
    db.execute(f"PRAGMA page_size={PAGE_BYTES}")
    db.execute("PRAGMA auto_vacuum=INCREMENTAL")
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("BEGIN IMMEDIATE")
    # Asked again: another process may have made it meanwhile.
    if check_owner(db, may_be_empty=True) == 0:
        for statement in _SCHEMA:
            db.execute(statement)
        db.execute(f"PRAGMA application_id={APPLICATION_ID}")
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")
    db.execute("COMMIT")


def check_owner(db: sqlite3.Connection, *, may_be_empty: bool = False) -> int:
    """The schema's version, SCHEMA_VERSION or 0 (nothing in it). Raises what keeps the file from being used."""
    version, owner = _pragma(db, "user_version"), _pragma(db, "application_id")
    if version == SCHEMA_VERSION and owner == APPLICATION_ID:
        return version
    tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master").fetchall()}
    if version == 0 and owner == 0 and not tables and may_be_empty:
        return 0
    # Version 1 did not sign its file.
    if version == 1 and owner == 0 and "snapshots" in tables:
        raise OlderError(f"schema {version}, this program's is {SCHEMA_VERSION}")
    if version > SCHEMA_VERSION and owner in (0, APPLICATION_ID):
        raise NotOursError("the snapshot file was written by a newer Griffin Desk")
    if owner == APPLICATION_ID or (version == 0 and not tables):
        raise DamagedFileError(f"schema {version} in a file of ours")
    raise NotOursError("the snapshot file is another program's database")


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
