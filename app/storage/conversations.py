"""Conversations as trees of turns: a branch is one more child, a fork a copy of one line, a deletion can be undone.

Nothing is erased but by `purge`. A conversation that was deleted is not found, listed or searched unless asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlite_utils

from app.core.errors import StorageError
from app.storage.conversation_records import (
    ConversationRecord,
    NewTurn,
    TurnRecord,
    conversation_record,
    turn_record,
)
from app.storage.database import Database
from app.storage.turn_search import TurnHit, search_turns

__all__ = ["ConversationRecord", "ConversationStore", "NewTurn", "TurnHit", "TurnRecord"]


class ConversationStore:
    """Conversations in the library database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self,
        conversation_id: str,
        *,
        title: str,
        model_name: str,
        now: float,
        document_id: str | None = None,
        page_range: str = "",
        forked_from: str = "",
    ) -> None:
        """Begin a conversation without turns."""
        with self._database.transaction() as db:
            _insert_conversation(db, conversation_id, title, document_id, model_name, page_range, forked_from, now)

    def add_turn(
        self,
        conversation_id: str,
        *,
        parent_id: int | None,
        role: str,
        text: str,
        now: float,
        details: str = "",
        state_key: str = "",
    ) -> int:
        """Commit a turn under its parent and make it the tip; returns its id.

        StorageError when the parent is no turn of this conversation.
        """
        turn = NewTurn(None, role, text, details, now, state_key)
        with self._database.transaction() as db:
            if parent_id is not None:
                self._check_turn(conversation_id, parent_id)
            turn_id = _insert_turn(db, conversation_id, parent_id, turn)
            _move_tip(db, conversation_id, turn_id, now)
        return turn_id

    def set_tip(self, conversation_id: str, turn_id: int, *, now: float) -> None:
        """Go over to the branch that ends in this turn. StorageError when it is no turn of this conversation."""
        with self._database.transaction() as db:
            self._check_turn(conversation_id, turn_id)
            _move_tip(db, conversation_id, turn_id, now)

    def rename(self, conversation_id: str, title: str, *, now: float) -> None:
        """Give a conversation another title. StorageError when there is no such conversation."""
        self._update(conversation_id, "title = ?, updated_at = ?", [title, now])

    def delete(self, conversation_id: str, *, now: float) -> None:
        """Put a conversation out of sight; `undelete` brings it back until it is purged. StorageError when unknown."""
        self._update(conversation_id, "deleted_at = coalesce(deleted_at, ?)", [now])

    def undelete(self, conversation_id: str) -> None:
        """Bring a deleted conversation back as it was. StorageError when it is unknown or purged."""
        self._update(conversation_id, "deleted_at = NULL", [])

    def deleted(self) -> list[ConversationRecord]:
        """The conversations that can be brought back, last deleted first."""
        rows = self._database.rows(
            "SELECT * FROM conversations WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC, rowid DESC"
        )
        return [conversation_record(row) for row in rows]

    def purge(self, before: float) -> int:
        """Erase for good what was deleted before this time; returns the number of conversations."""
        with self._database.transaction() as db:
            # Without their parents first: a cascade down a long line nests one trigger a turn, SQLite allows 1,000.
            db.execute(
                "UPDATE turns SET parent_id = NULL WHERE parent_id IS NOT NULL"
                " AND conversation_id IN (SELECT id FROM conversations WHERE deleted_at < ?)",
                [before],
            )
            return int(db.execute("DELETE FROM conversations WHERE deleted_at < ?", [before]).rowcount)

    def fork(self, conversation_id: str, turn_id: int, *, new_id: str, title: str, now: float) -> None:
        """Copy the line that ends in this turn into a new conversation with the same document, in one transaction.

        The copies keep their times and state keys. StorageError when it is no turn of this conversation.
        """
        with self._database.transaction() as db:
            self._check_turn(conversation_id, turn_id)
            (source,) = self.find(conversation_id, with_deleted=True)
            _insert_conversation(
                db, new_id, title, source.document_id, source.model_name, source.page_range, source.id, now
            )
            tip: int | None = None
            for turn in self.path_to(turn_id):
                copy = NewTurn(None, turn.role, turn.text, turn.details, turn.created_at, turn.state_key)
                tip = _insert_turn(db, new_id, tip, copy)
            _move_tip(db, new_id, tip, now)

    def insert_tree(
        self,
        conversation_id: str,
        turns: Sequence[NewTurn],
        *,
        title: str,
        model_name: str,
        now: float,
        tip: int | None = None,
        document_id: str | None = None,
        page_range: str = "",
    ) -> list[int]:
        """Store a whole conversation in one transaction; returns the turns' ids, in order of `turns`.

        `tip` is the position of the turn that ends the branch in use, None for the last. StorageError when a turn
        stands before its parent, the tip is no turn, a role is unknown, or the library has no such document.
        """
        for position, turn in enumerate(turns):
            if turn.parent is not None and not 0 <= turn.parent < position:
                raise StorageError(
                    f"turn {position} has parent {turn.parent}, expected an earlier turn", code="bad-tree"
                )
        if tip is not None and not 0 <= tip < len(turns):
            raise StorageError(f"the tip is turn {tip}, expected one of {len(turns)} turns", code="bad-tree")
        with self._database.transaction() as db:
            _insert_conversation(db, conversation_id, title, document_id, model_name, page_range, "", now)
            ids: list[int] = []
            for turn in turns:
                parent_id = None if turn.parent is None else ids[turn.parent]
                ids.append(_insert_turn(db, conversation_id, parent_id, turn))
            if ids:
                _move_tip(db, conversation_id, ids[-1 if tip is None else tip], now)
        return ids

    def find(self, id_or_prefix: str, *, with_deleted: bool = False) -> list[ConversationRecord]:
        """The conversation with this id, else all whose id begins so."""
        seen = _seen(with_deleted)
        exact = self._database.rows(f"SELECT * FROM conversations WHERE id = ? AND {seen}", [id_or_prefix])
        rows = exact or self._database.rows(
            f"SELECT * FROM conversations WHERE substr(id, 1, length(?)) = ? AND {seen} ORDER BY id",
            [id_or_prefix] * 2,
        )
        return [conversation_record(row) for row in rows]

    def overview(self, limit: int | None = None, *, with_deleted: bool = False) -> list[dict[str, Any]]:
        """All conversations (or the first `limit`), last changed first, with the numbers of `turns` and `branches`."""
        # A branch ends in a leaf, and a turn is a leaf unless it is some turn's parent. DISTINCT in a query of its own
        # walks the index in order; grouping by conversation and count(DISTINCT parent_id) took five times longer.
        counted = "SELECT count(*) FROM turns WHERE conversation_id = conversations.id"
        parents = (
            "SELECT count(*) FROM (SELECT DISTINCT parent_id FROM turns"
            " WHERE conversation_id = conversations.id AND parent_id IS NOT NULL)"
        )
        return self._database.rows(
            f"SELECT conversations.*, ({counted}) AS turns, ({counted}) - ({parents}) AS branches FROM conversations"
            f" WHERE {_seen(with_deleted)} ORDER BY updated_at DESC, rowid DESC LIMIT ?",
            [-1 if limit is None else limit],
        )

    def search(self, query: str, *, limit: int, with_deleted: bool = False) -> list[TurnHit]:
        """Turns and titles that hold a query's words, best first; see app/storage/turn_search.py."""
        return search_turns(self._database, query, limit=limit, with_deleted=with_deleted)

    def turn(self, turn_id: int) -> TurnRecord | None:
        """One turn by its id."""
        rows = self._database.rows("SELECT * FROM turns WHERE id = ?", [turn_id])
        return turn_record(rows[0]) if rows else None

    def turns(self, conversation_id: str) -> list[TurnRecord]:
        """The whole tree, in the order in which the turns were stored."""
        rows = self._database.rows("SELECT * FROM turns WHERE conversation_id = ? ORDER BY id", [conversation_id])
        return [turn_record(row) for row in rows]

    def tips(self, conversation_id: str) -> list[TurnRecord]:
        """The last turn of every branch, in the order in which they were stored."""
        rows = self._database.rows(
            "SELECT * FROM turns WHERE conversation_id = ?"
            " AND NOT EXISTS (SELECT 1 FROM turns AS child WHERE child.parent_id = turns.id) ORDER BY id",
            [conversation_id],
        )
        return [turn_record(row) for row in rows]

    def children(self, turn_id: int | None, conversation_id: str) -> list[TurnRecord]:
        """The turns that follow this one (None: that begin the conversation), in the order they were stored."""
        rows = self._database.rows(
            "SELECT * FROM turns WHERE conversation_id = ? AND parent_id IS ? ORDER BY id", [conversation_id, turn_id]
        )
        return [turn_record(row) for row in rows]

    def path_to(self, turn_id: int | None) -> list[TurnRecord]:
        """The turns from the root of the tree to this one: what the model has to be told again."""
        rows = self._database.rows(
            "WITH RECURSIVE line(turn_id, next_id, depth) AS ("
            " SELECT id, parent_id, 0 FROM turns WHERE id = ?"
            " UNION ALL SELECT id, parent_id, depth + 1 FROM turns JOIN line ON id = next_id)"
            " SELECT turns.* FROM line JOIN turns ON turns.id = turn_id ORDER BY depth DESC",
            [turn_id],
        )
        return [turn_record(row) for row in rows]

    def _check_turn(self, conversation_id: str, turn_id: int) -> None:
        if not self._database.rows(
            "SELECT 1 FROM turns WHERE id = ? AND conversation_id = ?", [turn_id, conversation_id]
        ):
            raise StorageError(f"conversation {conversation_id} has no turn {turn_id}", code="unknown-turn")

    def _update(self, conversation_id: str, assignments: str, values: Sequence[object]) -> None:
        with self._database.transaction() as db:
            changed = db.execute(
                f"UPDATE conversations SET {assignments} WHERE id = ?", [*values, conversation_id]
            ).rowcount
            if not changed:
                raise StorageError(f"there is no conversation {conversation_id}", code="unknown-conversation")


