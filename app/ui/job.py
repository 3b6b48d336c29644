"""A piece of work that was asked for: what is to be done, whether it is still wanted, and whom it tells how it goes."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.inference.generator import Cancelled
from app.services.desk import Desk
from app.ui.failure import Failure

E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class Task(Generic[E]):
    """What work is given: the services of its lane, whether to stop, and where to tell how it goes."""

    desk: Desk
    cancelled: Cancelled
    report: Callable[[E], None]


class Job:
    """A piece of work that was asked for.

    on_dropped: called, in the thread that cancels it, when it is cancelled before it has begun.
    """

    def __init__(self, on_dropped: Callable[[], None] | None = None) -> None:
        self._on_dropped = on_dropped
        self._lock = threading.Lock()
        self._cancelled = threading.Event()
        self.abandoned = False
        """Whether nobody wants to hear of it any more."""
        self.running = True
        """Until its last callback is called."""

    def begin(self) -> bool:
        """For the lane: whether it is still wanted; from now on it ends when its work does."""
        with self._lock:
            self._on_dropped = None
            return not self._cancelled.is_set()

    def cancel(self) -> None:
        """Ask it to stop; what it comes to is told all the same. One that still waits for its turn ends at once."""
        with self._lock:
            dropped, self._on_dropped = self._on_dropped, None
            self._cancelled.set()
        if dropped is not None:
            dropped()

    def abandon(self) -> None:
        """Ask it to stop, and hear no more of it."""
        self.abandoned = True
        self.cancel()

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to stop."""
        return self._cancelled.is_set()


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """A job with what to do and whom to tell."""

    job: Job
    run: Callable[[Task[Any]], Any]
    events: Callable[[Sequence[Any]], None] | None
    done: Callable[[Any], None] | None
    failed: Callable[[Failure], None] | None
    ended: Callable[[], None] | None
    always: bool
    """Also where the window closes before its turn."""

    def tell_events(self, events: Sequence[Any]) -> None:
        """Hand over what it reported."""
        if events and self.events is not None and not self.job.abandoned:
            call(self.events, events)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a job reported."""

    work: Work
    event: Any


@dataclass(frozen=True, slots=True)
class End:
    """Of a job: its result, or why it has none (both None: it was cancelled before it had one)."""

    work: Work
    result: tuple[Any] | None
    failure: Failure | None

    def tell(self) -> None:
        """The job is over: call what waits for that."""
        work, job = self.work, self.work.job
        job.running = False
        if self.failure is not None and work.failed is not None and not job.abandoned:
            call(work.failed, self.failure)
        elif self.result is not None and work.done is not None and not job.abandoned:
            call(work.done, self.result[0])
        if work.ended is not None and not job.abandoned:
            call(work.ended)


def call(callback: Callable[..., None], *arguments: Any) -> None:
    """A mistake in one callback is told like any other in a slot, and keeps no other from being called."""
    try:
        callback(*arguments)
    except Exception:
        sys.excepthook(*sys.exc_info())
