"""What is stored of a conversation and of its turns, as plain records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn; `details` is JSON made by services (sampling, finish reason, tokens), '' for none."""

    id: int
    parent_id: int | None
    role: str
    text: str
    details: str
    created_at: float
    state_key: str
    """Name of the model's state after this turn in the snapshot file, '' for none; the snapshot may be gone."""
    conversation_id: str


@dataclass(frozen=True, slots=True)
class ConversationRecord:
    """A conversation and the turn its branch in use ends in (None before the first turn)."""

    id: str
    title: str
    document_id: str | None
    model_name: str
    tip_turn_id: int | None
    created_at: float
    updated_at: float
    page_range: str
    """Pages of the attached document, '' for all."""
    deleted_at: float | None
    forked_from: str
    """Id of the conversation this one was forked from, '' for none."""


@dataclass(frozen=True, slots=True)
class NewTurn:
    """A turn not stored yet; `parent` is its parent's position in the same sequence, earlier than its own."""

    parent: int | None
    role: str
    text: str
    details: str
    created_at: float
    state_key: str = ""


def turn_record(row: dict[str, Any]) -> TurnRecord:
    """The record of a row of `turns`."""
    return TurnRecord(
        id=row["id"],
        parent_id=row["parent_id"],
        role=row["role"],
        text=row["text"],
        details=row["details"],
        created_at=row["created_at"],
        state_key=row["state_key"],
        conversation_id=row["conversation_id"],
    )


def conversation_record(row: dict[str, Any]) -> ConversationRecord:
    """The record of a row of `conversations`."""
    return ConversationRecord(
        id=row["id"],
        title=row["title"],
        document_id=row["document_id"],
        model_name=row["model_name"],
        tip_turn_id=row["tip_turn_id"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        page_range=row["page_range"],
        deleted_at=row["deleted_at"],
        forked_from=row["forked_from"],
    )
