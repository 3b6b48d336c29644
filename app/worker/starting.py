"""Starting a child process so that Ctrl-C, which reaches the whole group, interrupts neither it nor its start."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import SpawnProcess

_BEGIN_S = 1.0


def start(process: SpawnProcess) -> None:
    """Start a process whole, or raise what kept it from being started; an interrupt meanwhile is raised afterwards.

    In a thread of its own: interrupts are raised in the main thread, whichever thread the system gave the signal to.
    One in the middle of a start would leave a child that was told half of what it needs, and says so on standard error.
    The process that an interrupt has made useless is killed.
    """
    failures: list[BaseException] = []
    begun, ended = threading.Event(), threading.Event()

    def run() -> None:
        begun.set()
        try:
            with _deaf_to_interrupts():
                process.start()
        except BaseException as error:  # handed to the thread that waits
            failures.append(error)
        finally:
            ended.set()

    try:
        threading.Thread(target=run, name="starter").start()
        ended.wait()
    except BaseException:
        # Interrupted before there was a thread, it will never begin.
        if begun.wait(_BEGIN_S):
            ended.wait()
            if not failures:
                process.kill()
        raise
    if failures:
        raise failures[0]


@contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """What this thread starts meanwhile hears no Ctrl-C, not even before its first line: that would be a traceback.

    Not on Windows, which has no masks of signals.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()  # begun later, it would open the mask again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
