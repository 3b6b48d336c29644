"""Tokens per second of answers written together against one by one: `python -m benchmarks.batch`.

The starter as the program loads it. Every row is a call of the engine's generate_batch with NOTES_SAMPLING, from states
that stand at the same place; wall seconds of the writing alone, as the engine counts them. Sizes take turns, so that
other load on the machine falls on all of them; the median of the rounds counts.
"""

from __future__ import annotations

import os
import statistics
import sys

from app.core.threads import wait_passively

wait_passively(os.environ)

from app.inference.engine import Engine  # noqa: E402 (the threads' waiting is decided before torch)
from app.inference.generator import StateRef  # noqa: E402
from app.tasks.prompts import NOTES_SAMPLING  # noqa: E402
from benchmarks.report import STARTER, write  # noqa: E402

SIZES = (1, 2, 4, 8)
POSITIONS = (200, 2_100)
ROUNDS, TOKENS = 5, 16


def main(device: str = "cpu") -> None:
    """Measure and write benchmarks/results/batch.json."""
    engine = Engine.load(STARTER, device=device)
    text = engine.tokenize("The dams above Dresden hold the water of the Elbe back until the fields are dry. " * 150)
    rows = []
    for position in POSITIONS:
        origin = engine.new_state()
        engine.read(origin, text[:position])
        rates: dict[int, list[float]] = {size: [] for size in SIZES}
        for _ in range(ROUNDS + 1):
            for size in SIZES:
                rates[size].append(_tokens_per_second(engine, origin, size))
        rows += [
            {"position": position, "sequences": size, "tokens_per_second": round(statistics.median(found[1:]), 1)}
            for size, found in rates.items()
        ]
        engine.drop(origin)
    write(
        "batch",
        {"model": engine.info.name, "device": engine.info.device, "batch_size": engine.batch_size, "rows": rows},
    )


def _tokens_per_second(engine: Engine, origin: StateRef, size: int) -> float:
    states = [engine.fork(origin) for _ in range(size)]
    before = engine.usage
    # Without a prompt nothing is read; stop tokens are rare enough in mid-sentence not to matter.
    engine.generate_batch(states, [[]] * size, sampling=NOTES_SAMPLING, max_new_tokens=TOKENS)
    after = engine.usage
    for state in states:
        engine.drop(state)
    return (after.decode_tokens - before.decode_tokens) / (after.decode_seconds - before.decode_seconds)


if __name__ == "__main__":
    main(*sys.argv[1:])
