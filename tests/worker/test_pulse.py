"""When a heart beats, and the rates that a beat brings."""

from __future__ import annotations

import threading
from contextlib import nullcontext

import pytest
import torch

from app.inference.generator import Usage
from app.worker.messages import Heartbeat
from app.worker.pulse import LEAST_WORK_S, Pulse, Rates, Work


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


class Beats:
    """Stands for a channel."""

    def __init__(self) -> None:
        self.sent: list[Heartbeat] = []

    def send(self, beat: Heartbeat) -> None:
        self.sent.append(beat)


class Engine:
    """As much of one as a heart looks at."""

    usage = Usage()
    info = type("Info", (), {"state_nbytes": 1})
    model = type("Model", (), {"device": torch.device("cpu")})


@pytest.mark.parametrize(
    ("busy", "loaded", "waits", "works", "still"),
    [
        (True, True, False, False, True),
        (True, True, False, True, False),
        (True, True, True, False, False),
        (True, False, False, False, False),
        (False, True, False, False, False),
    ],
)
def test_the_heart_stands_still_with_the_job(
    monkeypatch: pytest.MonkeyPatch, busy: bool, loaded: bool, waits: bool, works: bool, still: bool
) -> None:
    """Only where a loaded model's job takes no time of the processor and does not wait for the program."""
    pulse = Pulse(Beats())  # type: ignore[arg-type]
    pulse.busy, pulse.engine = busy, Engine() if loaded else None  # type: ignore[assignment]
    monkeypatch.setattr(pulse._work, "done", lambda: 1.0 if works else 0.0)
    with pulse.waiting() if waits else nullcontext():
        assert pulse._stands_still() is still
    assert pulse._waits == 0


def test_work_is_that_of_other_threads() -> None:
    """What the asking thread does itself is none."""
    work = Work()
    work.done()
    sum(range(10**6))
    mine = work.done()
    other = threading.Thread(target=lambda: sum(range(10**6)))
    other.start()
    other.join()
    assert mine < LEAST_WORK_S < work.done()
