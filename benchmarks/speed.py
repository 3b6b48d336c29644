"""The starter's speed beside transformers' RecurrentGemma on the same weights, and its quality cost, in one run.

    python -m benchmarks.speed [--rounds N]

Prefill: one prompt of 1,024 tokens. Decode: tokens at positions 4 to 63. The two programs take turns and the medians
of their rounds are compared, so that what else the machine does falls on both. Writes benchmarks/results/speed.json.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from app.inference.engine import Engine
from app.inference.generator import Sampling
from benchmarks.reference import ReferenceSequence, load_reference
from benchmarks.report import RESULTS, STARTER, write

PROMPT_TOKENS = 1024
FIRST, LAST = 4, 64


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    engine = Engine.load(STARTER, cache_dir=RESULTS.parent / ".cache")
    reference = load_reference(STARTER)
    text = (STARTER / "README.md").read_text(encoding="utf-8") * 4
    ids = engine.tokenize(text)[:PROMPT_TOKENS]
    assert len(ids) == PROMPT_TOKENS
    jobs: dict[str, Callable[[], float]] = {
        "prefill_ours": lambda: _prefill(engine, ids),
        "prefill_reference": lambda: _prefill_reference(reference, ids),
        "decode_ours": lambda: _decode(engine, ids),
        "decode_reference": lambda: _decode_reference(reference, ids),
    }
    seconds: dict[str, list[float]] = {name: [] for name in jobs}
    for job in jobs.values():
        job()  # warm up
    for _ in range(rounds):
        for name, job in jobs.items():
            seconds[name].append(job())
    tokens = {"prefill": PROMPT_TOKENS, "decode": LAST - FIRST}
    rates = {name: tokens[name.split("_")[0]] / statistics.median(times) for name, times in seconds.items()}
    best = {name: tokens[name.split("_")[0]] / min(times) for name, times in seconds.items()}
    write(
        "speed",
        {
            "model": engine.info.name,
            "weight_format": engine.info.weight_format,
            "kernels": {} if engine.kernels is None else dict(engine.kernels.chosen),
            "rounds": rounds,
            "tokens_per_second": {name: round(rate, 1) for name, rate in rates.items()},
            "tokens_per_second_best_round": {name: round(rate, 1) for name, rate in best.items()},
            "prefill_ratio": round(rates["prefill_ours"] / rates["prefill_reference"], 2),
            "decode_ratio": round(rates["decode_ours"] / rates["decode_reference"], 2),
            "target": {"prefill_ratio": 4, "decode_ratio": 5},
        },
    )


def _prefill(engine: Engine, ids: list[int]) -> float:
    state = engine.new_state()
    began = time.perf_counter()
    engine.read(state, ids)
    seconds = time.perf_counter() - began
    engine.drop(state)
    return seconds


def _decode(engine: Engine, ids: list[int]) -> float:
    state = engine.new_state()
    engine.read(state, ids[:FIRST])
    began = time.perf_counter()
    written = engine.generate(state, (), sampling=Sampling(), max_new_tokens=LAST - FIRST).token_ids
    seconds = time.perf_counter() - began
    engine.drop(state)
    return seconds * (LAST - FIRST) / len(written)


def _prefill_reference(model: object, ids: list[int]) -> float:
    sequence = ReferenceSequence(model)  # type: ignore[arg-type]
    began = time.perf_counter()
    sequence.feed(ids)
    return time.perf_counter() - began


def _decode_reference(model: object, ids: list[int]) -> float:
    sequence = ReferenceSequence(model)  # type: ignore[arg-type]
    logits = sequence.feed(ids[:FIRST])
    began = time.perf_counter()
    for _ in range(LAST - FIRST):
        logits = sequence.feed([int(logits.argmax())])
    return time.perf_counter() - began


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    main()
