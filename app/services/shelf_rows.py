"""The rows of the shelf's lists: plain data, light enough for the window to start with."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class DocumentState(StrEnum):
    """What has become of a document."""

    NEW = "new"
    OPENING = "opening"
    READING = "reading"
    READ = "read"
    NEEDS_PASSWORD = "needs-password"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ShelfDocument:
    """One document. `key` is stable and unique; `document_id` is '' for a file that could not be read.

    progress: of opening or reading, 0 to 1. problem: why a file was refused, as a sentence.
    """

    key: str
    document_id: str
    page_range: str
    title: str
    path: str
    pages: int
    state: DocumentState
    progress: float = 0.0
    problem: str = ""
    opened_at: float = 0.0
    """Of its file, in seconds since 1970; 0 where it is not in the library."""
    page_kind: str = "page"
    """"page", or "part" where the format has none and the text was cut into parts."""


@dataclass(frozen=True, slots=True)
class ShelfBranch:
    """A branch by its last turn; `turns` leads to that, with it."""

    turn_id: int
    turns: int
    last_text: str
    in_use: bool


@dataclass(frozen=True, slots=True)
class ShelfConversation:
    """One conversation; `branches` is empty when there is but one."""

    id: str
    title: str
    updated_at: float
    turns: int
    branches: tuple[ShelfBranch, ...]
    document_title: str
    document_id: str = ""
    page_range: str = ""


@dataclass(frozen=True, slots=True)
class ShelfHit:
    """A conversation found by its words: in a turn, or in its title (no turn)."""

    conversation_id: str
    turn_id: int | None
    title: str
    excerpt: str


def document_key(document_id: str, page_range: str) -> str:
    """Of a document that has been read out of its file."""
    return f"{document_id}:{page_range}"


def file_key(path: str) -> str:
    """Of a file that has not."""
    return f"file:{path}"
