"""What the store of saved model states takes and gives: places, states in parts, entries, outcomes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum


class SnapshotKind(StrEnum):
    """Why a state was kept, which decides how long it stays."""

    BOOKMARK = "bookmark"
    """A place in the middle of what is read."""
    END = "end"
    """The end of a document."""
    TURN = "turn"
    """The end of a turn of a conversation."""


@dataclass(frozen=True, slots=True)
class PageRecord:
    """Part of an attention window: the tokens [start, end)."""

    start: int
    end: int
    digest: str
    """SHA-256 of the bytes, hex."""
    data: bytes | None
    """None where the store has them."""


@dataclass(frozen=True, slots=True)
class StateRecord:
    """A complete state, as the generator saved it."""

    header: str
    position: int
    """Tokens read."""
    token_hash: str
    """Of all tokens read; '' where it is not known."""
    recurrent: bytes
    pages: tuple[PageRecord, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """What a state belongs to; there is one snapshot for each stream, key and fingerprint."""

    stream: str
    """What is read, such as a document or a conversation."""
    key: str
    """A place in it, such as a part or a turn."""
    kind: SnapshotKind
    fingerprint: str
    """Of the model; a state of another model is of no use."""
    parent_key: str = ""
    """The place before it in the stream, '' for none. After an eviction: the nearest one that is kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A snapshot without its bytes."""

    id: int
    place: Place
    position: int
    token_hash: str
    created_at: float


class SaveOutcome(Enum):
    """What became of a state that was to be saved."""

    SAVED = "saved"
    PAGES_MISSING = "pages missing"
    """A page that came without its bytes is not in the store: nothing was changed, save again with all bytes."""
    REFUSED = "refused"
    """Not kept; the reason is in the log and in `last_problem`."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection removed, and what is left."""

    snapshots: int
    """Removed: damaged, or over the budget."""
    pages: int
    """Removed, with those snapshots or because no snapshot referred to them."""
    freed_bytes: int
    kept_bytes: int
    file_bytes: int
    """Of the file on the disk, afterwards."""
