"""How benchmarks/engine.py and cuda.py measure: shapes and effort of a run, and the rates of a model on a device."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

import torch

from app.inference.bench.griffin_subject import GriffinSubject
from app.inference.bench.limits import read_bandwidth
from app.inference.bench.memory import used_bytes
from app.inference.bench.timing import Budget, repeat
from app.inference.config import GriffinConfig
from app.inference.presets import preset

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
    device: torch.device = CPU


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


def in_turn(
    subject: GriffinSubject, tokens: int, work: Callable[[int], float], device: torch.device = CPU
) -> dict[str, Any]:
    """Rates at both lengths, a round of each after the other, and memory in use after the last round of each."""
    seconds: dict[int, list[float]] = {SHORT: [], LONG: []}
    resident: dict[int, int] = {}
    for round_number in range(FLAT_ROUNDS + 1):
        for length, times in seconds.items():
            subject.start(length)
            took = work(tokens)
            if round_number:  # the first warms up
                times.append(took)
            resident[length] = used_bytes(device)
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


def decode_share(subject: GriffinSubject, scale: Scale) -> dict[str, Any]:
    """Decode from a full window, and bytes per token times its rate over the bandwidth measured before and after.

    The larger of the two bandwidths counts: what else the machine does makes a bandwidth too small, never too large.
    """
    before = read_bandwidth(scale.device, size=scale.buffer_bytes)
    rates = decode_rates(subject, SHORT, scale)
    after = read_bandwidth(scale.device, size=scale.buffer_bytes)
    nbytes = subject.bytes_read(SHORT)
    return {
        "decode_position": SHORT,
        "decode_tokens_per_second": round(median(rates), 3),
        "decode_rounds": [round(rate, 3) for rate in rates],
        "bytes_per_token": nbytes,
        "read_bandwidth": [round(before), round(after)],
        "decode_share_of_bandwidth": round(median(rates) * nbytes / max(before, after), 3),
    }


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
