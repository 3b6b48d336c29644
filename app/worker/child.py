"""A process that handles a stranger's file, as its parent sees it: killed when it hangs, and never trusted."""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import queue
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from app.inference.generator import Cancelled, ReadCancelled, never
from app.worker.starting import start

_POLL_S = 0.05
_MAX_MESSAGE_BYTES = 256 << 20
_Job = TypeVar("_Job")


class ChildLost(Exception):  # noqa: N818 - an event, not a mistake
    """The process is of no use any more; `str` says why, in words that go behind a colon."""


class Child:
    """A spawned process and a thread that receives from it, so that the parent never blocks on the pipe.

    lost, nonsense: what ChildLost says where it died, and where it sent what is no message.
    """

    def __init__(
        self,
        target: Callable[[Connection, _Job], None],
        job: _Job,
        *,
        two_way: bool = False,
        lost: str = "damaged: its parser crashed",
        nonsense: str = "damaged: its parser sent nonsense",
    ) -> None:
        self._lost, self._nonsense = lost, nonsense
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe(duplex=two_way)
        self._messages: queue.Queue[bytes | None] = queue.Queue(maxsize=64)
        self._gone = threading.Event()
        self._connection = ours
        self._process = context.Process(target=target, args=(theirs, job), daemon=True)
        start(self._process)
        theirs.close()
        self._thread = threading.Thread(target=self._receive, args=(ours,), daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the process is there."""
        return not self._gone.is_set() and self._process.is_alive()

    def send(self, message: dict[str, Any]) -> None:
        """One message as JSON. Raises ChildLost."""
        try:
            self._connection.send_bytes(json.dumps(message).encode("ascii"))
        except OSError:
            raise ChildLost(self._lost) from None

    def receive(self, limit_s: float, cancelled: Cancelled = never) -> bytes:
        """What it sends next. Raises ChildLost when it died or overran its time, ReadCancelled."""
        deadline = time.monotonic() + limit_s
        while True:
            if cancelled():
                raise ReadCancelled
            left = deadline - time.monotonic()
            if left <= 0:
                raise ChildLost(f"took longer than {limit_s:g} s")
            with contextlib.suppress(queue.Empty):
                data = self._messages.get(timeout=min(_POLL_S, left))
                if data is None:
                    raise ChildLost(self._lost)
                return data

    def receive_message(self, limit_s: float, cancelled: Cancelled = never) -> dict[str, Any]:
        """The next of its messages in JSON; ChildLost for anything else, too."""
        message = parsed(self.receive(limit_s, cancelled))
        if message is None:
            raise ChildLost(self._nonsense)
        return message

    def kill(self) -> None:
        """End the process at once, whatever it is doing; done again, nothing."""
        if self._gone.is_set():
            return
        self._gone.set()
        self._process.kill()
        self._process.join()
        self._thread.join()
        self._connection.close()
        self._process.close()

    def _receive(self, connection: Connection) -> None:
        while not self._gone.is_set():
            data: bytes | None
            try:
                data = connection.recv_bytes(_MAX_MESSAGE_BYTES)
            except (EOFError, OSError):
                data = None
            while not self._gone.is_set():
                with contextlib.suppress(queue.Full):
                    self._messages.put(data, timeout=_POLL_S)
                    break
            if data is None:
                return


def parsed(data: bytes) -> dict[str, Any] | None:
    """A message, None for anything else: a hostile file may have taken the child over."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) else None
