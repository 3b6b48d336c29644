"""The engine on the CPU against the machine's limits and against transformers, as issue 3 asks for it.

    python -m benchmarks.engine [PART ...] [--trial]

| part      | what it measures, with random weights of the 2B's shape unless it says starter                         |
|-----------|--------------------------------------------------------------------------------------------------------|
| 2b        | int8 decode as a share of the read bandwidth, int8 prefill as a share of the `_int_mm` rate, int4 over  |
|           | int8 decode                                                                                             |
| reference | int8 prefill and decode over transformers' RecurrentGemma 2B in float32 (11 GiB, after ours has gone)   |
| starter   | prefill of 1,024 tokens and over tokens 8,192 to 12,288; decode at positions 100 and 4,096              |
| flat      | the starter's rates at 1M tokens over those at 4k, from states filled with random values, in turn       |
| flat-2b   | the same of the 2B's int8 decode                                                                        |

Without a part all are run. Each part's figures replace that part's in benchmarks/results/engine.json and leave the
others, each with its own machine and date. --trial: the same code on tiny shapes; prints and writes nothing.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from importlib.metadata import version
from statistics import median
from typing import Any

import torch

from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine, synthetic_format
from app.inference.bench.limits import matrix_rate
from app.inference.bench.machine import machine
from app.inference.bench.memory import release
from app.inference.bench.timing import Budget, repeat, seconds_of
from app.inference.engine import Engine
from benchmarks.rates import (
    CPU,
    FULL,
    LONG,
    SHORT,
    TRIAL,
    Scale,
    decode_after_reading,
    decode_share,
    in_turn,
    prefill_rate,
)
from benchmarks.reference import ReferenceSequence, random_reference
from benchmarks.report import RESULTS, STARTER, keep_part

CACHE = RESULTS.parent / ".cache"
RESULT = RESULTS / "engine.json"
REFERENCE_TOKENS = 512
ROUNDS_IN_TURN, ROUNDS_OF_READING = 9, 5
REFERENCE_POSITION = 64


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--trial", action="store_true")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    for name in arguments.parts or PARTS:
        figures = {"machine": machine(), **PARTS[name](TRIAL if arguments.trial else FULL)}
        print(name, json.dumps(figures, indent=1), flush=True)
        if not arguments.trial:
            keep_part(RESULT, name, figures, PARTS)
        release(CPU)


def synthetic(scale: Scale, form: str) -> GriffinSubject:
    """The model of random weights in a format."""
    return GriffinSubject(synthetic_engine(scale.config, synthetic_format(form, CPU), CPU, cache_dir=CACHE))


def two_b(scale: Scale) -> dict[str, Any]:
    """Decode at the bandwidth, prefill at the matrix rate, int4 over int8, in one run."""
    int8 = synthetic(scale, "int8")
    figures: dict[str, Any] = {"int8": decode_share(int8, scale)}
    figures["int8"] |= prefill_share(int8, scale)
    int4 = synthetic(scale, "int4")
    figures["int4"] = decode_share(int4, scale)
    figures["int4_over_int8"] = in_rounds(int4, int8, scale)
    figures["target"] = {"decode_share_of_bandwidth": 0.8, "prefill_share_of_int_mm": 0.6, "int4_over_int8": 1.2}
    return figures


def prefill_share(subject: GriffinSubject, scale: Scale) -> dict[str, Any]:
    """Reading a prompt and the rate of `_int_mm` at the model's shapes, in turn, and the median of their ratios."""
    operations, rounds = subject.facts.operations_per_token, []
    subject.start(0)
    subject.read(min(scale.prefill_tokens, 512))
    for _ in range(ROUNDS_OF_READING):
        rate = matrix_rate(subject.facts.matrix_shapes, "int8", CPU)
        subject.start(0)
        rounds.append((round(scale.prefill_tokens / subject.read(scale.prefill_tokens), 2), round(rate)))
    return {
        "operations_per_token": operations,
        "prefill_tokens": scale.prefill_tokens,
        "prefill_tokens_per_second_and_int_mm_rate": rounds,
        "prefill_tokens_per_second": median(speed for speed, _ in rounds),
        "prefill_share_of_int_mm": round(median(speed * operations / rate for speed, rate in rounds), 3),
    }


def in_rounds(first: GriffinSubject, second: GriffinSubject, scale: Scale) -> dict[str, Any]:
    """Decode rates of two models, a round of each in turn, and the median of their ratios."""
    rates: list[tuple[float, float]] = []
    for subject in (first, second):
        subject.start(SHORT)
        subject.write(4)
    for _ in range(ROUNDS_IN_TURN):
        one, other = (scale.write_tokens / subject.write(scale.write_tokens) for subject in (first, second))
        rates.append((round(one, 3), round(other, 3)))
    return {"rounds": rates, "ratio": round(median(one / other for one, other in rates), 3)}


