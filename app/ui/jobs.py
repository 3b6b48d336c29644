"""Where threads meet Qt: work is done in lanes, one thread each, and what comes of it is told in the event loop.

A lane has the services of its own thread (see services/desk.py). What a job reports is handed over at most thirty times
a second, in order; what it returns or raises comes after. Nothing here waits, except `close`.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from enum import StrEnum
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.core.errors import GriffinDeskError, WorkerLostError
from app.inference.generator import ReadCancelled
from app.services.desk import Desk
from app.ui.failure import Failure, failure_of
from app.ui.job import End, Event, Job, Task, Work, call

HAND_OVER_MS = 33
CLOSE_S = 10.0

T = TypeVar("T")
E = TypeVar("E")

OpenDesk = Callable[[], AbstractContextManager[Desk]]
"""Opens the services for the thread that calls it. Raises GriffinDeskError."""


class Lane(StrEnum):
    """Jobs of one lane follow each other; lanes go side by side."""

    QUICK = "quick"
    """Looking things up and small changes: never more than a moment."""
    FOLDERS = "folders"
    """Looking for documents in folders."""
    IMPORT = "import"
    """Documents out of their files."""
    READING = "reading"
    """Summaries: minutes or hours."""
    TALK = "talk"
    """Questions and conversations."""
    PAGES = "pages"
    """Pictures of pages."""
    COVERS = "covers"
    """Small pictures of documents."""
    FIND = "find"
    """Words on pages."""
    MODEL = "model"
    """Loading a model."""
    STORE = "store"
    """Downloads, copies and checks of models' files: minutes or hours."""
    HUB = "hub"
    """What is asked about models beside that: which there are, what a folder holds, whether the hub knows a token."""


_Letter = Event | End | Callable[[], None]


class Jobs(QObject):
    """All lanes of one window. It lives in the event loop's thread, where all callbacks are called."""

    _posted = Signal()

    def __init__(self, open_desk: OpenDesk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._open_desk = open_desk
        self._lanes: dict[Lane, _LaneThread] = {}
        self._letters: deque[_Letter] = deque()
        self._woken = False
        self._telling = False
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._again)
        self._posted.connect(self._wake, Qt.ConnectionType.QueuedConnection)

    def submit(
        self,
        lane: Lane,
        run: Callable[[Task[E]], T],
        *,
        events: Callable[[Sequence[E]], None] | None = None,
        done: Callable[[T], None] | None = None,
        failed: Callable[[Failure], None] | None = None,
        ended: Callable[[], None] | None = None,
        always: bool = False,
    ) -> Job:
        """Do this in a lane: `events` are told what it reports, then `done` or `failed`, and `ended` in any case.

        Work that raises ReadCancelled has only ended, and so has cancelled work whose worker went meanwhile. always:
        it frees something, and is done also where the window closes before its turn.
        """
        job = Job(lambda: self._post(End(work, None, None)))
        work = Work(job, run, events, done, failed, ended, always)
        if self._closed:
            job.running = False
            return job
        if lane not in self._lanes:
            self._lanes[lane] = _LaneThread(lane, self._open_desk, self._post)
        self._lanes[lane].put(work)
        return job

    def is_busy(self, lane: Lane) -> bool:
        """Whether what is asked of a lane now would have to wait."""
        return lane in self._lanes and self._lanes[lane].is_busy

    @property
    def idle(self) -> bool:
        """Whether no lane has anything to do."""
        return not any(lane.is_busy for lane in self._lanes.values())

    def post(self, call: Callable[[], None]) -> None:
        """Call something in the event loop soon; any thread may ask."""
        self._post(call)

    def close(self, *, wait_s: float = CLOSE_S) -> bool:
        """Cancel everything and end the threads; whether all ended in time. No callback is called any more.

        Called again it only waits again.
        """
        if not self._closed:
            self._closed = True
            self._timer.stop()
            for lane in self._lanes.values():
                lane.close()
        deadline = time.monotonic() + wait_s
        ended = [lane.join(max(0.0, deadline - time.monotonic())) for lane in self._lanes.values()]
        return all(ended)

    def _post(self, letter: _Letter) -> None:
        """From any thread."""
        if self._closed:
            return
        self._letters.append(letter)
        if not self._woken:
            self._woken = True
            self._posted.emit()

    def _wake(self) -> None:
        # The first of a burst is handed over at once, those that follow it together.
        if not self._timer.isActive():
            self._again()

    def _again(self) -> None:
        if self._closed:
            return
        # Before the look at the letters, also when there are none: a thread whose letter was handed over between its
        # two steps of `_post` wakes for nothing, and no other would wake ever after.
        self._woken = False
        if self._letters:
            self._timer.start(HAND_OVER_MS)
            self._hand_over()

    def _hand_over(self) -> None:
        if self._telling:
            return  # a callback opened a dialog that has an event loop of its own: order is kept, the timer comes again
        self._telling = True
        try:
            events: dict[Work, list[Any]] = {}
            for _ in range(len(self._letters)):
                letter = self._letters.popleft()
                if isinstance(letter, Event):
                    events.setdefault(letter.work, []).append(letter.event)
                elif isinstance(letter, End):
                    letter.work.tell_events(events.pop(letter.work, []))
                    letter.tell()
                else:
                    call(letter)
                if self._closed:
                    return
            for work, happened in events.items():
                work.tell_events(happened)
        finally:
            self._telling = False


class _LaneThread:
    """One thread with its own services, which it opens when its first work comes."""

    def __init__(self, lane: Lane, open_desk: OpenDesk, post: Callable[[_Letter], None]) -> None:
        self._open_desk = open_desk
        self._post = post
        self._works: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._left = 0
        """Works that are not done."""
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lane-{lane.value}", daemon=True)
        self._thread.start()

    @property
    def is_busy(self) -> bool:
        """Whether there is something to be done, or being done."""
        return self._left > 0

    def put(self, work: Work) -> None:
        """Do this after all that was put before."""
        self._count(1)
        self._works.put(work)

    def close(self) -> None:
        """Cancel all work and let the thread end."""
        self._closed.set()
        self._works.put(None)

    def join(self, wait_s: float) -> bool:
        """Wait for its end; False when it takes longer."""
        self._thread.join(wait_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        with ExitStack() as stack:
            desk: Desk | None = None
            while (work := self._works.get()) is not None:
                if (work.always or not self._closed.is_set()) and work.job.begin():
                    try:
                        if desk is None:
                            desk = stack.enter_context(self._open_desk())
                        end = self._do(work, desk)
                    except Exception as error:  # whatever it was, somebody waits to hear of it
                        end = End(work, None, failure_of(error))
                    self._post(end)
                    # Held on to here, callbacks and the widgets they belong to would be freed in this thread.
                    del end
                del work
                self._count(-1)

    def _count(self, more: int) -> None:
        with self._lock:
            self._left += more

    def _do(self, work: Work, desk: Desk) -> End:
        def cancelled() -> bool:
            return work.job.cancelled or self._closed.is_set()

        task: Task[Any] = Task(desk, cancelled, lambda event: self._post(Event(work, event)))
        try:
            return End(work, (work.run(task),), None)
        except ReadCancelled:
            return End(work, None, None)
        except GriffinDeskError as error:
            # The model's process was ended under work that had been asked to stop, and had not stopped yet.
            if cancelled() and (isinstance(error, WorkerLostError) or error.code == "model-closed"):
                return End(work, None, None)
            raise
