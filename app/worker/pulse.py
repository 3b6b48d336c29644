"""The worker's heartbeat: each second, what it uses and how fast it goes. It also shows that the process is alive."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from app.inference.engine import Engine
from app.inference.free_memory import used_gpu_bytes
from app.inference.generator import Usage
from app.worker.channel import Channel, ChannelClosed
from app.worker.messages import Heartbeat

INTERVAL_S = 1.0
LEAST_WORK_S = 1e-4
"""Of processor time in a beat, below which a job stands still: another process may get nearly all there is."""


class Pulse:
    """A thread that beats. The host keeps `engine` (None before a model is loaded), `states` and `busy` up to date.

    The heart stands still with the job: one that takes no processor time waits for what will not come, as when two
    threads of a library wait for each other, and whoever listens must not take that for life. Not told so is a
    device that works for ever: waiting for it takes processor time.
    """

    def __init__(self, channel: Channel) -> None:
        self.engine: Engine | None = None
        self.states = 0
        self.busy = False
        self._waits = 0
        self._work = Work()
        self._channel = channel
        self._process = psutil.Process()
        self._rates = Rates()

    def start(self) -> None:
        """Begin to beat, at once."""
        threading.Thread(target=self._run, name="pulse", daemon=True).start()

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """The job waits for the program meanwhile, however long that takes."""
        self._waits += 1
        try:
            yield
        finally:
            self._waits -= 1

    def _run(self) -> None:
        pause = threading.Event()
        with suppress(ChannelClosed):
            while True:
                if not self._stands_still():
                    self._channel.send(self._beat())
                pause.wait(INTERVAL_S)

    def _stands_still(self) -> bool:
        works = self._work.done() >= LEAST_WORK_S
        # While a model is being loaded the disk, or a compiler of another process, may be all that works.
        return self.busy and self.engine is not None and not self._waits and not works

    def _beat(self) -> Heartbeat:
        engine = self.engine
        usage = Usage() if engine is None else engine.usage
        self._rates.take(usage, busy=self.busy)
        return Heartbeat(
            rss_bytes=int(self._process.memory_info().rss),
            gpu_bytes=0 if engine is None else used_gpu_bytes(engine.model.device),
            state_bytes=0 if engine is None else self.states * engine.info.state_nbytes,
            states=self.states,
            read_tokens_per_second=self._rates.reading,
            written_tokens_per_second=self._rates.writing,
            usage=usage,
            busy=self.busy,
        )


class Work:
    """Processor time of all threads of this process but the one that asks, in seconds since it asked last."""

    def __init__(self) -> None:
        self._before = 0.0

    def done(self) -> float:
        """Since the last call."""
        before, self._before = self._before, time.process_time() - time.thread_time()
        return self._before - before


class Rates:
    """Tokens per second since the last look.

    A chunk may take longer than a beat: while a job runs and neither figure moves, both stand as they were.
    """

    def __init__(self) -> None:
        self.reading = 0.0
        self.writing = 0.0
        self._before = Usage()

    def take(self, now: Usage, *, busy: bool) -> None:
        """The totals now, and whether a job runs."""
        before, self._before = self._before, now
        read = _rate(now.prefill_tokens - before.prefill_tokens, now.prefill_seconds - before.prefill_seconds)
        written = _rate(now.decode_tokens - before.decode_tokens, now.decode_seconds - before.decode_seconds)
        if read or written or not busy:
            self.reading, self.writing = read, written


def _rate(tokens: int, seconds: float) -> float:
    return tokens / seconds if tokens > 0 and seconds > 0 else 0.0
