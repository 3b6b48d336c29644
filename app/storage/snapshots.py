"""Saved model states, in a file of their own: a cache.

Text is the truth, a state only saves the time to read it again. So nothing here is ever an error to the
user: a lost, damaged, foreign, full or busy file is logged with its reason, begun anew where possible, and the
text is read again instead.

A state is a recurrent part of its own and pages of the attention window, which states of one text share: a page
is known by the SHA-256 of its bytes, stored once, and goes with the last snapshot that refers to it.
"""

from __future__ import annotations

import functools
import hashlib
import math
import shutil
import sqlite3
import threading
from collections.abc import Callable, Collection
from pathlib import Path

from app.core.log import logger
from app.storage import snapshot_rows as rows
from app.storage.snapshot_file import SnapshotFile
from app.storage.snapshot_records import (
    Collected,
    Entry,
    PageRecord,
    Place,
    SaveOutcome,
    SnapshotKind,
    StateRecord,
)

__all__ = [
    "Collected",
    "Entry",
    "PageRecord",
    "Place",
    "SaveOutcome",
    "SnapshotKind",
    "SnapshotStore",
    "StateRecord",
]

_log = logger("snapshots")

DISK_RESERVE_BYTES = 256 << 20
"""Left free on the disk by saved states, their write-ahead log included."""

GIVE_WAY_BYTES = 64 << 20
"""With less than that free, states that are kept already go, until so much is."""


