"""What is open: documents and conversations; what runs goes on out of sight."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from app.services.library import LibraryDocument
from app.services.shelf_rows import document_key
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.room import ChatRoom, Room, RoomParts

KEPT_ROOMS = 6
"""Rooms that stay open out of sight, beside those in which something runs."""

_R = TypeVar("_R", bound=Room)


class Rooms(QObject):
    """All rooms that are open, the one looked at last at the end."""

    made = Signal(object)
    """Room: a new one, to be shown and listened to."""
    closed = Signal(object)
    """Room."""

    def __init__(self, parts: RoomParts, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._parts = parts
        self._rooms: list[Room] = []

    @property
    def all(self) -> tuple[Room, ...]:
        """The rooms that are open."""
        return tuple(self._rooms)

    def document(self, item: LibraryDocument, path: Path, password: str) -> DocumentRoom:
        """The room of a document, made where there is none."""
        key = document_key(item.document_id, item.page_range)
        found = next((room for room in self._rooms if isinstance(room, DocumentRoom) and room.key == key), None)
        if found is not None:
            found.path = path
            found.pages.set_file(path, password)
        return self._front(found or DocumentRoom(item, path, password, self._parts), new=found is None)

    def chat(self, conversation_id: str | None) -> ChatRoom:
        """The room of a conversation about no document; a new one for None, where none stands empty."""
        chats = [room for room in self._rooms if isinstance(room, ChatRoom)]
        found = next(
            (
                room
                for room in chats
                if room.talk.conversation_id == conversation_id and (conversation_id or not room.talk.running)
            ),
            None,
        )
        return self._front(found or ChatRoom(conversation_id, self._parts), new=found is None)

    def close(self) -> None:
        """Close all of them."""
        for room in self._rooms:
            room.close()
        self._rooms = []

    def forget_document(self, document_id: str) -> None:
        """Close the rooms of a document that is no more."""
        for room in self._rooms.copy():
            if isinstance(room, DocumentRoom) and room.item.document_id == document_id:
                self._close(room)

    def forget_conversation(self, conversation_id: str) -> None:
        """Close what shows a conversation that is no more."""
        for room in self._rooms.copy():
            if isinstance(room, DocumentRoom):
                room.forget_conversation(conversation_id)
            elif room.key == conversation_id:
                self._close(room)

    def _front(self, room: _R, *, new: bool) -> _R:
        if new:
            self.made.emit(room)
        else:
            self._rooms.remove(room)
        self._rooms.append(room)
        idle = [other for other in self._rooms[:-1] if not other.running]
        for other in idle[: max(0, len(self._rooms) - KEPT_ROOMS)]:
            self._close(other)
        return room

    def _close(self, room: Room) -> None:
        self._rooms.remove(room)
        self.closed.emit(room)
        room.close()
