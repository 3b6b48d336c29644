"""Starting, watching and ending a worker's process: whatever happens, its owner hears of the end."""

from __future__ import annotations

import queue
import signal
from multiprocessing.connection import Connection

import pytest

from app.worker import entry
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


def without_torch(connection: Connection) -> None:
    """A worker whose host cannot be imported."""
    entry.HOST = "app.worker.nowhere"
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
