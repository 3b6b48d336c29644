"""What to do when the model's process dies in the middle of something: go on with another, but not for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from app.core.errors import WorkerLostError
from app.core.log import logger

MOST_RESTARTS = 5
"""Processes that may be lost one after the other without any progress: another would die of the same cause."""

_log = logger("restarts")
_E = TypeVar("_E")


@dataclass(frozen=True, slots=True)
class Recovered:
    """The model's process was lost and the work goes on from what was kept. One line for the user."""

    message: str


class Restarts:
    """Counts losses during one piece of work."""

    def __init__(self, work: str) -> None:
        self._work = work
        self._losses = 0

    def progress(self) -> None:
        """Something was finished that will not have to be done again."""
        self._losses = 0

    def lost(self, error: WorkerLostError) -> Recovered:
        """The work may go on; raises the error when it has been lost too often."""
        self._losses += 1
        _log.warning("%s: %s", self._work, error.message)
        if self._losses > MOST_RESTARTS or error.code == "worker-keeps-stopping":
            raise error
        return Recovered(f"{error.message}; it was started again and goes on from what was kept")


def going_on(
    work: str, attempt: Callable[[], Iterator[_E]], part_done: Callable[[_E], int | None]
) -> Iterator[_E | Recovered]:
    """The events of an attempt, and where its worker is lost, Recovered and those of another, until one has ended.

    part_done: the index of the part that an event says is done. One that was done before is no progress: a worker may
    always die in the one after it. Raises WorkerLostError when too many are lost without any.
    """
    restarts, furthest = Restarts(work), -1
    while True:
        try:
            for event in attempt():
                if (part := part_done(event)) is not None and part > furthest:
                    furthest = part
                    restarts.progress()
                yield event
            return
        except WorkerLostError as error:
            yield restarts.lost(error)