def _seen(with_deleted: bool) -> str:
    return "1" if with_deleted else "deleted_at IS NULL"


def _insert_conversation(
    db: sqlite_utils.Database,
    conversation_id: str,
    title: str,
    document_id: str | None,
    model_name: str,
    page_range: str,
    forked_from: str,
    now: float,
) -> None:
    """One row without turns, inside the caller's transaction."""
    db.execute(
        "INSERT INTO conversations (id, title, document_id, model_name, tip_turn_id, created_at, updated_at,"
        " page_range, forked_from) VALUES (?, ?, ?, ?, NULL, ?, ?, ?, ?)",
        [conversation_id, title, document_id, model_name, now, now, page_range, forked_from],
    )


def _insert_turn(db: sqlite_utils.Database, conversation_id: str, parent_id: int | None, turn: NewTurn) -> int:
    """One row, inside the caller's transaction; returns its id."""
    row = db.execute(
        "INSERT INTO turns (conversation_id, parent_id, role, text, details, created_at, state_key)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
        [conversation_id, parent_id, turn.role, turn.text, turn.details, turn.created_at, turn.state_key],
    ).fetchone()
    return int(row[0])


def _move_tip(db: sqlite_utils.Database, conversation_id: str, turn_id: int | None, now: float) -> None:
    db.execute("UPDATE conversations SET tip_turn_id = ?, updated_at = ? WHERE id = ?", [turn_id, now, conversation_id])
