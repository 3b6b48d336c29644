"""The worker's side, without a process: what its errors become, and reads that are cancelled."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import Pipe
from pathlib import Path

import pytest

from app.inference.device_names import CHUNK_TOKENS
from app.inference.engine import Engine
from app.inference.generator import StateRef
from app.worker import host as host_module
from app.worker.channel import Channel
from app.worker.host import Host, Job, _unforeseen
from app.worker.messages import (
    Heartbeat,
    LoadModel,
    ModelReady,
    NewState,
    Position,
    PositionIs,
    ProgressSeen,
    Read,
    ReadDone,
    ReadProgress,
    Request,
    Score,
    Scored,
    Shutdown,
)
from tests.contracts.text_generator import counted

CHUNK = CHUNK_TOKENS["cpu"]
WAIT_S = 60
_OPEN: list[Channel] = []
"""Ends of channels that stay open: a host takes the end of its channel for the end of the program, and ends it."""


class CountedJob(Job):
    """A job that is cancelled when it is asked for the given time whether it is."""

    def __init__(self, calls: int) -> None:
        super().__init__()
        self.cancelled.is_set = counted(calls)  # type: ignore[method-assign]


class Program:
    """The program's end of a channel."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def ask(self, request: Request) -> tuple[object, list[int]]:
        """The answer to a job, and the progress told before it."""
        self._channel.send(request)
        progress: list[int] = []
        while True:
            event = self._channel.receive()
            if isinstance(event, ReadProgress):
                progress.append(event.done)
                self._channel.send(ProgressSeen(event.job_id))
            elif not isinstance(event, Heartbeat):
                return event, progress


@contextmanager
def serving() -> Iterator[Program]:
    """A host in a thread of this process."""
    mine, its = map(Channel, Pipe())
    _OPEN.extend((mine, its))
    thread = threading.Thread(target=Host(its).run)
    thread.start()
    try:
        yield Program(mine)
    finally:
        mine.send(Shutdown())
        thread.join(WAIT_S)
    assert not thread.is_alive()


def load(path: Path, *, background: bool = False) -> LoadModel:
    return LoadModel(1, str(path), "tiny", "cpu", None, None, None, background)


def test_interrupted_in_the_middle_of_a_chunk(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Cancel is heard between two layers: the chunk before it is in the state, and the reading can go on."""
    ids = tuple(5 + i % 40 for i in range(2 * CHUNK))
    engine = Engine.load(tiny_model, name="tiny", device="cpu")
    whole = engine.new_state()
    engine.read(whole, ids)
    # Asked once before a chunk and once before each of its layers: it says so before the last layer of the second.
    job = CountedJob(2 * (1 + len(engine.model.blocks)) - 1)
    with serving() as program:
        ready, _ = program.ask(load(tiny_model))
        assert isinstance(ready, ModelReady) and ready.info == engine.info
        program.ask(NewState(2, StateRef(1)))
        with monkeypatch.context() as patch:
            patch.setattr(host_module, "Job", lambda: job)
            done, progress = program.ask(Read(3, StateRef(1), ids, ()))
        assert isinstance(done, ReadDone) and (done.cancelled, done.vectors) == (True, b"")
        assert progress == [CHUNK] and done.usage.prefill_tokens == CHUNK
        assert program.ask(Position(4, StateRef(1)))[0] == PositionIs(4, CHUNK)
        done, progress = program.ask(Read(5, StateRef(1), ids[CHUNK:], ()))
        assert isinstance(done, ReadDone) and (done.cancelled, progress) == (False, [CHUNK])
        assert program.ask(Score(6, StateRef(1), (7, 8, 9)))[0] == Scored(6, engine.score(whole, [7, 8, 9]))


@pytest.mark.parametrize("background", [False, True])
def test_yields_where_that_is_asked(tiny_model: Path, monkeypatch: pytest.MonkeyPatch, background: bool) -> None:
    """Once, before the model is loaded: the threads that loading begins are to yield too."""
    calls: list[str] = []
    original = Engine.load

    def loading(*args: object, **options: object) -> Engine:
        calls.append("load")
        return original(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(host_module, "yield_to_others", lambda: calls.append("yield"))
    monkeypatch.setattr(Engine, "load", loading)
    with serving() as program:
        program.ask(load(tiny_model, background=background))
    assert calls == (["yield", "load"] if background else ["load"])


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (MemoryError(), "ResourceError", "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory: you tried"), "ResourceError", "out-of-memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), "ResourceError", "out-of-memory"),
        (RuntimeError("CUDA out of memory. Tried to allocate"), "ResourceError", "out-of-memory"),
        (RuntimeError("CUDA error: an illegal memory access was encountered"), "InternalError", "worker"),
        (KeyError("x"), "InternalError", "worker"),
    ],
)
def test_unforeseen_errors(error: Exception, kind: str, code: str) -> None:
    """No memory is no bug, and a bug in memory is no lack of it."""
    failed = _unforeseen(3, error)
    assert (failed.job_id, failed.error, failed.code) == (3, kind, code)
