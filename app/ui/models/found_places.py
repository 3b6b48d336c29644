"""What a search in a document has found so far, and which of it is shown."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, Protocol, TypeVar


class OnPage(Protocol):
    """A place on a page."""

    @property
    def page(self) -> int:
        """From 1."""
        ...


_Hit = TypeVar("_Hit", bound=OnPage)


class FoundPlaces(Generic[_Hit]):
    """Places in the document's order, as they come; the first one at or after where the user was is shown first."""

    def __init__(self) -> None:
        self.hits: list[_Hit] = []
        self.current: int | None = None
        """Index of the place that is shown."""
        self.done = True
        self._from_page = 0

    def begin(self, page: int) -> None:
        """A new search; the user is on this page."""
        self.hits.clear()
        self.current = None
        self.done = False
        self._from_page = page

    def add(self, hits: Iterable[_Hit]) -> bool:
        """Take more places; True when one of them is the first to be shown."""
        first = len(self.hits)
        self.hits.extend(hits)
        if self.current is None:
            later = (index for index in range(first, len(self.hits)) if self.hits[index].page >= self._from_page)
            self.current = next(later, None)
            return self.current is not None
        return False

    def finish(self) -> bool:
        """Nothing more comes; True when, no place lying after where the user was, the first one is to be shown."""
        self.done = True
        if self.current is None and self.hits:
            self.current = 0
            return True
        return False

    def clear(self) -> None:
        """Nothing is looked for."""
        self.begin(0)
        self.done = True

    def step(self, by: int) -> bool:
        """Go on to the next place (1) or back (-1), round the ends; False where there is none."""
        if not self.hits:
            return False
        at = self.current if self.current is not None else -1 if by > 0 else 0
        self.current = (at + by) % len(self.hits)
        return True

    @property
    def shown(self) -> _Hit | None:
        """The place that is shown."""
        return None if self.current is None else self.hits[self.current]
