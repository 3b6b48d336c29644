"""What a user at the window needs for all else: who walks, what is on the list, what is in front."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

from app.services.shelf_rows import ShelfDocument
from app.ui.controllers.document_room import DocumentRoom

if TYPE_CHECKING:
    from tests.torture.evening_walk import Walker

MOMENT_S = 60.0
"""For what takes a moment on a machine that does nothing else."""


class User:
    """Knows the window from outside and inside."""

    def __init__(self, walker: Walker, folder: Path, files: list[Path], source: random.Random) -> None:
        self._walker = walker
        self._desk = walker.desk
        self._controller = walker.desk.controller
        self._exports = folder / "exports"
        self._exports.mkdir(exist_ok=True)
        self._files = files
        self._source = source

    def _rested(self) -> bool:
        return self._desk.jobs.idle and not self._desk.jobs._letters

    def _room_of(self, file: Path) -> DocumentRoom | None:
        rooms = [room for room in self._controller.rooms.all if isinstance(room, DocumentRoom)]
        return next((room for room in rooms if room.path == file), None)

    def _row_of(self, file: Path) -> ShelfDocument | None:
        rows = self._controller.shelf.documents
        return next((row for row in rows if row.document_id and row.path == str(file)), None)

    def _front_is(self, file: Path) -> bool:
        room = self._controller.room
        return isinstance(room, DocumentRoom) and room.path == file

    def _shown(self, file: Path) -> DocumentRoom | None:
        """The document in front, opened from the list; None where it does not come."""
        row = self._row_of(file)
        if row is None:
            return None
        self._controller.open_row(row)
        self._walker.wait(lambda: self._front_is(file) and self._rested(), MOMENT_S)
        return self._room_of(file)
