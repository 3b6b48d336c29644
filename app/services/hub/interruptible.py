"""Waiting for the network in a way that can be called off at any moment: the wait itself is done in a thread.

A thread that was called off ends with its own time limit; what it still brings is dropped.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.inference.generator import Cancelled

T = TypeVar("T")

POLL_S = 0.1
"""Between two questions whether to stop."""
_QUEUED = 32
"""Blocks that may lie between the network and the disk."""


class Paused(Exception):  # noqa: N818 -- no error: the user asked for it
    """A download was stopped by the user. What came is kept, and gone on with by the next call."""


@dataclass(slots=True)
class _Item:
    value: Any = None
    error: BaseException | None = None
    last: bool = False


@dataclass(slots=True)
class _Feed:
    items: queue.Queue[_Item] = field(default_factory=lambda: queue.Queue(_QUEUED))
    dropped: threading.Event = field(default_factory=threading.Event)

    def put(self, item: _Item) -> bool:
        """False once nobody takes anything any more."""
        while not self.dropped.is_set():
            try:
                self.items.put(item, timeout=POLL_S)
                return True
            except queue.Full:
                continue
        return False


def call(work: Callable[[], T], cancelled: Cancelled) -> T:
    """What the work returns or raises; Paused as soon as it is called off."""
    result: T = next(iterate(lambda: iter((work(),)), cancelled, lambda: None))
    return result


def iterate(source: Callable[[], Iterator[T]], cancelled: Cancelled, on_wait: Callable[[], None]) -> Generator[T]:
    """What the source yields, drawn from it in a thread.

    Args:
        source: called and drawn from in the thread; it is closed there when the iteration ends early.
        cancelled: asked before each item and POLL_S after nothing came; true raises Paused.
        on_wait: called whenever POLL_S went by without an item.
    """
    feed = _Feed()
    threading.Thread(target=_draw, args=(source, feed), name="hub", daemon=True).start()
    try:
        while True:
            if cancelled():
                raise Paused
            try:
                item = feed.items.get(timeout=POLL_S)
            except queue.Empty:
                on_wait()
                continue
            if item.error is not None:
                raise item.error
            if item.last:
                return
            yield item.value
    finally:
        feed.dropped.set()


def pause(seconds: float, cancelled: Cancelled, on_wait: Callable[[], None]) -> None:
    """Let time pass; Paused as soon as it is called off."""
    never = threading.Event()
    while seconds > 0:
        if cancelled():
            raise Paused
        never.wait(min(POLL_S, seconds))
        on_wait()
        seconds -= POLL_S


def _draw(source: Callable[[], Iterator[Any]], feed: _Feed) -> None:
    try:
        drawn = source()
        try:
            for value in drawn:
                if not feed.put(_Item(value)):
                    return
        finally:
            close = getattr(drawn, "close", None)
            if close is not None:
                close()
    except BaseException as error:
        feed.put(_Item(error=error))
        return
    feed.put(_Item(last=True))
