"""Readings that the program's end interrupts: kept by name, and gone on with at the next start."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.services.shelf_rows import ShelfDocument
from app.tasks.model import Style
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.room import Room
from app.ui.window_state import WindowState

_NAME = "reading"


class GoingOn:
    """Kept whenever something begins or ends: a crash interrupts too."""

    def __init__(self, state: WindowState) -> None:
        self._state = state
        self._left = _unpacked(state.words(_NAME))
        self._asked = False

    def wanted(self, rows: Sequence[ShelfDocument]) -> list[ShelfDocument]:
        """The documents to be opened for it, told once; what the library has no more is forgotten."""
        if self._asked:
            return []
        self._asked = True
        waiting = [row for row in rows if row.key in self._left and row.document_id]
        self._left = {row.key: self._left[row.key] for row in waiting}
        return waiting

    def take(self, key: str) -> Style | None:
        """The style in which a document that has just been opened is to be read on; told once."""
        return self._left.pop(key, None)

    def keep(self, rooms: Iterable[Room]) -> None:
        """What is being read now, and what has not been taken up yet."""
        reading = {
            room.key: room.summary.style for room in rooms if isinstance(room, DocumentRoom) and room.summary.running
        }
        self._state.save_words(_NAME, [f"{key}|{style.value}" for key, style in (self._left | reading).items()])


def _unpacked(words: Sequence[str]) -> dict[str, Style]:
    pairs = (word.rpartition("|") for word in words)
    return {key: Style(style) for key, _, style in pairs if key and style in set(Style)}
