"""The inference worker's side: owns the engine and its live states, answers one job after the other.

Four threads: the main one runs the engine; one takes requests, so that a Cancel is heard during a job; one sends the
heartbeat; one packs saved states, so that hashing does not hold up the next job. It opens no database and writes no
file but the engine's own caches.
"""

from __future__ import annotations

import array
import logging
import os
import queue
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

from app.core.errors import GriffinDeskError, InternalError, ResourceError, lacks_memory
from app.core.log import PROGRAM
from app.core.threads import yield_to_others
from app.inference.engine import Engine
from app.inference.generator import DamagedStateError, ReadCancelled, StateRef
from app.worker.channel import Channel, ChannelClosed
from app.worker.inspection import inspect
from app.worker.messages import (
    Cancel,
    Done,
    Drop,
    Event,
    Failed,
    Fork,
    Generate,
    Generated,
    Inspect,
    Inspected,
    LoadModel,
    LoadState,
    LogLine,
    ModelReady,
    NewState,
    Position,
    PositionIs,
    ProgressSeen,
    Read,
    ReadDone,
    ReadProgress,
    Request,
    SaveState,
    Score,
    Scored,
    Shutdown,
    StateSaved,
    TextChunk,
)
from app.worker.pulse import Pulse

TEXT_INTERVAL_S = 1 / 30
"""Least time between two pieces of text: what shows them cannot show more."""


def run_host(connection: Connection) -> None:
    """Serve requests until Shutdown or until the program is gone."""
    channel = Channel(connection)
    logging.getLogger(PROGRAM).setLevel(logging.INFO)
    logging.getLogger().addHandler(_LogSender(channel))
    logging.captureWarnings(True)
    Host(channel).run()


class Job:
    """What other threads may tell a running job."""

    def __init__(self) -> None:
        self.cancelled = threading.Event()
        self._ahead = threading.Semaphore(1)

    def seen(self) -> None:
        """The program has taken in one report of progress."""
        self._ahead.release()

    def cancel(self) -> None:
        """End it at the next chance."""
        self.cancelled.set()
        self._ahead.release()

    def may_go_on(self) -> bool:
        """Wait until no more than one report is on its way; False once cancelled."""
        self._ahead.acquire()
        return not self.cancelled.is_set()


