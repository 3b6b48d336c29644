"""Starting, watching and ending an inference worker's process."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import wait

import psutil

from app.core.log import logger
from app.worker import entry
from app.worker.channel import Channel, ChannelClosed
from app.worker.messages import Event, Request, Shutdown
from app.worker.starting import start

TICK_S = 1.0
HANG_TICKS = 8
"""Ticks without a word after which a worker counts as hung; its heart beats every second."""
HANG_TICKS_STARTING = 60
"""Before it has said its first word, as long as it does anything: libraries of half a gigabyte may come from a slow
disk, and nothing else gets its turn in that process meanwhile."""
_END_S = 2.0

_log = logger("worker")


class WorkerProcess:
    """One worker, from its start to its end.

    on_event is called for each event and on_end once, with the reason in words, both from a thread of this object.
    """

    def __init__(self, on_event: Callable[[Event], None], on_end: Callable[[WorkerProcess, str], None]) -> None:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        self._on_event = on_event
        self._on_end = on_end
        self._connection = ours
        self._channel = Channel(ours)
        self._process = context.Process(target=entry.run, args=(theirs,), name="griffin-desk-worker", daemon=True)
        start(self._process)
        theirs.close()
        self.ready = False
        """Set by the owner once the model is loaded: from then on it is asked to end before it is made to."""
        self._life = Life(self.pid)
        self._silent_ticks = 0
        self._has_spoken = False
        self._reason = ""
        self._ended = threading.Event()
        threading.Thread(target=self._receive, name="worker-events", daemon=True).start()
        threading.Thread(target=self._watch, name="worker-watch", daemon=True).start()

    @property
    def pid(self) -> int:
        """Of the process."""
        assert self._process.pid is not None  # it was started
        return self._process.pid

    def send(self, request: Request) -> None:
        """Raises ChannelClosed; then `on_end` has been called, or is about to be."""
        self._channel.send(request)

    def end(self) -> None:
        """Ask it to end, and see to it that it does; one that is still loading is not waited for."""
        self._reason = self._reason or "it was asked to end"
        if self.ready:
            with contextlib.suppress(ChannelClosed):
                self._channel.send(Shutdown())
            self._process.join(_END_S)
        self._process.kill()
        self._process.join()

    def kill(self, reason: str) -> None:
        """End it at once, with a reason for `on_end`."""
        self._reason = reason
        self._process.kill()

    def _receive(self) -> None:
        try:
            while True:
                event = self._next()
                self._silent_ticks, self._has_spoken = 0, True
                self._on_event(event)  # type: ignore[arg-type]
        except ChannelClosed as closed:
            detail = str(closed)
        except Exception as error:  # a request in an event's place, or a mistake of ours: whoever waits has to hear
            detail = f"{type(error).__name__}: {error}"
            _log.exception("worker %d: what it sent could not be taken in", self.pid)
        # Nothing comes any more: a process that closed its pipe, or sends nonsense, is of no use.
        self._process.join(_END_S)
        if self._process.is_alive():
            self.kill(self._reason or "its line to the program was lost")
        self._process.join()
        self._channel.close()
        self._ended.set()
        reason = self._reason or _exit_reason(self._process.exitcode)
        _log.info("worker %d ended: %s (%s)", self.pid, reason, detail or "its pipe closed")
        self._on_end(self, reason)

    def _next(self) -> Request | Event:
        # On Windows a process that died before it took its end of the pipe leaves that end open here for ever.
        if self._connection not in wait([self._connection, self._process.sentinel]):
            raise ChannelClosed("it has ended")
        return self._channel.receive()

    def _watch(self) -> None:
        """Kill a worker that says nothing. Counted in our own ticks: when both were stopped, neither was hung."""
        idle_ticks = 0
        while not self._ended.wait(TICK_S):
            self._silent_ticks += 1
            idle_ticks = 0 if self._has_spoken or self._life.has_gone_on() else idle_ticks + 1
            limit = HANG_TICKS if self._has_spoken or idle_ticks > HANG_TICKS else HANG_TICKS_STARTING
            if self._silent_ticks > limit:
                self.kill(f"it did not answer for {limit:d} s")
                return


class Life:
    """Whether a process does anything, seen from outside: it takes processor time, or waits for something and wakes."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._before: tuple[float, ...] = ()

    def has_gone_on(self) -> bool:
        """Since the last look; True where the system does not say."""
        try:
            process = psutil.Process(self._pid)
            times, switches = process.cpu_times(), process.num_ctx_switches()
        except (psutil.Error, OSError):
            return True
        now = (times.user, times.system, switches.voluntary, switches.involuntary)
        before, self._before = self._before, now
        return now != before


def _exit_reason(code: int | None) -> str:
    if code is not None and code < 0:
        # Not every number has a name, nor every system this one.
        names = {number.value: number.name for number in signal.Signals}
        name = names.get(-code, f"signal {-code}")
        return "it was killed, perhaps for lack of memory" if name == "SIGKILL" else f"it was ended by {name}"
    return f"it ended with code {code}"
