"""Waiting in a way that can be called off."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from app.services.hub.interruptible import Paused, call, iterate, pause
from tests.hub_server import TIMEOUT_S


def test_what_the_work_returns_and_raises() -> None:
    """It comes through as it is."""
    assert call(lambda: 3, lambda: False) == 3
    with pytest.raises(KeyError, match="x"):
        call(lambda: {}["x"], lambda: False)


def test_work_that_does_not_end_is_called_off() -> None:
    """The caller goes on while the work still waits."""
    begun, over = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        over.wait(TIMEOUT_S)

    with pytest.raises(Paused):
        call(work, begun.is_set)
    assert not over.is_set()
    over.set()


def test_items_come_in_order_and_the_source_is_closed() -> None:
    """Many more than are kept between the two threads."""
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    assert list(iterate(source, lambda: False, lambda: None)) == list(range(1000))
    assert closed.wait(TIMEOUT_S)


def test_a_source_that_nobody_draws_from_any_more_is_closed() -> None:
    """An endless one ends with the iteration."""
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    drawn = iterate(source, lambda: False, lambda: None)
    assert next(drawn) == 1
    drawn.close()
    assert closed.wait(TIMEOUT_S)


def test_an_error_after_some_items() -> None:
    """The items come first."""

    def source() -> Iterator[int]:
        yield 1
        raise OSError("broken")

    drawn = iterate(source, lambda: False, lambda: None)
    assert next(drawn) == 1
    with pytest.raises(OSError, match="broken"):
        next(drawn)


def test_a_pause_tells_that_it_waits() -> None:
    """So that a rate falls while nothing comes."""
    told: list[int] = []
    pause(0.15, lambda: False, lambda: told.append(1))
    assert len(told) == 2
    with pytest.raises(Paused):
        pause(1000, lambda: True, lambda: None)
    pause(0, lambda: True, lambda: None)
