"""What each weight format costs in quality, and what making int4 costs in memory.

    python -m benchmarks.formats [PART ...] [--data DIR] [--half tune|report] [--windows 12] [--threads 2]

| part       | what it measures                                                                                     |
|------------|------------------------------------------------------------------------------------------------------|
| perplexity | the starter on held-out text, loaded and scored as the program does: float32, bfloat16, int8 (as it  |
|            | lies on disk), int4 rounded to the nearest at load, int4 of `griffin-desk models convert` with       |
|            | groups of 32 and of 64                                                                               |
| memory     | the most memory that calibration takes on one block of the 9B's width, with random weights: blocks   |
|            | come one after the other, and no block of the 9B is larger                                           |

Windows of 2,048 tokens, each from an empty state. Changes of the method are chosen by the tuning half, and the other is
reported; the calibration text (resources/sample) is in neither:

| text      | report (into benchmarks/results/formats.json)                      | tune (printed only)               |
|-----------|--------------------------------------------------------------------|-----------------------------------|
| textbooks | the beginnings of sections of odd number, spread over the file     | of even number                    |
| a book    | freeculture.pdf, spread over its pages                             | moby-dick.epub                    |

Without a part both are run. Linux only: peaks of memory are read from the system.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch
from torch import Tensor

from app.inference.bench.machine import machine
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.compiled import load_compiled
from app.inference.config import BlockType
from app.inference.engine import Engine
from app.inference.ops import TorchOps
from app.inference.presets import preset
from app.inference.quantize.calibrate import SEQUENCE_TOKENS, calibrated_groups
from app.inference.weight_format import WeightFormat
from app.worker.reading import load_document
from benchmarks.report import DATA, RESULTS, STARTER, keep_part

WINDOW_TOKENS = 2048
SECTIONS = Path("eval") / "openstax_summaries" / "dev.jsonl"
BOOKS = {"report": Path("pdfs") / "freeculture.pdf", "tune": Path("epubs") / "idpf__moby-dick.epub"}
GROUPS = (32, 64)
AIMS = {"int8": 0.007, "int4, converted, group 32": 0.06}
"""The most that a format's perplexity may be above float32's."""
WIDE_SEQUENCES = 12
"""As many as the calibration text has in the starter's tokens."""
PARTS = ("perplexity", "memory")
CACHE = RESULTS.parent / ".cache"


@dataclass(frozen=True, slots=True)
class Case:
    """A model folder and the format it is loaded in; None for the one on disk."""

    folder: Path
    weight_format: str | None


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--half", choices=sorted(BOOKS), default="report")
    parser.add_argument("--windows", type=int, default=12, help="of each text")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    torch.set_num_threads(options.threads)
    if options.child:
        print(json.dumps(wide_block()))
        return
    for part in options.parts or PARTS:
        if part == "memory":
            figures = {"machine": machine(), **apart(["benchmarks.formats", "--child"], options.threads)[0]}
        else:
            for needed in (SECTIONS, BOOKS[options.half]):
                if not (options.data / needed).is_file():
                    parser.error(f"{options.data / needed} is not there: give the folder of real data as --data")
            figures = {"machine": machine(), **perplexity(options.data, options.half, options.windows, options.threads)}
        print(part, json.dumps(figures, indent=1))
        if part == "memory" or options.half == "report":
            keep_part(RESULTS / "formats.json", part, figures, PARTS)


def perplexity(data: Path, half: str, windows: int, threads: int) -> dict[str, Any]:
    """Every format on the same windows."""
    cases = {
        "float32": Case(STARTER, "float32"),
        "bfloat16": Case(STARTER, "bfloat16"),
        "int8": Case(STARTER, "int8"),
        "int4, rounded at load": Case(STARTER, "int4"),
    }
    texts = held_out(data, half, windows, threads)
    with tempfile.TemporaryDirectory() as folder:
        conversions = {}
        for group in GROUPS:
            target = Path(folder) / f"int4-{group}"
            conversions[f"group {group}"] = converted(target, group, threads)
            cases[f"int4, converted, group {group}"] = Case(target, None)
        found = {name: measured(case, texts, threads) for name, case in cases.items()}
    return {
        "half": half,
        "window_tokens": WINDOW_TOKENS,
        "windows": {text: len(ids) for text, ids in texts.items()},
        "aims": AIMS,
        "conversions": conversions,
        "formats": summary(found),
    }


def converted(target: Path, group: int, threads: int) -> dict[str, Any]:
    """Convert the starter by the command line in a process of its own; what that took."""
    words = ["app", "models", "convert", str(STARTER), "--to", "int4", "--json", "--group", str(group)]
    facts, peak = apart([*words, "--out", str(target), "--data-dir", str(target.parent / "data")], threads)
    errors = [matrix["output_error"] for matrix in facts["matrices"] if matrix["output_error"] is not None]
    return {
        "seconds": facts["seconds"],
        "calibration_tokens": facts["calibration_tokens"],
        # The interpreter, torch and the pages of the model's files are in it.
        "peak_resident_mib": mib(peak),
        "files_mib": mib(facts["nbytes"]),
        "int4_matrices": len(errors),
        "mean_output_error": round(mean(errors), 4),
        "largest_output_error": round(max(errors), 4),
    }


