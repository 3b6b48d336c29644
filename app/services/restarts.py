"""What to do when the model's process dies in the middle of something: go on with another, but not for ever."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.errors import WorkerLostError
from app.core.log import logger

MOST_RESTARTS = 5
"""Processes that may be lost one after the other without any progress: another would die of the same cause."""

_log = logger("restarts")


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
