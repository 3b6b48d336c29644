"""How benchmarks/engine.py measures: shapes and effort of a run, and the rates of a model on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import torch

from app.inference.bench.griffin_subject import GriffinSubject
from app.inference.bench.memory import used_bytes
from app.inference.bench.timing import Budget, repeat
from app.inference.checkpoints.synthetic import preset
from app.inference.config import GriffinConfig

CPU = torch.device("cpu")
SHORT, LONG = 4 << 10, 1 << 20
"""Lengths whose rates and memory are compared."""
FLAT_ROUNDS = 9
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Scale:
    """Shapes and numbers of tokens of a run."""

    config: GriffinConfig
    buffer_bytes: int | None
    prefill_tokens: int
    write_tokens: int
    seconds: float
    """For the rounds of one figure."""


FULL = Scale(preset("2b"), None, prefill_tokens=1024, write_tokens=32, seconds=30.0)
TRIAL = Scale(
    replace(
        preset("2b"),
        vocab_size=512,
        width=256,
        mlp_width=512,
        num_heads=4,
        lru_width=256,
        block_types=preset("2b").block_types[:3],
    ),
    buffer_bytes=16 * MIB,
    prefill_tokens=64,
    write_tokens=4,
    seconds=0.5,
)


def in_turn(subject: GriffinSubject, tokens: int, work: Callable[[int], float]) -> dict[str, Any]:
    """Rates at both lengths, a round of each after the other, and resident memory after the last round of each."""
    seconds: dict[int, list[float]] = {SHORT: [], LONG: []}
    resident: dict[int, int] = {}
    for round_number in range(FLAT_ROUNDS + 1):
        for length, times in seconds.items():
            subject.start(length)
            took = work(tokens)
            if round_number:  # the first warms up
                times.append(took)
            resident[length] = used_bytes(CPU)
    rates = {length: tokens / median(times) for length, times in seconds.items()}
    return {
        "tokens_per_second": [round(rate, 2) for rate in rates.values()],
        "ratio": round(rates[LONG] / rates[SHORT], 4),
        "growth_mib": round((resident[LONG] - resident[SHORT]) / MIB, 1),
    }


def prefill_rate(subject: GriffinSubject, start: int, tokens: int, scale: Scale) -> float:
    """Tokens per second of reading from a state of `start` tokens; the median of the rounds after one."""

    def read() -> float:
        subject.start(start)
        return subject.read(tokens)

    subject.start(start)
    subject.read(min(tokens, 512))
    return tokens / median(repeat(read, Budget(scale.seconds, least=2)))


def decode_after_reading(subject: GriffinSubject, position: int, tokens: int, scale: Scale) -> float:
    """Tokens per second of writing after a prompt of `position` tokens; the median of the rounds after one."""

    def decode() -> float:
        subject.start(0)
        subject.read(position)
        return subject.write(tokens)

    decode()
    return tokens / median(repeat(decode, Budget(scale.seconds, least=3)))


def decode_rates(subject: GriffinSubject, position: int, scale: Scale) -> Sequence[float]:
    """Tokens per second of each round of writing from a random state of `position` tokens."""
    subject.start(position)
    subject.write(4)
    return [
        scale.write_tokens / seconds
        for seconds in repeat(lambda: subject.write(scale.write_tokens), Budget(scale.seconds, least=3))
    ]
