"""States of a few bytes for tests of the store of saved states, and a look into its file past the store."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from app.storage.snapshots import PageRecord, Place, SnapshotKind, StateRecord

PAGE_TOKENS = 128


def page(ordinal: int, data: bytes, *, known: bool = False) -> PageRecord:
    """The page of the tokens [128 * ordinal, 128 * (ordinal + 1)); without its bytes where they are known."""
    start = PAGE_TOKENS * ordinal
    return PageRecord(start, start + PAGE_TOKENS, hashlib.sha256(data).hexdigest(), None if known else data)


def state(recurrent: bytes, pages: Sequence[PageRecord] = (), *, position: int = 0, header: str = "") -> StateRecord:
    """A state; its token hash says the position."""
    return StateRecord(header, position, f"hash of {position}", recurrent, tuple(pages))


def place(
    key: str, *, stream: str = "s", kind: SnapshotKind = SnapshotKind.BOOKMARK, model: str = "m", parent: str = ""
) -> Place:
    """A place in the stream `s` of the model `m`."""
    return Place(stream, key, kind, model, parent)


def rows(path: Path, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
    """Run one statement on the file, past the store."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        return db.execute(sql, list(parameters)).fetchall()


def page_digests(path: Path, stream: str, model: str) -> set[object]:
    """The pages that the states of a stream are made of, without a file none."""
    sql = "SELECT digest FROM snapshots JOIN snapshot_pages ON snapshot_id = id WHERE stream = ? AND fingerprint = ?"
    return {digest for (digest,) in rows(path, sql, [stream, model])} if path.exists() else set()


def assert_sound(path: Path) -> None:
    """The file is whole; nothing dangles, nothing is orphaned, the sizes and the digests are true."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT id FROM snapshots ORDER BY id").fetchall() == (
            db.execute("SELECT snapshot_id FROM recurrent_parts ORDER BY snapshot_id").fetchall()
        )
        assert db.execute("SELECT digest FROM pages ORDER BY digest").fetchall() == (
            db.execute("SELECT DISTINCT digest FROM snapshot_pages ORDER BY digest").fetchall()
        )
        for digest, nbytes, data in db.execute("SELECT digest, nbytes, data FROM pages"):
            assert (nbytes, digest) == (len(data), hashlib.sha256(data).hexdigest())
        for nbytes, header, data in db.execute(
            "SELECT nbytes, header, data FROM snapshots JOIN recurrent_parts ON snapshot_id = id"
        ):
            assert nbytes == len(header.encode()) + len(data)


def stored_bytes(path: Path) -> int:
    """Bytes of everything in the file, counted from what it holds; 0 without a file."""
    if not path.exists():
        return 0
    sql = (
        "SELECT total(length(CAST(header AS BLOB)) + length(data)) FROM recurrent_parts "
        "UNION ALL SELECT total(length(data)) FROM pages"
    )
    with closing(sqlite3.connect(path)) as db:
        return sum(int(row[0]) for row in db.execute(sql))
