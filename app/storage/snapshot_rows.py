"""The rows of the file of saved states: each function is a part of a transaction that its caller holds."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import Enum

from app.core.log import logger
from app.storage.eviction import Held, plan_eviction
from app.storage.snapshot_records import Entry, PageRecord, Place, SnapshotKind, StateRecord
from app.storage.snapshot_schema import DamagedFileError

_log = logger("snapshots")


class Lack(Enum):
    """Why a state could not be read; the value is the reason for the user."""

    SNAPSHOT = "the saved state is no longer there"
    PART = "a part of the saved state is missing"


def insert_row(db: sqlite3.Connection, place: Place, state: StateRecord, *, own_bytes: int, now: float) -> int:
    """Give a place a row in place of an older one; its id. The state itself follows in `insert_state`."""
    unique = [place.stream, place.key, place.fingerprint]
    db.execute("DELETE FROM snapshots WHERE stream = ? AND key = ? AND fingerprint = ?", unique)
    cursor = db.execute(
        "INSERT INTO snapshots (stream, key, kind, parent_key, fingerprint, position, token_hash, nbytes, created_at, "
        "used_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            place.stream,
            place.key,
            place.kind.value,
            place.parent_key,
            place.fingerprint,
            state.position,
            state.token_hash,
            own_bytes,
            now,
            now,
        ],
    )
    assert cursor.lastrowid is not None
    return cursor.lastrowid


def insert_state(db: sqlite3.Connection, snapshot_id: int, state: StateRecord) -> None:
    """Store a state's parts; pages that are stored already are only referred to."""
    db.execute("INSERT INTO recurrent_parts VALUES (?, ?, ?)", [snapshot_id, state.header, state.recurrent])
    for page in state.pages:
        if page.data is not None:
            db.execute(
                "INSERT INTO pages VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [page.digest, len(page.data), page.data]
            )
    db.executemany(
        "INSERT INTO snapshot_pages VALUES (?, ?, ?, ?, ?)",
        [(snapshot_id, ordinal, page.start, page.end, page.digest) for ordinal, page in enumerate(state.pages)],
    )


def read_state(db: sqlite3.Connection, snapshot_id: int) -> StateRecord | Lack:
    """A state with the bytes of all its pages."""
    row = db.execute("SELECT position, token_hash FROM snapshots WHERE id = ?", [snapshot_id]).fetchone()
    if row is None:
        return Lack.SNAPSHOT
    part = db.execute("SELECT header FROM recurrent_parts WHERE snapshot_id = ?", [snapshot_id]).fetchone()
    if part is None:
        return Lack.PART
    pages = []
    for start, end, digest, rowid in db.execute(
        "SELECT start_token, end_token, snapshot_pages.digest, pages.rowid FROM snapshot_pages "
        "LEFT JOIN pages ON pages.digest = snapshot_pages.digest WHERE snapshot_id = ? ORDER BY ordinal",
        [snapshot_id],
    ).fetchall():
        if rowid is None:
            return Lack.PART
        pages.append(PageRecord(start, end, digest, read_blob(db, "pages", rowid)))
    return StateRecord(part[0], row[0], row[1], read_blob(db, "recurrent_parts", snapshot_id), tuple(pages))


def read_blob(db: sqlite3.Connection, table: str, rowid: int) -> bytes:
    """A row's `data`. As a result of a query it would be copied twice."""
    with db.blobopen(table, "data", rowid, readonly=True) as blob:
        return blob.read()


def read_page(db: sqlite3.Connection, digest: str) -> bytes | None:
    """A page's bytes; None where it is not stored."""
    row = db.execute("SELECT rowid FROM pages WHERE digest = ?", [digest]).fetchone()
    return None if row is None else read_blob(db, "pages", row[0])


def read_entries(db: sqlite3.Connection, condition: str, parameters: Collection[object]) -> list[Entry]:
    """The snapshots that meet a condition, by position."""
    rows = db.execute(
        "SELECT id, stream, key, kind, fingerprint, parent_key, position, token_hash, created_at "
        f"FROM snapshots WHERE {condition} ORDER BY position, id",
        list(parameters),
    ).fetchall()
    return [
        Entry(id_, Place(stream, key, _kind(kind), fingerprint, parent_key), position, token_hash, created_at)
        for id_, stream, key, kind, fingerprint, parent_key, position, token_hash, created_at in rows
    ]


def page_sizes(db: sqlite3.Connection, digests: Collection[str]) -> dict[str, int]:
    """Bytes of those of the pages that are stored."""
    return dict(
        db.execute(
            "SELECT digest, nbytes FROM pages WHERE digest IN (SELECT value FROM json_each(?))", [json_list(digests)]
        ).fetchall()
    )


def total_bytes(db: sqlite3.Connection) -> int:
    """Bytes of all headers, recurrent parts and pages."""
    return int(
        db.execute("SELECT (SELECT total(nbytes) FROM snapshots) + (SELECT total(nbytes) FROM pages)").fetchone()[0]
    )


