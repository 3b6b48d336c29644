"""What is under way when the model is loaded anew: it stops, and readings go on where the same model comes back."""

from __future__ import annotations

from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.engine import ModelWish
from app.ui.controllers.room import Room
from app.ui.controllers.rooms import Rooms


class PausedReadings:
    """The readings of all rooms, over a change of the model."""

    def __init__(self, rooms: Rooms, model_name: str) -> None:
        self._rooms = rooms
        self._model_name = model_name
        self._paused: list[DocumentRoom] = []

    def stop(self, wish: ModelWish) -> None:
        """The model's process ends, and whatever is under way would fail with it. wish: what comes in its place."""
        for room in self._rooms.all:
            if isinstance(room, DocumentRoom) and room.summary.running:
                room.summary.pause()
                if wish.name == self._model_name:
                    self._paused.append(room)
            room.stop()

    def go_on(self, model_name: str) -> None:
        """A model is there: go on with what was paused for it, save what the user has begun or ended meanwhile."""
        self._model_name = model_name
        paused, self._paused = self._paused, []
        for room in paused:
            if room.summary.paused:
                room.summary.resume()

    def forget(self, room: Room) -> None:
        """A room was closed."""
        self._paused = [other for other in self._paused if other is not room]
