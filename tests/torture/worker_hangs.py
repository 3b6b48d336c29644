"""The worker stands still, as a whole or in one thread, or hardly gets the processor: told from one another?"""

from __future__ import annotations

import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from app.core.errors import WorkerLostError
from app.worker.client import EngineClient, ModelSpec
from benchmarks.report import STARTER
from tests.torture.one_thread import stopped
from tests.torture.programs import beside, wait
from tests.torture.trial import Ground, Row
from tests.torture.worker_desk import Watch, WorkerDesk, worker_desk

LIMIT_S = 15.0
"""From the stop until there is another worker."""
LATEST_S = 0.5
"""After the first sign of progress that a stop falls."""
NICEST = 19
BUSY = 4
STARVED_S = 60.0
"""Six times as long as a worker may be silent; to its end, the work would take an hour."""


class Halt:
    """Stops a client's worker once, at a moment of the work that is drawn; `stop` may stop one thread only."""

    def __init__(self, client: EngineClient, delay_s: float, stop: Callable[[int], None] | None = None) -> None:
        self._client = client
        self._stop = stop or (lambda pid: os.kill(pid, signal.SIGSTOP))
        self._timer = threading.Timer(delay_s, self._halt)
        self._begun = False
        self.at: float | None = None
        self.pid = 0
        """Of the worker that was stopped, when `at` says so."""

    def arm(self) -> None:
        """Let the time run, once."""
        if not self._begun:
            self._begun = True
            self._timer.start()

    def disarm(self) -> None:
        """What has not happened does not happen any more."""
        self._timer.cancel()
        if self._begun:
            self._timer.join()

    def _halt(self) -> None:
        pid = self._client.pid
        if pid is not None:
            with suppress(ProcessLookupError):
                self._stop(pid)
                self.pid = pid
                self.at = time.monotonic()


def hung(ground: Ground) -> Iterator[Row]:
    """Stopped as a whole, in each phase."""
    source = random.Random(ground.seed)
    cases = max(4, ground.count(12))
    restarts: list[float] = []
    went_on: list[float] = []
    wrong = 0
    with worker_desk(ground.folder / _made(ground, "hung"), sections=6, seed=ground.seed) as desk:
        watch = Watch(desk.client)
        for number in range(cases):
            phase = ("reading", "generating", "idle", "loading")[number % 4]
            if phase == "loading":
                took, right = _hung_while_loading(source)
                restarts.append(took)
                went_on.append(took)
            else:
                found = _hung_at_work(desk, watch, phase, source)
                if found is None:
                    continue
                restarts += found[0]
                went_on += found[1]
                right = found[2]
            wrong += not right
            ground.say(f"{phase}: another worker after {restarts[-1]:.1f} s, {'right' if right else 'WRONG'}")
        watch.close()
    worst = max(restarts)
    yield Row(
        what=f"the worker stopped (SIGSTOP) {len(restarts)} times: loading, reading, writing, at rest",
        aim=f"replaced within {LIMIT_S:g} s, the same result",
        found=f"replaced after {statistics.median(restarts):.1f} s, at most {worst:.1f} s; work went on after at most "
        f"{max(went_on):.1f} s; {wrong} results otherwise than undisturbed",
        held=worst <= LIMIT_S and not wrong,
        figures={"replaced_s": [round(s, 1) for s in restarts], "went_on_s": [round(s, 1) for s in went_on]},
    )


def _hung_at_work(
    desk: WorkerDesk, watch: Watch, phase: str, source: random.Random
) -> tuple[list[float], list[float], bool] | None:
    """Seconds to another worker and to the next sign of progress, and whether all came out right; None: not stopped."""
    halt = Halt(desk.client, source.uniform(0.0, LATEST_S))
    if phase == "idle":
        halt.arm()
        wait(lambda: halt.at is not None, LIMIT_S)
        assert halt.at is not None
        before = halt.at
        # There is no work that could need another worker: the next question starts it.
        gone = wait(lambda: desk.client.pid is None, 2 * LIMIT_S)
        took = time.monotonic() - before
        asked = desk.answer()
        return [took], [took], gone and asked.text is True
    asked = desk.summary(halt.arm) if phase == "reading" else desk.answer(halt.arm)
    halt.disarm()
    right = asked.text == desk.expected.text if phase == "reading" else asked.text is True
    if halt.at is None:
        return None
    at = halt.at
    replaced, tick = watch.after(at, halt.pid), next((tick for tick in asked.ticks if tick > at + 1.0), None)
    return (
        [replaced - at] if replaced is not None else [],
        [tick - at] if tick is not None else [],
        right and (replaced is not None or not asked.losses),
    )


def _hung_while_loading(source: random.Random) -> tuple[float, bool]:
    """A client of its own, waited for as ModelLoader does; seconds from the stop to the second worker."""
    client = EngineClient(ModelSpec(STARTER, "starter"))
    watch = Watch(client)
    try:
        client.start()
        time.sleep(source.uniform(0.0, 1.5))
        first, at = client.pid, time.monotonic()
        assert first is not None
        os.kill(first, signal.SIGSTOP)
        try:
            client.wait()
        except WorkerLostError:
            client.wait()
        second = watch.after(at, first)
        return (2 * LIMIT_S if second is None else second - at), client.info.name == "starter"
    finally:
        watch.close()
        client.close()