def apart(words: list[str], threads: int) -> tuple[dict[str, Any], int]:
    """Run `python -m WORDS` in a process of its own: the JSON that it prints, and its peak of resident bytes."""
    variables = {"OMP_NUM_THREADS": str(threads), "GRIFFIN_DESK_CACHE_DIR": str(CACHE)}
    command = [sys.executable, "-m", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | variables) as process:
        assert process.stdout is not None
        told = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {process.returncode}")
    return json.loads(told), usage.ru_maxrss * 1024  # KiB on Linux


def held_out(data: Path, half: str, windows: int, threads: int) -> dict[str, list[list[int]]]:
    """Windows of token ids of each text."""
    engine = Engine.load(STARTER, threads=threads, cache_dir=CACHE)
    rows = (data / SECTIONS).read_text(encoding="utf-8").splitlines()
    sections = [engine.tokenize(json.loads(row)["text"]) for row in rows[half == "report" :: 2]]
    long = [ids[:WINDOW_TOKENS] for ids in sections if len(ids) >= WINDOW_TOKENS]
    book = engine.tokenize(load_document(data / BOOKS[half]).text)
    return {
        "textbooks": [long[index] for index in spread(len(long), windows)],
        BOOKS[half].name: [
            book[start : start + WINDOW_TOKENS] for start in spread(len(book) - WINDOW_TOKENS + 1, windows)
        ],
    }


def spread(length: int, count: int) -> list[int]:
    """The middles of `count` equal parts of 0 .. length - 1."""
    if count > length:
        raise SystemExit(f"{count} windows were asked for where there are {length}")
    return [(2 * part + 1) * length // (2 * count) for part in range(count)]


def measured(case: Case, texts: dict[str, list[list[int]]], threads: int) -> dict[str, Any]:
    """Nats per token in each window, and the bytes of the weights in memory."""
    engine = Engine.load(case.folder, weight_format=case.weight_format, threads=threads, cache_dir=CACHE)
    losses = {text: [loss(engine, window) for window in windows] for text, windows in texts.items()}
    print({text: round(math.exp(mean(found)), 3) for text, found in losses.items()}, case, file=sys.stderr)
    # One storage can be two tensors: the embedding is the head too.
    storages = {tensor.data_ptr(): tensor.nbytes for tensor in tensors(engine.model)}
    return {"weights_mib": mib(sum(storages.values())), "losses": losses}


def tensors(held: Any) -> Iterator[Tensor]:
    """Every tensor in a tree of dataclasses and tuples."""
    if isinstance(held, Tensor):
        yield held
    elif isinstance(held, tuple):
        for part in held:
            yield from tensors(part)
    elif is_dataclass(held):
        for one in fields(held):
            yield from tensors(getattr(held, one.name))


def loss(engine: Engine, window: list[int]) -> float:
    """Nats per token of all but the first, from an empty state."""
    state = engine.new_state()
    engine.read(state, window[:1])
    total = engine.score(state, window[1:])
    engine.drop(state)
    return -total / (len(window) - 1)


def summary(found: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Perplexities and how far they are above float32's, with the standard error over the windows of one text."""
    exact = found["float32"]["losses"]
    rows = {}
    for name, row in found.items():
        texts = {}
        for text, losses in row["losses"].items():
            more = [a - b for a, b in zip(losses, exact[text], strict=True)]
            texts[text] = {
                "perplexity": round(math.exp(mean(losses)), 3),
                "over_float32": round(math.expm1(mean(more)), 5),
                "standard_error": round(math.exp(mean(more)) * stdev(more) / math.sqrt(len(more)), 5),
                "most_in_a_window": round(math.expm1(max(more)), 5),
                "nats_per_token": [round(value, 4) for value in losses],
            }
        rows[name] = {"weights_mib": row["weights_mib"], "texts": texts}
    return rows


def wide_block() -> dict[str, Any]:
    """Calibrate one recurrent block of the 9B's shape (it has more weights than an attention block) in this process."""
    config = replace(preset("9b"), block_types=(BlockType.RECURRENT,), vocab_size=1024)
    source = SyntheticSource(config, WeightFormat.BFLOAT16)
    random = torch.Generator().manual_seed(0)
    sequences = torch.randint(3, config.vocab_size, (WIDE_SEQUENCES, SEQUENCE_TOKENS), generator=random).tolist()
    ops = load_compiled(CACHE) or TorchOps()
    before, began = resident("VmRSS"), time.perf_counter()
    matrices = sum(1 for _ in calibrated_groups(config, source, sequences, GROUPS[0], ops))
    return {
        "width": config.width,
        "mlp_width": config.mlp_width,
        "blocks": 1,
        "calibration_tokens": WIDE_SEQUENCES * SEQUENCE_TOKENS,
        "int4_matrices": matrices,
        "seconds": round(time.perf_counter() - began, 1),
        "peak_growth_mib": mib(resident("VmHWM") - before),
        "before_mib": mib(before),
    }


def resident(which: str) -> int:
    """VmRSS or its peak VmHWM of this process, in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))


def mib(nbytes: int) -> float:
    """In MiB, to one decimal."""
    return round(nbytes / 2**20, 1)


if __name__ == "__main__":
    main()
