"""A child's start is whole, whatever is pressed meanwhile."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time

import pytest

from app.worker.starting import start


class Starting:
    """Stands for a process: what happens while it starts, and what was done with it."""

    def __init__(self, during: object = None) -> None:
        self._during = during
        self.done: list[str] = []

    def start(self) -> None:
        if callable(self._during):
            self._during()
        time.sleep(0.05)  # time for the main thread to hear of it
        self.done.append("started")

    def kill(self) -> None:
        self.done.append("killed")


def _interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is no signal to a process there")
def test_an_interrupt_waits_for_the_start() -> None:
    """It is raised once the child has all it needs, and the child does not stay. Threads take signals too."""
    rest = threading.Event()
    threading.Thread(target=rest.wait, daemon=True).start()
    process = Starting(_interrupt)
    with pytest.raises(KeyboardInterrupt):
        start(process)  # type: ignore[arg-type]
    assert process.done == ["started", "killed"]
    rest.set()


def test_what_keeps_it_from_starting() -> None:
    """Comes back where it was asked for."""

    def fail() -> None:
        raise BlockingIOError("no more processes")

    process = Starting(fail)
    with pytest.raises(BlockingIOError, match="no more processes"):
        start(process)  # type: ignore[arg-type]
    assert process.done == []


@pytest.mark.skipif(sys.platform == "win32", reason="no masks of signals there")
def test_it_starts_deaf_and_leaves_no_mask_behind() -> None:
    """The child inherits the mask; the thread that asked has none."""
    seen: list[bool] = []
    start(Starting(lambda: seen.append(signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))))  # type: ignore[arg-type]
    assert seen == [True]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