def deadlocked(ground: Ground) -> Iterator[Row]:
    """The thread that runs the model stands still, and all others of its process run on."""
    source = random.Random(ground.seed + 1)
    restarts: list[float] = []
    wrong = 0
    with worker_desk(ground.folder / _made(ground, "deadlocked"), sections=6, seed=ground.seed) as desk:
        watch = Watch(desk.client)
        for number in range(max(2, ground.count(6))):
            with ExitStack() as stack:
                works: list[bool] = []

                def stop(pid: int, stack: ExitStack = stack, works: list[bool] = works) -> None:
                    works.append(stack.enter_context(stopped(pid)))

                halt = Halt(desk.client, source.uniform(0.0, LATEST_S), stop)
                asked = desk.answer(halt.arm) if number % 2 else desk.summary(halt.arm)
                halt.disarm()
                if works == [False]:
                    ground.say("one thread cannot be stopped here")
                    watch.close()
                    return
                if halt.at is None:
                    continue
                replaced = watch.after(halt.at, halt.pid)
                if replaced is not None:
                    restarts.append(replaced - halt.at)
                wrong += asked.text is not True if number % 2 else asked.text != desk.expected.text
        watch.close()
    worst = max(restarts, default=0.0)
    yield Row(
        what=f"the worker's main thread stopped {len(restarts)} times while its others ran on",
        aim=f"replaced within {LIMIT_S:g} s, the same result",
        found=f"replaced after at most {worst:.1f} s; {wrong} results otherwise than undisturbed",
        held=bool(restarts) and worst <= LIMIT_S and not wrong,
        figures={"replaced_s": [round(s, 1) for s in restarts]},
    )


def slow(ground: Ground) -> Iterator[Row]:
    """Nine tenths of the time stopped; and at the lowest priority beside busy loops."""
    with worker_desk(ground.folder / _made(ground, "slow"), sections=1, seed=ground.seed) as desk:
        for name, hindered in (
            ("stopped nine tenths of the time", _stuttering),
            (f"at the lowest priority beside busy loops for {STARVED_S:g} s", _starved),
        ):
            yield _slow_row(desk, name, hindered)


def _slow_row(desk: WorkerDesk, name: str, hindered: Callable[[EngineClient], Iterator[None]]) -> Row:
    first = desk.client.pid
    began = time.monotonic()
    with contextmanager(hindered)(desk.client):
        summary, answer = desk.summary(), desk.answer()
        took = time.monotonic() - began
        stopped_after = _seconds_to_stop(desk)
    losses = summary.losses + answer.losses + (desk.client.pid != first)
    same = summary.text == desk.expected.text and answer.text is True
    return Row(
        what=f"the worker {name}: a summary, an answer, a Stop",
        aim="not taken for hung, the same result, Stop within 10 s",
        found=f"{took:.0f} s; {losses} workers lost, {'the same' if same else 'ANOTHER'} result; "
        f"stopped after {stopped_after:.1f} s",
        held=not losses and same and stopped_after <= 10.0,
        figures={"seconds": round(took, 1), "losses": losses, "stop_s": round(stopped_after, 2)},
    )


def _seconds_to_stop(desk: WorkerDesk) -> float:
    """From the wish to stop until an answer that goes on and on has ended."""
    asked: list[float] = []
    pieces: list[str] = []
    conversation = desk.context.desk.conversations.open(None, desk.client)

    def cancelled() -> bool:
        if pieces and not asked:
            asked.append(time.monotonic())
        return bool(pieces)

    conversation.say("Tell me a long story about a river.", on_text=pieces.append, cancelled=cancelled)
    ended = time.monotonic()
    conversation.close()
    return ended - asked[0] if asked else 0.0


def _stuttering(client: EngineClient) -> Iterator[None]:
    def stutter(over: threading.Event) -> None:
        while not over.is_set():
            pid = client.pid
            for number, seconds in ((signal.SIGSTOP, 0.9), (signal.SIGCONT, 0.1)):
                with suppress(ProcessLookupError, TypeError):
                    os.kill(pid, number)  # type: ignore[arg-type]
                over.wait(seconds) if number == signal.SIGSTOP else time.sleep(seconds)

    with beside(stutter):
        yield


def _starved(client: EngineClient) -> Iterator[None]:
    pid = client.pid
    assert pid is not None
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        os.setpriority(os.PRIO_PROCESS, int(thread.name), NICEST)
    # They end with this process, however it ends.
    code = f"import os\nwhile os.getppid() == {os.getpid()}: pass"
    loops = [subprocess.Popen([sys.executable, "-c", code]) for _ in range(BUSY)]
    timer = threading.Timer(STARVED_S, lambda: [loop.kill() for loop in loops])
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        for loop in loops:
            loop.kill()
            loop.wait()


def _made(ground: Ground, name: str) -> str:
    (ground.folder / name).mkdir()
    return name
