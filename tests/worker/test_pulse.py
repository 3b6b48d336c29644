"""The rates that a heartbeat brings."""

from __future__ import annotations

from app.inference.generator import Usage
from app.worker.pulse import Rates


def test_rates_are_those_since_the_last_beat() -> None:
    """Tokens by the seconds that they took, reading and writing apart."""
    rates = Rates()
    rates.take(Usage(100, 0.5, 0, 0.0), busy=True)
    assert (rates.reading, rates.writing) == (200.0, 0.0)
    rates.take(Usage(130, 1.0, 5, 0.25), busy=True)
    assert (rates.reading, rates.writing) == (60.0, 20.0)
    rates.take(Usage(130, 1.0, 15, 0.5), busy=True)
    assert (rates.reading, rates.writing) == (0.0, 40.0)


def test_a_chunk_longer_than_a_beat_leaves_the_rates_standing() -> None:
    """A large model reads a chunk in ten seconds: it is not at rest meanwhile. At rest, nothing is read."""
    rates = Rates()
    rates.take(Usage(512, 8.0, 0, 0.0), busy=True)
    rates.take(Usage(512, 8.0, 0, 0.0), busy=True)
    assert rates.reading == 64.0
    rates.take(Usage(512, 8.0, 0, 0.0), busy=False)
    assert (rates.reading, rates.writing) == (0.0, 0.0)
