"""The worker gets no more memory: its address space is limited from outside, or it is killed for what it takes."""

from __future__ import annotations

import random
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

import psutil

from app.core.errors import GriffinDeskError
from app.services.restarts import MOST_RESTARTS
from app.worker.client import EngineClient
from tests.torture.trial import Ground, Row
from tests.torture.worker_desk import Asked, Watch, WorkerDesk, worker_desk

POLL_S = 0.005
BLAMES = ("damaged", "install")
"""Words of a reason that a lack of memory is not."""
MOST_WORKERS = MOST_RESTARTS + 2
"""That one piece of work may use up."""


class Shortage:
    """Does something to each worker that a client has meanwhile, again and again."""

    def __init__(self, client: EngineClient, act: Callable[[psutil.Process], None]) -> None:
        self._client = client
        self._act = act
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Shortage:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._over.wait(POLL_S):
            if (pid := self._client.pid) is not None:
                with suppress(psutil.Error):
                    self._act(psutil.Process(pid))


def frozen(process: psutil.Process) -> None:
    """Not a byte more of address space than now, as where the system has no more to give."""
    limited = process.rlimit(psutil.RLIMIT_AS)[0] != psutil.RLIM_INFINITY
    if not limited:
        process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms, psutil.RLIM_INFINITY))


def freed(process: psutil.Process) -> None:
    """As much as there is."""
    process.rlimit(psutil.RLIMIT_AS, (psutil.RLIM_INFINITY, psutil.RLIM_INFINITY))


def limited(nbytes: int) -> Callable[[psutil.Process], None]:
    """So much address space in all."""
    return lambda process: process.rlimit(psutil.RLIMIT_AS, (nbytes, psutil.RLIM_INFINITY))


def killed_above(nbytes: int) -> Callable[[psutil.Process], None]:
    """As the system does when memory runs out."""

    def act(process: psutil.Process) -> None:
        if process.memory_info().rss > nbytes:
            process.kill()

    return act


def memory(ground: Ground) -> Iterator[Row]:
    """While loading, reading and answering; with the memory back all works again."""
    if sys.platform != "linux":
        ground.say("memory of another process can be limited on Linux only")
        return
    source = random.Random(ground.seed)
    folder = ground.folder / "memory"
    folder.mkdir()
    with worker_desk(folder, sections=4, seed=ground.seed) as desk:
        assert desk.client.pid is not None
        at_work = psutil.Process(desk.client.pid).memory_info()
        shortages = {
            "no address space beyond what it has": [frozen],
            "too little address space to load": [limited(round(at_work.vms * s)) for s in (0.1, 0.3, 0.6, 0.9)],
            "killed for its memory": [killed_above(round(at_work.rss * s)) for s in (0.3, 0.6, 0.95)],
        }
        for name, acts in shortages.items():
            rounds = [act for _ in range(ground.count(3)) for act in acts]
            yield _row(desk, name, rounds, source, ground.say)


def _row(
    desk: WorkerDesk,
    name: str,
    acts: list[Callable[[psutil.Process], None]],
    source: random.Random,
    say: Callable[[str], None],
) -> Row:
    told: dict[str, int] = {}
    wrong: list[str] = []
    most = 0
    for number, act in enumerate(acts):
        kept = desk.conversations
        watch = Watch(desk.client)
        _end_worker(desk.client, keep=act is frozen)
        with Shortage(desk.client, act):
            work = desk.summary if number % 2 == 0 else desk.answer
            asked = work(lambda: None)
        workers = len(watch.seen)
        watch.close()
        most = max(most, workers)
        told[_sentence(asked)] = told.get(_sentence(asked), 0) + 1
        wrong += _wrong(desk, asked, workers, kept)
        _end_worker(desk.client, keep=source.random() < 0.5)
        after = desk.summary()
        if after.text != desk.expected.text or desk.answer().text is not True:
            wrong.append(f"with memory back: {after.error or 'another result'}")
        say(f"{name}: {workers} workers, {_sentence(asked)}")
    return Row(
        what=f"the worker without memory ({name}), {len(acts)} times",
        aim="a result or one sentence, no endless restarts, all well with memory back",
        found=f"at most {most} workers for one piece of work; "
        + "; ".join(f"{count} times: {sentence}" for sentence, count in told.items())
        + (f"; WRONG: {wrong[0]}" if wrong else ""),
        held=not wrong and most <= MOST_WORKERS,
        figures={"told": told, "most_workers": most, "wrong": wrong},
    )


def _wrong(desk: WorkerDesk, asked: Asked, workers: int, kept: int) -> list[str]:
    found = []
    if asked.error is None and asked.text not in (True, desk.expected.text):
        found.append("another result")
    if asked.error is not None and (not asked.error.message or "Traceback" in asked.error.message):
        found.append(f"no sentence: {asked.error.message}")
    if asked.error is not None and any(word in asked.error.message for word in BLAMES):
        found.append(f"blamed on a file or the installation: {asked.error.message}")
    if workers > MOST_WORKERS:
        found.append(f"{workers} workers for one piece of work")
    if desk.conversations < kept:
        found.append("a conversation is gone")
    return found


def _sentence(asked: Asked) -> str:
    error: GriffinDeskError | None = asked.error
    return "a result" if error is None else error.message


def _end_worker(client: EngineClient, *, keep: bool) -> None:
    """The limits go with their process; keep: only its limits."""
    if (pid := client.pid) is not None:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            freed(process) if keep else process.kill()