class Host:
    """One worker. `run` is the main thread's loop."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._requests: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._jobs: dict[int, Job] = {}
        self._engine: Engine | None = None
        self._states: dict[StateRef, StateRef] = {}
        """The program's handles, and the engine's."""
        self._packer = ThreadPoolExecutor(1, "packer")
        self._pulse = Pulse(channel)

    def run(self) -> None:
        """Until Shutdown; the program's death ends the process at once, in whatever it is doing."""
        threading.Thread(target=self._receive, name="requests", daemon=True).start()
        self._pulse.start()
        while not isinstance(request := self._requests.get(), Shutdown):
            self._pulse.busy = True
            self._serve(request)
            self._pulse.busy, self._pulse.states = False, len(self._states)
        self._packer.shutdown()

    def _receive(self) -> None:
        try:
            while True:
                request = self._channel.receive()
                if isinstance(request, Cancel | ProgressSeen):
                    # Of a job that has just ended there is nothing left to tell.
                    if (job := self._jobs.get(request.job_id)) is not None:
                        job.cancel() if isinstance(request, Cancel) else job.seen()
                    continue
                if isinstance(request, Read | Generate):
                    self._jobs[request.job_id] = Job()
                self._requests.put(request)  # type: ignore[arg-type]
        except ChannelClosed:
            os._exit(1)

    def _serve(self, request: Request) -> None:
        answer = partial(self._answer, request)
        if isinstance(request, SaveState):
            self._attempt(request.job_id, partial(self._freeze, request))
        elif isinstance(request, Drop):
            # A state whose making failed was never there.
            if (state := self._states.pop(request.state, None)) is not None:
                self._loaded().drop(state)
        else:
            assert not isinstance(request, Cancel | ProgressSeen | Shutdown)
            self._attempt(request.job_id, lambda: self._channel.send(answer()))
            self._jobs.pop(request.job_id, None)

    def _attempt(self, job_id: int, action: Callable[[], None]) -> None:
        """Do it, or say why it could not be done."""
        try:
            try:
                action()
            except GriffinDeskError as error:
                digests = error.digests if isinstance(error, DamagedStateError) else ()
                self._channel.send(
                    Failed(job_id, type(error).__name__, error.code, error.message, traceback.format_exc(), digests)
                )
            except ChannelClosed:
                raise
            except Exception as error:
                self._channel.send(_unforeseen(job_id, error))
        except ChannelClosed:
            os._exit(1)

    def _answer(self, request: Request) -> Event:
        match request:
            case LoadModel():
                return self._load(request)
            case NewState(job_id, state):
                self._states[state] = self._loaded().new_state()
                return Done(job_id)
            case Fork(job_id, state, copy):
                self._states[copy] = self._loaded().fork(self._states[state])
                return Done(job_id)
            case Position(job_id, state):
                return PositionIs(job_id, self._loaded().position(self._states[state]))
            case Read():
                return self._read(request)
            case Score(job_id, state, token_ids):
                return Scored(job_id, self._loaded().score(self._states[state], token_ids))
            case Generate():
                return self._generate(request)
            case LoadState(job_id, state, saved):
                self._states[state] = self._loaded().load_state(saved)
                return Done(job_id)
            case Inspect(job_id):
                return Inspected(job_id, inspect(self._loaded()))
            case _:
                raise InternalError(f"a {type(request).__name__} was not expected here")

    def _loaded(self) -> Engine:
        if self._engine is None:
            raise InternalError("no model is loaded")
        return self._engine

    def _load(self, request: LoadModel) -> Event:
        if request.background:
            yield_to_others()
        self._engine = engine = Engine.load(
            Path(request.path),
            name=request.name,
            device=request.device,
            weight_format=request.weight_format,
            threads=request.threads,
            cache_dir=None if request.cache_dir is None else Path(request.cache_dir),
        )
        self._pulse.engine = engine
        return ModelReady(request.job_id, engine.info, engine.batch_size)

    def _read(self, request: Read) -> Event:
        engine, job = self._loaded(), self._jobs[request.job_id]
        vectors: bytes = b""
        width, cancelled = 0, False

        def stopped() -> bool:
            with self._pulse.waiting():
                return not job.may_go_on()

        try:
            found = engine.read(
                self._states[request.state],
                request.token_ids,
                spans=request.spans,
                on_progress=lambda done: self._channel.send(ReadProgress(request.job_id, done)),
                cancelled=stopped,
                interrupted=job.cancelled.is_set,
            )
        except ReadCancelled:
            cancelled = True
        else:
            width = len(found[0]) if found else 0
            vectors = b"".join(array.array("f", vector).tobytes() for vector in found)
        return ReadDone(request.job_id, cancelled, width, vectors, engine.usage)

    def _generate(self, request: Generate) -> Event:
        engine, job = self._loaded(), self._jobs[request.job_id]
        text = _TextSender(self._channel, request.job_id)
        try:
            generations = engine.generate_batch(
                [self._states[state] for state in request.states],
                request.prompts,
                sampling=request.samplings,
                max_new_tokens=request.max_new_tokens,
                on_text=text.add,
                cancelled=job.cancelled.is_set,
            )
        finally:
            text.flush()
        return Generated(request.job_id, tuple(generations), engine.usage)

    def _freeze(self, request: SaveState) -> None:
        """Copy the state now; hash it and send it from another thread, while the next job goes on."""
        frozen = self._loaded().freeze_state(self._states[request.state], request.known)
        self._packer.submit(
            self._attempt, request.job_id, lambda: self._channel.send(StateSaved(request.job_id, frozen.pack()))
        )


def _unforeseen(job_id: int, error: Exception) -> Failed:
    """What an exception that the engine did not foresee means to the user: no memory, or a bug."""
    if lacks_memory(error):
        message = "there is not enough memory; close other programs or use a smaller model"
        return Failed(job_id, ResourceError.__name__, "out-of-memory", message, traceback.format_exc())
    message = f"the model's process failed ({type(error).__name__}: {error})"
    return Failed(job_id, InternalError.__name__, "worker", message, traceback.format_exc())


class _TextSender:
    """Gathers text so that the program hears of it thirty times a second, not at every token."""

    def __init__(self, channel: Channel, job_id: int) -> None:
        self._channel = channel
        self._job_id = job_id
        self._waiting: dict[int, str] = {}
        self._sent_at = float("-inf")

    def add(self, index: int, text: str) -> None:
        """More of a sequence's text; sent at once when the last was sent some time ago."""
        self._waiting[index] = self._waiting.get(index, "") + text
        if time.monotonic() - self._sent_at >= TEXT_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Send what waits."""
        for index, text in self._waiting.items():
            self._channel.send(TextChunk(self._job_id, index, text))
        self._waiting.clear()
        self._sent_at = time.monotonic()


class _LogSender(logging.Handler):
    """Hands log lines to the program, which has the log file."""

    def __init__(self, channel: Channel) -> None:
        super().__init__()
        self._channel = channel

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
            if record.exc_info:
                text += "\n" + "".join(traceback.format_exception(*record.exc_info))
            self._channel.send(LogLine(record.levelno, record.name, text))
        except (ChannelClosed, TypeError, ValueError):
            return