class SnapshotStore:
    """States by stream and key, within a budget of bytes. For use from several threads and programs at once."""

    def __init__(self, path: Path, *, budget_bytes: int) -> None:
        self._path = path
        self._file = SnapshotFile(path)
        self._budget_bytes = budget_bytes
        self._used: dict[int, float] = {}
        self._used_lock = threading.Lock()

    @property
    def last_problem(self) -> str:
        """Why the last call came to nothing, one clause for the user; '' when it did what it was asked."""
        return self._file.problem

    def save(self, place: Place, state: StateRecord, *, now: float) -> SaveOutcome:
        """Keep a state in place of an older one at the same place; others may be evicted for it."""
        own_bytes = len(state.header.encode()) + len(state.recurrent)
        name = f"{place.stream}, {place.key}"

        def write(db: sqlite3.Connection) -> SaveOutcome:
            wanted = {page.digest for page in state.pages}
            stored = rows.page_sizes(db, wanted)
            new = {
                page.digest: len(page.data)
                for page in state.pages
                if page.data is not None and page.digest not in stored
            }
            sizes = stored | new
            if missing := len(wanted) - len(sizes):
                _log.info("%s: no snapshot: %d of its pages are not stored any more", name, missing)
                return SaveOutcome.PAGES_MISSING
            budget = self._budget_now(db)
            if (nbytes := own_bytes + sum(sizes.values())) > budget:
                _log.info("%s: no snapshot: %d bytes, room for %d", name, nbytes, budget)
                if rows.total_bytes(db) > budget:
                    rows.shrink(db, budget_bytes=budget)
                return SaveOutcome.REFUSED
            self._note_use(db)
            id_ = rows.insert_row(db, place, state, own_bytes=own_bytes, now=now)
            rows.drop_orphans(db, spared=wanted)
            if rows.total_bytes(db) + sum(new.values()) > budget:
                rows.evict(db, budget_bytes=budget, newest=id_, its_pages=sizes)
                rows.drop_orphans(db, spared=wanted)
            rows.insert_state(db, id_, state)
            # Last: the new state takes the room that was freed, only the rest goes back to the disk.
            rows.vacuum(db)
            new_bytes = own_bytes + sum(new.values())
            _log.info("%s: snapshot at %d tokens, %d bytes, %d new", name, state.position, nbytes, new_bytes)
            return SaveOutcome.SAVED

        outcome = self._file.write("save", write, create=True) or SaveOutcome.REFUSED
        if outcome is SaveOutcome.REFUSED and not self._file.problem:
            self._file.problem = "there is too little room for saved states"
        return outcome

    def load(self, entry_id: int, *, now: float) -> StateRecord | None:
        """A state with all its pages; None, with the reason logged, where it is gone or a part of it is."""
        found = self._file.read("load", lambda db: rows.read_state(db, entry_id))
        if isinstance(found, StateRecord):
            with self._used_lock:
                self._used[entry_id] = now
            self._file.write_if_free(self._note_use)
            _log.info("snapshot %d: hit at %d tokens", entry_id, found.position)
            return found
        reason = self._file.problem or (found or rows.Lack.SNAPSHOT).value
        _log.warning("snapshot %d: miss: %s", entry_id, reason)
        if found is rows.Lack.PART:
            self.damaged(entry_id)
        self._file.problem = reason
        return None

    def find(self, stream: str, key: str, fingerprint: str) -> Entry | None:
        """The snapshot of a place."""
        found = self._entries("stream = ? AND key = ? AND fingerprint = ?", [stream, key, fingerprint])
        return found[0] if found else None

    def other_fingerprints(self, stream: str, key: str) -> list[str]:
        """Of all models whose states of a place are kept: why `find` with another one found nothing."""
        sql = "SELECT fingerprint FROM snapshots WHERE stream = ? AND key = ? ORDER BY fingerprint"
        return self._strings(sql, [stream, key])

    def entries(self, stream: str, fingerprint: str) -> list[Entry]:
        """All snapshots of a stream, by position."""
        return self._entries("stream = ? AND fingerprint = ?", [stream, fingerprint])

    def candidates(self, fingerprint: str, *, kinds: Collection[SnapshotKind]) -> list[Entry]:
        """The snapshots of some kinds in all streams, by position: a changed text may begin like another one."""
        condition = "fingerprint = ? AND kind IN (SELECT value FROM json_each(?))"
        return self._entries(condition, [fingerprint, rows.json_list(kinds)])

    def damaged(self, entry_id: int, digests: Collection[str] = ()) -> None:
        """Drop a snapshot whose bytes do not fit their digests, these pages, and every snapshot that uses them."""
        self._drop(f"snapshot {entry_id}, damaged", lambda db: [entry_id, *rows.users(db, digests)])

    def drop_stream(self, stream: str) -> None:
        """Forget all snapshots of a stream; the file gives the room back."""
        sql = "SELECT id FROM snapshots WHERE stream = ?"
        self._drop(stream, lambda db: [row[0] for row in db.execute(sql, [stream])])

    def total_bytes(self) -> int:
        """Bytes of all states kept, shared pages once; 0 where the file cannot be read."""
        return self._file.read("measure", rows.total_bytes) or 0

    def collect(self, *, now: float) -> Collected:
        """Check every page, drop what is damaged, evict down to the budget and give free room back to the disk.

        Takes seconds for each gigabyte; states can be saved and loaded meanwhile.
        """
        bad = self._damaged_pages()

        def write(db: sqlite3.Connection) -> tuple[int, int, int, int]:
            self._note_use(db)
            # A clock that was wrong for a while must not protect a state for years.
            db.execute("UPDATE snapshots SET used_at = ? WHERE used_at > ?", [now, now])
            before = rows.total_bytes(db)
            snapshots = rows.remove(db, {*rows.users(db, bad), *rows.incomplete(db)})
            pages = rows.drop_orphans(db)
            evicted, dropped = rows.shrink(db, budget_bytes=self._budget_now(db))
            snapshots, pages = snapshots + evicted, pages + dropped
            kept = rows.total_bytes(db)
            return snapshots, pages, before - kept, kept

        snapshots, pages, freed, kept = self._file.write("collect", write) or (0, 0, 0, 0)
        self._file.checkpoint()
        _log.info("collected: %d snapshots and %d pages dropped, %d bytes; %d kept", snapshots, pages, freed, kept)
        return Collected(snapshots, pages, freed, kept, self._file.disk_bytes())

    def give_way(self) -> None:
        """Where the disk is all but full: states go until there is some room for what cannot be made anew.

        All of them, with their file, where even letting go of some needs more room than there is.
        """
        if self._file.disk_bytes() == 0 or self._free_bytes() >= GIVE_WAY_BYTES:
            return
        _log.warning("the disk is all but full: saved states give way")
        if self._file.write("shrink", lambda db: rows.shrink(db, budget_bytes=self._budget_now(db))) is not None:
            self._file.checkpoint()
        if self._free_bytes() < GIVE_WAY_BYTES:
            self._file.begin_anew("the disk is full")

    def close(self) -> None:
        """Close the file; a later call opens it again."""
        self._file.write_if_free(self._note_use)
        self._file.close()

    def _budget_now(self, db: sqlite3.Connection) -> int:
        """The budget, or less where the disk is nearly full: a cache must leave room for the library."""
        free, held = self._free_bytes(), rows.total_bytes(db)
        if free < GIVE_WAY_BYTES:
            return min(self._budget_bytes, max(0, held + int(free) - GIVE_WAY_BYTES))
        return int(min(self._budget_bytes, held + max(0, free - DISK_RESERVE_BYTES)))

    def _free_bytes(self) -> float:
        try:
            return shutil.disk_usage(self._path.parent).free
        except OSError:
            return math.inf

    def _damaged_pages(self) -> list[str]:
        self._file.check(rows.check_structure)
        bad = []
        for digest in self._strings("SELECT digest FROM pages", []):
            # Page by page: one long view of the file would keep its log from being brought in.
            data = self._file.check(functools.partial(rows.read_page, digest=digest))
            if data is not None and hashlib.sha256(data).hexdigest() != digest:
                bad.append(digest)
        return bad

    def _drop(self, name: str, find: Callable[[sqlite3.Connection], list[int]]) -> None:
        def drop(db: sqlite3.Connection) -> None:
            removed = rows.remove(db, find(db))
            rows.drop_orphans(db)
            rows.vacuum(db)
            _log.info("%s: %d snapshots dropped", name, removed)

        self._file.write("drop", drop)

    def _note_use(self, db: sqlite3.Connection) -> None:
        with self._used_lock:
            used, self._used = self._used, {}
        db.executemany(
            "UPDATE snapshots SET used_at = max(used_at, ?) WHERE id = ?", [(at, id_) for id_, at in used.items()]
        )

    def _entries(self, condition: str, parameters: list[object]) -> list[Entry]:
        return self._file.read("search", lambda db: rows.read_entries(db, condition, parameters)) or []

    def _strings(self, sql: str, parameters: list[str]) -> list[str]:
        return self._file.read("search", lambda db: [str(row[0]) for row in db.execute(sql, parameters)]) or []