def users(db: sqlite3.Connection, digests: Collection[str]) -> list[int]:
    """Ids of the snapshots that refer to any of the pages."""
    rows = db.execute(
        "SELECT DISTINCT snapshot_id FROM snapshot_pages WHERE digest IN (SELECT value FROM json_each(?))",
        [json_list(digests)],
    )
    return [row[0] for row in rows]


def incomplete(db: sqlite3.Connection) -> list[int]:
    """Ids of the snapshots that lack a part: possible only where somebody changed the file."""
    rows = db.execute(
        "SELECT id FROM snapshots WHERE id NOT IN (SELECT snapshot_id FROM recurrent_parts) "
        "UNION SELECT snapshot_id FROM snapshot_pages WHERE digest NOT IN (SELECT digest FROM pages)"
    )
    return [row[0] for row in rows]


def check_structure(db: sqlite3.Connection) -> None:
    """Raises DamagedFileError where the file is no sound database."""
    if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise DamagedFileError(str(found).splitlines()[0])


def remove(db: sqlite3.Connection, ids: Iterable[int]) -> int:
    """Delete snapshots; what followed one of them follows the one before it. The number of those there were."""
    removed = 0
    for id_ in ids:
        row = db.execute("SELECT parent_key, stream, fingerprint, key FROM snapshots WHERE id = ?", [id_]).fetchone()
        if row is not None:
            # Without this the one before would count as a tip of its conversation from now on.
            db.execute(
                "UPDATE snapshots SET parent_key = ? WHERE stream = ? AND fingerprint = ? AND parent_key = ?", row
            )
            removed += db.execute("DELETE FROM snapshots WHERE id = ?", [id_]).rowcount
    return removed


def drop_orphans(db: sqlite3.Connection, *, spared: Collection[str] = ()) -> int:
    """Delete the pages that no snapshot refers to, but for those about to be referred to; their number."""
    return db.execute(
        "DELETE FROM pages WHERE digest IN (SELECT digest FROM pages AS page WHERE NOT EXISTS "
        "(SELECT 1 FROM snapshot_pages WHERE snapshot_pages.digest = page.digest)) "
        "AND digest NOT IN (SELECT value FROM json_each(?))",
        [json_list(spared)],
    ).rowcount


def evict(
    db: sqlite3.Connection,
    *,
    budget_bytes: int,
    newest: int | None = None,
    its_pages: dict[str, int] | None = None,
) -> int:
    """Remove snapshots until the rest fits the budget; their number.

    Args:
        newest: has its row but not yet its pages; it stays.
        its_pages: the sizes of those pages.
    """
    coming = its_pages or {}
    digests: dict[int, set[str]] = defaultdict(set)
    for id_, digest in db.execute("SELECT snapshot_id, digest FROM snapshot_pages"):
        digests[id_].add(digest)
    if newest is not None:
        digests[newest] = set(coming)
    sizes = dict(db.execute("SELECT digest, nbytes FROM pages").fetchall()) | coming
    victims = plan_eviction(list(_held(db, digests)), sizes, budget_bytes=budget_bytes, newest=newest)
    if victims:
        _log.info("%d snapshots evicted: over the budget of %d bytes", remove(db, victims), budget_bytes)
    return len(victims)


def shrink(db: sqlite3.Connection, *, budget_bytes: int) -> tuple[int, int]:
    """Remove what is over the budget, and give its room back; the numbers of snapshots and of pages."""
    snapshots = evict(db, budget_bytes=budget_bytes)
    pages = drop_orphans(db)
    vacuum(db)
    return snapshots, pages


def _held(db: sqlite3.Connection, digests: Mapping[int, set[str]]) -> Iterator[Held]:
    for id_, stream, fingerprint, key, kind, parent_key, position, used_at, nbytes in db.execute(
        "SELECT id, stream, fingerprint, key, kind, parent_key, position, used_at, nbytes FROM snapshots"
    ):
        yield Held(
            id_,
            f"{fingerprint} {stream}",
            key,
            _kind(kind),
            parent_key,
            position,
            used_at,
            nbytes,
            frozenset(digests.get(id_, ())),
        )


def vacuum(db: sqlite3.Connection) -> None:
    """Give the file's free room back to the disk; it is smaller after the next checkpoint."""
    # One page a statement: the sqlite3 module takes only the first step of one that gives no rows.
    for _ in range(db.execute("PRAGMA freelist_count").fetchone()[0]):
        db.execute("PRAGMA incremental_vacuum(1)")


def json_list(values: Iterable[str]) -> str:
    """A parameter for `json_each`: any number of values."""
    return json.dumps(list(values))


def _kind(value: str) -> SnapshotKind:
    try:
        return SnapshotKind(value)
    except ValueError as error:
        raise DamagedFileError(str(error)) from error
