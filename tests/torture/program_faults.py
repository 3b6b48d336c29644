"""The whole program is killed, started twice, interrupted, and has its clock set."""

from __future__ import annotations

from collections.abc import Iterator

from tests.torture.clocks import clocks
from tests.torture.command_signals import command_signals
from tests.torture.trial import Ground, Row
from tests.torture.two_programs import two_programs
from tests.torture.window_kills import window_kills


def run(ground: Ground) -> Iterator[Row]:
    """All of it, with the starter model and no screen."""
    yield from window_kills(ground)
    yield from two_programs(ground)
    yield from clocks(ground)
    yield from command_signals(ground)
