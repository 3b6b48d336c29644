"""Lanes: what is told, in which order and how often, and how work ends."""

from __future__ import annotations

import errno
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest
from PySide6.QtCore import QEventLoop, QTimer
from pytestqt.qtbot import QtBot

from app.core.errors import DocumentError, InternalError, StorageError, WorkerLostError
from app.inference.generator import ReadCancelled
from app.services.desk import Desk
from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.job_scope import JobScope
from app.ui.jobs import HAND_OVER_MS, Jobs, Lane

DESK = cast(Desk, SimpleNamespace(name="a desk"))


@contextmanager
def open_desk() -> Iterator[Desk]:
    """Nothing of it is used here."""
    yield DESK


@pytest.fixture
def jobs(qtbot: QtBot) -> Iterator[Jobs]:
    """Closed at the end."""
    made = Jobs(open_desk)
    yield made
    assert made.close()


class Told:
    """What a job has told, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[str, Any]] = []

    def events(self, events: Sequence[Any]) -> None:
        self.all.append(("events", list(events)))

    def done(self, result: Any) -> None:
        self.all.append(("done", result))

    def failed(self, failure: Failure) -> None:
        self.all.append(("failed", failure.error.code))

    def ended(self) -> None:
        self.all.append(("ended", None))

    def submit(self, jobs: Jobs | JobScope, lane: Lane, run: Any) -> Job:
        return jobs.submit(lane, run, events=self.events, done=self.done, failed=self.failed, ended=self.ended)

    @property
    def over(self) -> bool:
        return bool(self.all) and self.all[-1][0] == "ended"


def wait_until_cancelled(task: Task[Any]) -> str:
    """Work that only ends when it is asked to."""
    while not task.cancelled():
        time.sleep(0.001)
    return "stopped"


def test_events_come_in_order_and_then_the_result(qtbot: QtBot, jobs: Jobs) -> None:
    """However they are bundled, all of them come, before `done`, and that before `ended`; the lane has its desk."""

    def work(task: Task[int]) -> str:
        for number in range(500):
            task.report(number)
        return cast(Any, task.desk).name

    told = Told()
    job = told.submit(jobs, Lane.QUICK, work)
    qtbot.waitUntil(lambda: told.over)
    events = [number for kind, numbers in told.all if kind == "events" for number in numbers]
    assert events == list(range(500))
    assert told.all[-2:] == [("done", "a desk"), ("ended", None)]
    assert not job.running


def test_reports_are_bundled(qtbot: QtBot, jobs: Jobs) -> None:
    """Two hand-overs in a row are no closer than the interval; the first of a burst does not wait for it."""
    at: list[float] = []
    go_on = threading.Event()

    def work(task: Task[int]) -> None:
        while not go_on.is_set():
            task.report(0)
            time.sleep(0.0005)

    told = Told()
    jobs.submit(Lane.QUICK, work, events=lambda events: at.append(time.monotonic()), ended=told.ended)
    qtbot.waitUntil(lambda: len(at) >= 12)
    go_on.set()
    qtbot.waitUntil(lambda: told.over)
    # Timers may fire a little early; a late one only makes gaps longer.
    assert min(after - before for before, after in pairwise(at[:12])) > 0.7 * HAND_OVER_MS / 1000


def test_lanes_go_side_by_side_and_each_in_turn(qtbot: QtBot, jobs: Jobs) -> None:
    """Work in another lane is done meanwhile; work in the same one waits."""
    let_go, order = threading.Event(), list[str]()
    jobs.submit(Lane.READING, lambda task: let_go.wait(10), ended=lambda: order.append("reading"))
    jobs.submit(Lane.READING, lambda task: None, ended=lambda: order.append("next reading"))
    jobs.submit(Lane.QUICK, lambda task: None, ended=lambda: order.append("quick"))
    assert jobs.is_busy(Lane.READING) and not jobs.is_busy(Lane.TALK)
    qtbot.waitUntil(lambda: order == ["quick"])
    let_go.set()
    qtbot.waitUntil(lambda: len(order) == 3)
    assert order == ["quick", "reading", "next reading"]
    qtbot.waitUntil(lambda: jobs.idle)


def test_cancelled_work_still_tells_what_it_came_to(qtbot: QtBot, jobs: Jobs) -> None:
    """It decides itself how to end."""
    told, begun = Told(), threading.Event()

    def work(task: Task[int]) -> str:
        begun.set()
        return wait_until_cancelled(task)

    job = told.submit(jobs, Lane.TALK, work)
    assert begun.wait(10)
    job.cancel()
    qtbot.waitUntil(lambda: told.over)
    assert told.all == [("done", "stopped"), ("ended", None)]


def test_cancelled_before_its_turn_it_ends_at_once(qtbot: QtBot, jobs: Jobs) -> None:
    """It does not wait for what is before it in the lane, and is never done."""
    let_go, ran = threading.Event(), list[int]()
    jobs.submit(Lane.READING, lambda task: let_go.wait(10))
    told = Told()
    job = told.submit(jobs, Lane.READING, lambda task: ran.append(1))
    job.cancel()
    job.cancel()
    qtbot.waitUntil(lambda: told.over)
    assert told.all == [("ended", None)] and not job.running
    let_go.set()
    qtbot.waitUntil(lambda: jobs.idle)
    assert ran == []


def test_abandoned_work_tells_nothing(qtbot: QtBot, jobs: Jobs) -> None:
    """Neither its result nor its end."""
    told, after = Told(), Told()
    job = told.submit(jobs, Lane.TALK, wait_until_cancelled)
    job.abandon()
    after.submit(jobs, Lane.TALK, lambda task: None)
    qtbot.waitUntil(lambda: after.over)
    assert told.all == [] and not job.running


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (DocumentError("it is locked", code="password"), "password"),
        (MemoryError(), "memory"),
        (OSError(errno.ENOSPC, "full"), "disk-full"),
        (ZeroDivisionError("1/0"), InternalError.default_code),
    ],
)
def test_failures_are_sentences(qtbot: QtBot, jobs: Jobs, error: Exception, code: str) -> None:
    """Errors of ours as they are, others in words of ours, with what a report needs; the lane goes on."""
    failures: list[Failure] = []

    def work(task: Task[int]) -> None:
        raise error

    jobs.submit(Lane.QUICK, work, failed=failures.append)
    told = Told()
    told.submit(jobs, Lane.QUICK, lambda task: "next")
    qtbot.waitUntil(lambda: told.over)
    assert told.all == [("done", "next"), ("ended", None)]
    assert failures[0].error.code == code
    assert type(error).__name__ in failures[0].details and "work" in failures[0].details


def test_work_that_was_interrupted_has_only_ended(qtbot: QtBot, jobs: Jobs) -> None:
    """ReadCancelled is no failure."""

    def work(task: Task[int]) -> None:
        raise ReadCancelled

    told = Told()
    told.submit(jobs, Lane.TALK, work)
    qtbot.waitUntil(lambda: told.over)
    assert told.all == [("ended", None)]


@pytest.mark.parametrize("asked_to_stop", [True, False])
def test_a_worker_that_goes_under_work(qtbot: QtBot, jobs: Jobs, asked_to_stop: bool) -> None:
    """Work that was to stop anyway has ended; other work has failed."""
    go_on, begun = threading.Event(), threading.Event()

    def work(task: Task[int]) -> None:
        begun.set()
        go_on.wait(10)
        raise WorkerLostError("the model's process stopped")

    told = Told()
    job = told.submit(jobs, Lane.TALK, work)
    assert begun.wait(10)
    if asked_to_stop:
        job.cancel()
    go_on.set()
    qtbot.waitUntil(lambda: told.over)
    assert told.all == [*([] if asked_to_stop else [("failed", WorkerLostError.default_code)]), ("ended", None)]


def test_a_desk_that_cannot_be_opened(qtbot: QtBot) -> None:
    """Each work fails with the reason; the next tries again."""
    failing = [True]

    @contextmanager
    def opened() -> Iterator[Desk]:
        if failing[0]:
            raise StorageError("the library is locked")
        yield DESK

    jobs, told, again = Jobs(opened), Told(), Told()
    told.submit(jobs, Lane.QUICK, lambda task: "never")
    qtbot.waitUntil(lambda: told.over)
    failing[0] = False
    again.submit(jobs, Lane.QUICK, lambda task: "now")
    qtbot.waitUntil(lambda: again.over)
    assert (told.all[0], again.all[0]) == (("failed", "storage"), ("done", "now"))
    assert jobs.close()


def test_a_mistake_in_a_callback_is_told_and_costs_no_other(qtbot: QtBot, jobs: Jobs) -> None:
    """It goes where those of slots go; `ended` and what other jobs told come all the same."""

    def wrong(result: object) -> None:
        raise ValueError("a mistake")

    told, ended = Told(), list[int]()
    with qtbot.captureExceptions() as mistakes:
        jobs.submit(Lane.QUICK, lambda task: task.report(1), events=wrong, done=wrong, ended=lambda: ended.append(1))
        told.submit(jobs, Lane.QUICK, lambda task: "fine")
        qtbot.waitUntil(lambda: told.over)
    assert [str(mistake[1]) for mistake in mistakes] == ["a mistake", "a mistake"]
    assert ended == [1] and told.all[0] == ("done", "fine")


def test_a_callback_with_an_event_loop_of_its_own(qtbot: QtBot, jobs: Jobs) -> None:
    """What happens meanwhile comes after it, in order."""
    order: list[str] = []

    def open_dialog(result: object) -> None:
        jobs.submit(Lane.QUICK, lambda task: None, done=lambda _: order.append("later"))
        loop = QEventLoop()
        QTimer.singleShot(3 * HAND_OVER_MS, loop.quit)
        loop.exec()
        order.append("dialog closed")

    jobs.submit(Lane.QUICK, lambda task: None, done=open_dialog)
    qtbot.waitUntil(lambda: len(order) == 2)
    assert order == ["dialog closed", "later"]


def test_any_thread_may_post(qtbot: QtBot, jobs: Jobs) -> None:
    """The call is made in the event loop's thread."""
    seen: list[threading.Thread] = []
    thread = threading.Thread(target=lambda: jobs.post(lambda: seen.append(threading.current_thread())))
    thread.start()
    qtbot.waitUntil(lambda: bool(seen))
    thread.join()
    assert seen == [threading.main_thread()]


