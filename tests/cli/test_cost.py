from __future__ import annotations

import pytest

from app.cli.cost import about, cost_line, is_long
from app.services.reading import Estimate
from app.services.states import NOT_KEPT, OTHER_MODEL
from app.services.talk import Plan


def plan(
    *,
    reading: int | None = None,
    replayed: int = 0,
    tokens: int = 0,
    seconds: float | None = None,
    reason: str = NOT_KEPT,
    other: str = "",
) -> Plan:
    estimate = None if reading is None else Estimate(reading, seconds)
    return Plan(estimate, replayed, tokens, seconds, reason, other)


@pytest.mark.parametrize(
    ("given", "new", "line"),
    [
        (plan(reason=""), False, ""),
        (
            plan(reading=12345, seconds=120.0),
            True,
            "the document is read first: 12,345 tokens, about 2 min",
        ),
        (
            plan(reading=5, reason=OTHER_MODEL),
            True,
            "the document is read again: 5 tokens, time not known yet"
            " (the saved state cannot be used: it was made by another model or weight format)",
        ),
        (
            plan(replayed=1, tokens=1, seconds=0.01),
            False,
            "1 turn is read again: 1 token, about 1 s (the saved state cannot be used: it was not kept)",
        ),
        (
            plan(reading=10, replayed=4, tokens=7, seconds=7200.0, reason=OTHER_MODEL, other="old"),
            False,
            "this conversation was led with old; with new the document and 4 turns are read again: 17 tokens,"
            " about 2 h 0 min (the saved state cannot be used: it was made by another model or weight format)",
        ),
    ],
)
def test_what_is_read_and_why(given: Plan, new: bool, line: str) -> None:
    """Document and turns, their tokens, the time, the reason, and the model before."""
    assert cost_line(given, "new", new=new) == line


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "time not known yet"),
        (0.0, "about 1 s"),
        (89.4, "about 89 s"),
        (90.0, "about 2 min"),
        (5400, "about 1 h 30 min"),
    ],
)
def test_times_are_round(seconds: float | None, words: str) -> None:
    """Nobody is told a second too many."""
    assert about(seconds) == words


def test_long_is_a_document_of_half_a_minute() -> None:
    """Or of a time nobody knows; turns are never asked about."""
    assert is_long(plan(reading=1, seconds=31.0)) and is_long(plan(reading=1))
    assert not is_long(plan(reading=1, seconds=29.0))
    assert not is_long(plan(replayed=100, tokens=10**6))
