"""Downloads and copies that were interrupted: kept by name, and offered to be gone on with, at the next start too.

Offered only: a download uses the network, and that is for the user to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from urllib.parse import quote, unquote

from app.services.catalogue import ModelStatus
from app.ui.models.model_row import Copy, Get, ModelRow, Wish
from app.ui.window_state import WindowState

Interrupted = Get | Copy
_NAME = "models"


class ModelsGoingOn:
    """Kept whenever something begins or ends: a crash interrupts too."""

    def __init__(self, state: WindowState) -> None:
        self._state = state
        self._kept = state.words(_NAME)
        self._left = _unpacked(self._kept)
        self.offered: tuple[Interrupted, ...] = ()
        """What the user may go on with by one click."""

    @property
    def is_wanted(self) -> bool:
        """Whether an earlier run left something that has not been looked for yet."""
        return bool(self._left)

    def look(self, row: Callable[[str], ModelRow | None]) -> None:
        """Offer what an earlier run left and the models, by their names, still show."""
        left, self._left = self._left, ()
        self.offered = tuple(wish for wish in left if _can_go_on(wish, row(wish.name)))

    def add(self, wish: Wish | None) -> None:
        """Offer something that was paused."""
        if isinstance(wish, Interrupted):
            self.drop(wish.name)
            self.offered = (*self.offered, wish)

    def drop(self, name: str) -> None:
        """Something else is done with this model."""
        self.offered = tuple(wish for wish in self.offered if wish.name != name)

    def take(self) -> tuple[Interrupted, ...]:
        """All that is offered, which then is no more."""
        offered, self.offered = self.offered, ()
        return offered

    def keep(self, under_way: Iterable[Wish]) -> None:
        """For the next start: what is under way now, what is offered, and what was not looked for yet."""
        wishes = dict.fromkeys((*under_way, *self.offered, *self._left))
        words = tuple(_packed(wish) for wish in wishes if isinstance(wish, Interrupted))
        if words != self._kept:
            self._kept = words
            self._state.save_words(_NAME, words)


def _can_go_on(wish: Interrupted, row: ModelRow | None) -> bool:
    if row is None:
        return False
    return row.is_here if isinstance(wish, Copy) else row.entry.status is ModelStatus.PAUSED


def _packed(wish: Interrupted) -> str:
    name = quote(wish.name, safe="")
    return f"get|{name}" if isinstance(wish, Get) else f"copy|{name}|{wish.weight_format}"


def _unpacked(words: Sequence[str]) -> tuple[Interrupted, ...]:
    found: list[Interrupted] = []
    for word in words:
        match word.split("|"):
            case ["get", name] if name:
                found.append(Get(unquote(name)))
            case ["copy", name, weight_format] if name and weight_format:
                found.append(Copy(unquote(name), weight_format))
    return tuple(found)