def reference(scale: Scale) -> dict[str, Any]:
    """Ours in int8, then transformers' module in float32: the same tokens, one model in memory at a time."""
    tokens = REFERENCE_TOKENS if scale is FULL else scale.prefill_tokens
    ours = reference_ours(scale, tokens)
    release(CPU)
    theirs = reference_transformers(scale, tokens)
    return {
        "prefill_tokens": tokens,
        "decode_position": REFERENCE_POSITION,
        "transformers": version("transformers"),
        "ours": {name: round(rate, 3) for name, rate in ours.items()},
        "reference": {name: round(rate, 3) for name, rate in theirs.items()},
        "prefill_ratio": round(ours["prefill"] / theirs["prefill"], 2),
        "decode_ratio": round(ours["decode"] / theirs["decode"], 2),
        "target": {"prefill_ratio": 5, "decode_ratio": 3.3},
    }


def reference_ours(scale: Scale, tokens: int) -> dict[str, float]:
    """Rates of the model that goes again when this returns."""
    subject = synthetic(scale, "int8")
    return {
        "prefill": prefill_rate(subject, 0, tokens, scale),
        "decode": decode_after_reading(subject, REFERENCE_POSITION, scale.write_tokens, scale),
    }


def reference_transformers(scale: Scale, tokens: int) -> dict[str, float]:
    """Rates of transformers' RecurrentGemma of the same shape in float32, on random weights."""
    model = random_reference(scale.config)
    ids = torch.randint(0, scale.config.vocab_size, (tokens,)).tolist()
    written = ids[: max(4, scale.write_tokens // 4)]
    ReferenceSequence(model).feed(ids[:16])  # warms up

    def prefill() -> float:
        return seconds_of(lambda: ReferenceSequence(model).feed(ids), CPU)

    def decode() -> float:
        sequence = ReferenceSequence(model)
        sequence.feed(ids[:REFERENCE_POSITION])
        return seconds_of(lambda: [sequence.feed([token]) for token in written], CPU)

    return {
        "prefill": tokens / median(repeat(prefill, Budget(scale.seconds, least=2, most=3))),
        "decode": len(written) / median(repeat(decode, Budget(scale.seconds, least=3))),
    }


def starter(scale: Scale) -> dict[str, Any]:
    """The bundled model at the four places that the issue names; every token before them is really read."""
    subject = GriffinSubject(Engine.load(STARTER, cache_dir=CACHE))

    def late() -> float:
        subject.start(0)
        subject.read(2 * SHORT)
        return subject.read(SHORT)

    return {
        "weight_format": subject.facts.weight_format,
        "prefill_1024": round(prefill_rate(subject, 0, 1024, scale), 1),
        "prefill_8192_to_12288": round(SHORT / median(repeat(late, Budget(scale.seconds, least=2))), 1),
        "decode_at_100": round(decode_after_reading(subject, 100, 2 * scale.write_tokens, scale), 1),
        "decode_at_4096": round(decode_after_reading(subject, SHORT, 2 * scale.write_tokens, scale), 1),
        "target": {"prefill_1024": 1400, "prefill_8192_to_12288": 1000, "decode_at_100": 85, "decode_at_4096": 70},
    }


def flat(scale: Scale) -> dict[str, Any]:
    """The starter's rates from states of 4k and of 1M tokens, in turn, and the memory between them."""
    subject = GriffinSubject(Engine.load(STARTER, cache_dir=CACHE))
    writing = in_turn(subject, 2 * scale.write_tokens, subject.write)
    reading = in_turn(subject, 2 * scale.prefill_tokens, subject.read)
    return {"positions": [SHORT, LONG], "decode": writing, "prefill": reading, **_FLAT_TARGET}


def flat_2b(scale: Scale) -> dict[str, Any]:
    """The same of the 2B's decode."""
    subject = synthetic(scale, "int8")
    return {"positions": [SHORT, LONG], "decode": in_turn(subject, scale.write_tokens, subject.write), **_FLAT_TARGET}


_FLAT_TARGET = {"target": {"ratio": 0.97, "growth_mib": 64}}


PARTS: dict[str, Callable[[Scale], dict[str, Any]]] = {
    "2b": two_b,
    "reference": reference,
    "starter": starter,
    "flat": flat,
    "flat-2b": flat_2b,
}


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