def test_a_letter_that_is_handed_over_while_it_is_posted(
    qtbot: QtBot, jobs: Jobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop takes it before its thread has woken the loop: what is posted later is still heard of."""
    heard: list[int] = []

    class Handed(deque[Any]):
        """Whose letters are handed over as soon as they are in, as by the timer at that instant."""

        def append(self, letter: Any) -> None:
            super().append(letter)
            jobs._again()

    jobs.post(lambda: heard.append(1))
    qtbot.waitUntil(lambda: heard == [1])
    monkeypatch.setattr(jobs, "_letters", Handed())
    jobs.post(lambda: heard.append(2))
    assert heard == [1, 2]
    monkeypatch.setattr(jobs, "_letters", deque())
    qtbot.waitUntil(lambda: not jobs._timer.isActive())
    for number in (3, 4):
        jobs.post(lambda number=number: heard.append(number))  # type: ignore[misc]
        qtbot.waitUntil(lambda number=number: heard[-1] == number)  # type: ignore[misc]
        qtbot.waitUntil(lambda: not jobs._timer.isActive())


def test_closing_while_something_is_done(qtbot: QtBot) -> None:
    """It is asked to stop, what waits is not begun, what frees something is; no callback comes any more."""
    jobs, told, begun, did = Jobs(open_desk), Told(), threading.Event(), list[str]()

    def work(task: Task[int]) -> str:
        begun.set()
        return wait_until_cancelled(task)

    told.submit(jobs, Lane.READING, work)
    told.submit(jobs, Lane.READING, lambda task: did.append("waiting"))
    jobs.submit(Lane.READING, lambda task: did.append("freed"), always=True)
    assert begun.wait(10)
    assert jobs.close() and jobs.close()
    late = told.submit(jobs, Lane.READING, lambda task: did.append("late"))
    qtbot.wait(3 * HAND_OVER_MS)
    assert told.all == [] and did == ["freed"] and not late.running


def test_closing_says_when_a_lane_does_not_end(qtbot: QtBot) -> None:
    """It waits no longer than it was told."""
    jobs, begun, let_go = Jobs(open_desk), threading.Event(), threading.Event()

    def work(task: Task[int]) -> None:
        begun.set()
        let_go.wait(10)

    jobs.submit(Lane.TALK, work)
    assert begun.wait(10)
    assert not jobs.close(wait_s=0.01)
    let_go.set()
    assert jobs.close()


def test_a_closed_scope_hears_nothing(qtbot: QtBot, jobs: Jobs) -> None:
    """Its jobs are stopped, later ones are not begun, and what it frees is freed."""
    scope, told, did = JobScope(jobs), Told(), list[str]()
    job = told.submit(scope, Lane.TALK, wait_until_cancelled)
    scope.close()
    scope.free(Lane.TALK, lambda: did.append("freed"))
    late = told.submit(scope, Lane.TALK, lambda task: did.append("late"))
    qtbot.waitUntil(lambda: did == ["freed"])
    qtbot.waitUntil(lambda: jobs.idle and not job.running)
    assert told.all == [] and scope.closed and not late.running
