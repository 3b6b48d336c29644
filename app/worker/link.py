"""The line to an inference worker: starts it, asks it, waits for its answers, and starts another when it has died."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from app.core.errors import InternalError, WorkerLostError, error_named
from app.core.log import logger
from app.inference.generator import Cancelled, DamagedStateError, Usage, never
from app.worker.channel import ChannelClosed
from app.worker.messages import (
    Cancel,
    Event,
    Failed,
    Generated,
    Heartbeat,
    LoadModel,
    LogLine,
    ModelReady,
    ProgressSeen,
    ReadDone,
    ReadProgress,
    Request,
    TextChunk,
)
from app.worker.process import WorkerProcess

POLL_S = 0.05
"""How often a waiting call asks whether it has been cancelled, or hears of an interrupt."""
MOST_LOSSES = 5
"""After as many losses, one after the other with no job done in between, a call is refused and no worker started."""

_log = logger("worker")
_E = TypeVar("_E", bound=Event)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """Which model a worker loads, and how; see Engine.load."""

    path: Path
    name: str
    device: str = "auto"
    weight_format: str | None = None
    threads: int | None = None
    cache_dir: Path | None = None
    background: bool = False
    """Whether the process yields to others that want the processor."""


@dataclass(frozen=True, slots=True)
class _Lost:
    """Put where a job waits for its events when its worker has ended."""

    reason: str


@dataclass(frozen=True, slots=True)
class Job:
    """A request under way, and where its events arrive."""

    id: int
    process: WorkerProcess
    events: queue.SimpleQueue[Event | _Lost]


class WorkerLink:
    """One model, and whichever worker has it loaded just now. Any thread may call.

    on_lost is called when a worker has ended, before any call hears of it; on_heartbeat from a thread of the worker's.
    """

    def __init__(
        self,
        spec: ModelSpec,
        *,
        on_lost: Callable[[], None],
        on_heartbeat: Callable[[Heartbeat], None] | None,
    ) -> None:
        self._spec = spec
        self._on_lost = on_lost
        self._on_heartbeat = on_heartbeat
        self._lock = threading.RLock()
        self._starting = threading.Lock()
        self._process: WorkerProcess | None = None
        self._loading: Job | None = None
        self._ready: ModelReady | None = None
        self._closed = False
        self._losses = 0
        self._ids = itertools.count(1)
        self._jobs: dict[int, queue.SimpleQueue[Event | _Lost]] = {}
        self._usage_before = Usage()
        self._usage = Usage()

    @property
    def pid(self) -> int | None:
        """Of the worker, where there is one."""
        with self._lock:
            return None if self._process is None else self._process.pid

    @property
    def usage(self) -> Usage:
        """Of all workers together."""
        with self._lock:
            return self._usage_before + self._usage

    @property
    def ready(self) -> ModelReady:
        """What the loaded model is; from the last worker as long as no other has been asked for."""
        ready = self._ready
        return self.wait() if ready is None else ready

    def start(self) -> None:
        """Begin to load the model; returns at once."""
        with self._lock:
            if self._process is None and not self._closed:
                self._begin()

    def wait(self) -> ModelReady:
        """Wait until the model is loaded, starting a worker where there is none.

        Raises what loading raised (CheckpointError, UserError, ResourceError), and WorkerLostError.
        """
        with self._starting:
            with self._lock:
                if self._closed:
                    raise InternalError("this model was closed", code="model-closed")
                if self._losses >= MOST_LOSSES:
                    # What is asked for after this has been told may try once more: there may be more memory by then.
                    self._losses = MOST_LOSSES - 1
                    raise WorkerLostError(
                        f"the model's process stopped {MOST_LOSSES} times in a row; close other programs and try "
                        "again, or choose a smaller model or another device",
                        code="worker-keeps-stopping",
                    )
                self.start()
                loading, ready = self._loading, self._ready
            if loading is None:
                assert ready is not None  # a worker that is not loading has loaded
                return ready
            try:
                ready = self.answer(ModelReady, loading)
            except BaseException as error:
                # Whatever it was, an interrupt too: nobody would hear this worker's answer any more. Said before it is
                # ended: its own thread, which takes every end for a loss, would else be first now and then.
                self._end(loading.process, "it was asked to end", counts=isinstance(error, WorkerLostError))
                loading.process.end()
                raise
            with self._lock:
                if loading.process is self._process:
                    self._ready, self._loading, loading.process.ready = ready, None, True
            return ready

    def close(self) -> None:
        """End the worker. Calling again does nothing."""
        with self._lock:
            self._closed = True
            process = self._process
        if process is not None:
            process.end()

    def call(
        self,
        answer: type[_E],
        request: Callable[[int], Request],
        *,
        guard: Callable[[], None] = lambda: None,
        on_event: Callable[[Event], None] | None = None,
        cancelled: Cancelled = never,
    ) -> _E:
        """Send a request and wait for its answer; see `submit` and `answer`."""
        return self.answer(answer, self.submit(request, guard=guard), on_event=on_event, cancelled=cancelled)

    def submit(self, request: Callable[[int], Request], *, guard: Callable[[], None] = lambda: None) -> Job:
        """Send a request, given its job id. `guard` may raise what forbids it; no worker is lost while it looks."""
        guard()
        self.wait()
        with self._lock:
            guard()
            if self._process is None:
                raise WorkerLostError("the model's process stopped")
            job = Job(next(self._ids), self._process, queue.SimpleQueue())
            self._jobs[job.id] = job.events
        _tell(job.process, request(job.id))  # should it have just ended, the job's events say so
        return job

    def tell(self, request: Request) -> None:
        """Send what is not answered to the worker there is."""
        with self._lock:
            process = self._process
        if process is not None:
            _tell(process, request)

    def answer(
        self,
        kind: type[_E],
        job: Job,
        *,
        on_event: Callable[[Event], None] | None = None,
        cancelled: Cancelled = never,
    ) -> _E:
        """Hand on a job's progress and return its answer, of the class `kind`; raises what it raised over there."""
        over = False
        try:
            while True:
                try:
                    # Also where nothing can be cancelled: on Windows a wait without an end does not hear Ctrl-C.
                    event = job.events.get(timeout=POLL_S)
                except queue.Empty:
                    event = None
                if event is not None and not isinstance(event, ReadProgress | TextChunk):
                    over = True
                    return _checked(event, kind)
                if event is not None and on_event is not None:
                    on_event(event)
                if not over and cancelled():
                    over = True
                    _tell(job.process, Cancel(job.id))
                elif isinstance(event, ReadProgress):
                    _tell(job.process, ProgressSeen(job.id))
        finally:
            with self._lock:
                self._jobs.pop(job.id, None)
            if not over:  # an interrupt, or a mistake of the caller's: nobody waits for the job any more
                _tell(job.process, Cancel(job.id))

    # -- from the worker's threads -----------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Start a process and let it load the model; the lock is held."""
        process = WorkerProcess(self._take, self._end)
        job = Job(next(self._ids), process, queue.SimpleQueue())
        self._process, self._loading, self._ready, self._jobs[job.id] = process, job, None, job.events
        spec = self._spec
        cache_dir = None if spec.cache_dir is None else str(spec.cache_dir)
        _tell(
            process,
            LoadModel(
                job.id,
                str(spec.path),
                spec.name,
                spec.device,
                spec.weight_format,
                spec.threads,
                cache_dir,
                spec.background,
            ),
        )

    def _take(self, event: Event) -> None:
        if isinstance(event, LogLine):
            logger(event.logger.partition(".")[2] or "worker").log(event.level, "%s", event.message)
            return
        if isinstance(event, Heartbeat):
            self._count(event.usage)
            if self._on_heartbeat is not None:
                self._on_heartbeat(event)
            return
        if isinstance(event, ReadDone | Generated):
            self._count(event.usage)
            self._losses = 0
        with self._lock:
            events = self._jobs.get(event.job_id)
        if events is not None:
            events.put(event)

    def _end(self, process: WorkerProcess, reason: str, *, counts: bool = True) -> None:
        """A worker has ended; the first call for it is the one that holds. counts: as one that was lost."""
        with self._lock:
            if process is not self._process:
                return
            self._process, self._loading = None, None
            self._losses += counts and not self._closed
            self._usage_before += self._usage
            self._usage = Usage()
            waiting, self._jobs = self._jobs, {}
            self._on_lost()
        for events in waiting.values():
            events.put(_Lost(reason))

    def _count(self, usage: Usage) -> None:
        with self._lock:
            # A heartbeat may be overtaken by the end of a job.
            if usage.prefill_tokens + usage.decode_tokens >= self._usage.prefill_tokens + self._usage.decode_tokens:
                self._usage = usage


def _tell(process: WorkerProcess, request: Request) -> None:
    try:
        process.send(request)
    except ChannelClosed:
        return


def _checked(event: Event | _Lost, kind: type[_E]) -> _E:
    """The answer, or the error in its place."""
    if isinstance(event, _Lost):
        raise WorkerLostError(f"the model's process stopped: {event.reason}")
    if isinstance(event, Failed):
        raise _error(event)
    if not isinstance(event, kind):
        raise InternalError(f"the worker answered with {type(event).__name__}, expected {kind.__name__}")
    return event


def _error(failed: Failed) -> Exception:
    """The error that a job raised over there."""
    _log.info("the worker: %s\n%s", failed.message, failed.detail)
    if failed.error == DamagedStateError.__name__:
        return DamagedStateError(failed.message, digests=failed.digests)
    return error_named(failed.error, failed.message, code=failed.code)
