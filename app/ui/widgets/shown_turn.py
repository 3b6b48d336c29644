"""A turn as the chat shows it, and what the user can say about it: plain data between views and controllers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from app.tasks.model import Line

WRITING_KEY = 0
"""Key of the turn that is being written; stored turns have keys above it."""


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """One turn of the branch in use."""

    key: int
    role: str
    """"user" or "assistant"."""
    text: str
    """Of the model: Markdown; shown where there are no `lines`."""
    created_at: float
    """Seconds since the epoch; 0 where unknown."""
    lines: tuple[Line, ...] = ()
    label: str = ""
    """How the answer was made, already translated."""
    note: str = ""
    """What else there is to know: stopped early, and the like; already translated."""
    branch: int = 1
    """This turn's place among those that say something else here, from 1."""
    branches: int = 1
    page_mark: str = "p."
    titles: Mapping[str, str] = field(default_factory=dict)
    """Document id -> title, where citations may be of several documents."""

    @property
    def by_user(self) -> bool:
        """Whether the user said it."""
        return self.role == "user"

    @property
    def plain(self) -> str:
        """What is copied: the text, or the lines one below the other."""
        return self.text or "\n".join(line.text for line in self.lines)


class AskMode(StrEnum):
    """What a question about a document is put to."""

    FIND = "find"
    """The document's text, searched."""
    TALK = "talk"
    """The model, which has read it."""


@dataclass(frozen=True, slots=True)
class Said:
    """The user sent this."""

    text: str
    mode: AskMode


@dataclass(frozen=True, slots=True)
class Edited:
    """The user wants to have said something else in turn `key`."""

    key: int
    text: str


@dataclass(frozen=True, slots=True)
class BranchChosen:
    """The user steps to the branch before (-1) or after (1) the one shown at turn `key`."""

    key: int
    step: int
