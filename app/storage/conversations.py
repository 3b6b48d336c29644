"""Conversations as trees of turns, so that a branch is one more child and needs no other schema."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.storage.database import Database


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn; `details` is JSON made by services (sampling, finish reason, tokens), '' for none."""

    id: int
    parent_id: int | None
    role: str
    text: str
    details: str
    created_at: float


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A conversation and the turn its newest branch ends in (None before the first turn)."""

    id: str
    title: str
    document_id: str | None
    model_name: str
    tip_turn_id: int | None
    created_at: float
    updated_at: float


class ConversationStore:
    """Conversations in the library database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, conversation_id: str, *, title: str, model_name: str, now: float, document_id: str | None = None
    ) -> None:
        """Begin a conversation without turns."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO conversations (id, title, document_id, model_name, tip_turn_id, created_at, updated_at)"
                " VALUES (?, ?, ?, ?, NULL, ?, ?)",
                [conversation_id, title, document_id, model_name, now, now],
            )

    def add_turn(
        self, conversation_id: str, *, parent_id: int | None, role: str, text: str, now: float, details: str = ""
    ) -> int:
        """Commit a turn under its parent and make it the tip; returns its id."""
        with self._database.transaction() as db:
            turn_id = db.execute(
                "INSERT INTO turns (conversation_id, parent_id, role, text, details, created_at)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                [conversation_id, parent_id, role, text, details, now],
            ).lastrowid
            assert turn_id is not None  # an INSERT into a rowid table always has one
            db.execute(
                "UPDATE conversations SET tip_turn_id = ?, updated_at = ? WHERE id = ?",
                [turn_id, now, conversation_id],
            )
        return turn_id

    def find(self, id_or_prefix: str) -> list[ConversationRecord]:
        """The conversation with this id, else all whose id begins so."""
        exact = self._database.rows("SELECT * FROM conversations WHERE id = ?", [id_or_prefix])
        rows = exact or self._database.rows(
            "SELECT * FROM conversations WHERE substr(id, 1, length(?)) = ? ORDER BY id", [id_or_prefix] * 2
        )
        return [_conversation(row) for row in rows]

    def overview(self) -> list[dict[str, Any]]:
        """All conversations, last changed first, with their number of turns."""
        return self._database.rows(
            "SELECT conversations.*, (SELECT count(*) FROM turns WHERE conversation_id = conversations.id) AS turns"
            " FROM conversations ORDER BY updated_at DESC, rowid DESC"
        )

    def path_to(self, turn_id: int | None) -> list[TurnRecord]:
        """The turns from the root of the tree to this one: what the model has to be told again."""
        rows = self._database.rows(
            "WITH RECURSIVE line(id, parent_id, role, text, details, created_at, depth) AS ("
            " SELECT id, parent_id, role, text, details, created_at, 0 FROM turns WHERE id = ?"
            " UNION ALL SELECT t.id, t.parent_id, t.role, t.text, t.details, t.created_at, depth + 1"
            " FROM turns t JOIN line ON t.id = line.parent_id)"
            " SELECT * FROM line ORDER BY depth DESC",
            [turn_id],
        )
        return [
            TurnRecord(row["id"], row["parent_id"], row["role"], row["text"], row["details"], row["created_at"])
            for row in rows
        ]


def _conversation(row: dict[str, Any]) -> ConversationRecord:
    return ConversationRecord(
        row["id"],
        row["title"],
        row["document_id"],
        row["model_name"],
        row["tip_turn_id"],
        row["created_at"],
        row["updated_at"],
    )
