"""Starting, watching and ending a worker's process: whatever happens, its owner hears of the end."""

from __future__ import annotations

import importlib
import queue
import signal
import time
from multiprocessing.connection import Connection

import pytest

from app.worker import entry
from app.worker import process as process_module
from app.worker.channel import Channel
from app.worker.messages import Event, Failed, LoadModel, LogLine, Shutdown
from app.worker.process import WorkerProcess, _exit_reason

WAIT_S = 60
LOAD = LoadModel(7, "nowhere", "nothing", "cpu", None, None, None)


def says_a_request(connection: Connection) -> None:
    """A worker that a model file has taken over: its events are requests."""
    Channel(connection).send(Shutdown())
    connection.poll(None)


def says_a_line(connection: Connection) -> None:
    """A worker that is well."""
    Channel(connection).send(LogLine(20, "app.worker", "here"))
    connection.poll(None)


def says_nothing(connection: Connection) -> None:
    """A worker that stands still before its first word."""
    connection.poll(None)


def works_in_silence(connection: Connection) -> None:
    """A worker whose libraries come from a slow disk: the first word takes its time."""
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        pass
    says_a_line(connection)


def without_torch(connection: Connection) -> None:
    """A worker whose host cannot be imported."""
    entry.HOST = "app.worker.nowhere"
    entry.run(connection)


def without_room(connection: Connection) -> None:
    """A worker that finds no memory for torch."""

    def fail(name: str) -> None:
        raise ImportError("libtorch_cpu.so: failed to map segment from shared object")

    importlib.import_module = fail  # type: ignore[assignment]
    entry.run(connection)


@pytest.mark.parametrize("worker", [says_a_request, says_a_line])
def test_its_owner_hears_of_the_end(worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when taking in what it says fails: whoever waits for an answer must not wait for ever."""
    monkeypatch.setattr(entry, "run", worker)
    ends: queue.SimpleQueue[str] = queue.SimpleQueue()

    def take(event: Event) -> None:
        raise AttributeError(type(event).__name__)

    process = WorkerProcess(take, lambda process, reason: ends.put(reason))
    assert ends.get(timeout=WAIT_S) == "its line to the program was lost"
    process.end()


@pytest.mark.parametrize(("worker", "hung"), [(says_nothing, True), (says_a_line, True), (works_in_silence, False)])
def test_who_counts_as_hung(worker, hung: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says nothing, before the first word too; but not a worker that is still at its first libraries."""
    monkeypatch.setattr(entry, "run", worker)
    monkeypatch.setattr(process_module, "TICK_S", 0.1)
    monkeypatch.setattr(process_module, "HANG_TICKS", 15)
    monkeypatch.setattr(process_module, "HANG_TICKS_STARTING", 10**6)
    heard: queue.SimpleQueue[Event | str] = queue.SimpleQueue()
    process = WorkerProcess(heard.put, lambda process, reason: heard.put(reason))
    first = heard.get(timeout=WAIT_S)
    if isinstance(first, LogLine) and hung:
        first = heard.get(timeout=WAIT_S)
    assert (first == "it did not answer for 15 s") is hung
    process.end()


def test_no_room_for_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lack of memory while torch is loaded is told as one, not as a broken installation."""
    monkeypatch.setattr(entry, "run", without_room)
    events: queue.SimpleQueue[Event | str] = queue.SimpleQueue()
    process = WorkerProcess(events.put, lambda process, reason: events.put(reason))
    process.send(LOAD)
    failed = events.get(timeout=WAIT_S)
    assert isinstance(failed, Failed)
    assert (failed.error, failed.code) == ("ResourceError", "out-of-memory")
    assert failed.message == "there is not enough memory; close other programs or use a smaller model"
    process.end()


def test_a_host_that_cannot_be_imported(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """The answer to the first request says so, and standard error, which is the user's, holds no traceback."""
    monkeypatch.setattr(entry, "run", without_torch)
    events: queue.SimpleQueue[Event | str] = queue.SimpleQueue()
    process = WorkerProcess(events.put, lambda process, reason: events.put(reason))
    process.send(LOAD)
    failed = events.get(timeout=WAIT_S)
    assert isinstance(failed, Failed)
    assert (failed.job_id, failed.error, failed.code) == (7, "ResourceError", "worker-start")
    assert "No module named 'app.worker.nowhere'" in failed.message
    assert events.get(timeout=WAIT_S) == "it ended with code 0"
    process.end()
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (3, "it ended with code 3"),
        (None, "it ended with code None"),
        (-9, "it was killed, perhaps for lack of memory"),
        (-15, "it was ended by SIGTERM"),
        (-40, "it was ended by signal 40"),
    ],
)
def test_why_it_ended(code: int | None, reason: str) -> None:
    """In words, whatever the number: a real-time signal has no name."""
    assert _exit_reason(code) == reason


def test_why_it_ended_where_there_is_no_sigkill(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows knows no SIGKILL, and a process that was ended there has the code of a SIGTERM."""
    monkeypatch.delattr(signal, "SIGKILL")
    assert _exit_reason(-15) == "it was ended by SIGTERM"
