"""What a fit on a GPU promises beside what is then measured: memory and tokens per second, with random weights.

    python -m benchmarks.fit_cuda [--out FILE]

The machine is measured first, as `griffin-desk models measure` does. Then RecurrentGemma 2B and 9B and the starter's
shape are made in each format; memory is the most that torch held while 16,384 tokens were read and 128 written far
into a text, beyond what it held before. Results: benchmarks/results/fit_cuda.json.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine
from app.inference.bench.machine import machine
from app.inference.bench.memory import release
from app.inference.config import GriffinConfig, config_from_json, read_config_json
from app.inference.fit import estimate_fit
from app.inference.formats import FormatChoice
from app.inference.free_memory import room_of
from app.inference.machine_limits import measure_limits
from app.inference.presets import PRESETS
from app.inference.speed import MachineLimits
from app.inference.weight_format import WeightFormat
from benchmarks.report import RESULTS, STARTER

GPU = torch.device("cuda")
FORMATS = (WeightFormat.BFLOAT16, WeightFormat.INT8, WeightFormat.INT4)
POSITION, READ_TOKENS, WRITTEN_TOKENS = 8192, 4 * 4096, 128


def main() -> None:
    """Measure, and write the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=RESULTS / "fit_cuda.json")
    out = parser.parse_args().out
    shapes = {**PRESETS, "starter": config_from_json(read_config_json(STARTER))}
    with tempfile.TemporaryDirectory() as cache:
        limits = measure_limits("cuda", Path(cache))
        found: dict[str, Any] = {"machine": machine()}
        for name, config in shapes.items():
            for form in FORMATS:
                found[f"{name} {form}"] = figures = _figures(config, form, limits, Path(cache))
                print(name, form, json.dumps(figures), flush=True)
    out.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


def _figures(config: GriffinConfig, form: WeightFormat, limits: MachineLimits, cache: Path) -> dict[str, Any]:
    release(GPU)
    before = torch.cuda.memory_allocated()
    fit = estimate_fit(config, form, room_of(GPU), limits)
    torch.cuda.reset_peak_memory_stats()
    engine = synthetic_engine(config, FormatChoice(form), GPU, cache_dir=cache)
    subject = GriffinSubject(engine)
    subject.start(POSITION)
    subject.read(4096)  # the first time compiles
    subject.write(16)
    read, written = READ_TOKENS / subject.read(READ_TOKENS), WRITTEN_TOKENS / subject.write(WRITTEN_TOKENS)
    peak = torch.cuda.max_memory_allocated() - before
    subject.stop()
    assert fit.read_tokens_per_second is not None and fit.write_tokens_per_second is not None
    return {
        "ran_in": engine.info.weight_format,
        "need_mib": fit.need.total >> 20,
        "measured_mib": peak >> 20,
        "measured_over_need": round(peak / fit.need.total, 3),
        "read_expected": round(fit.read_tokens_per_second),
        "read_measured": round(read),
        "read_measured_over_expected": round(read / fit.read_tokens_per_second, 3),
        "write_expected": round(fit.write_tokens_per_second, 1),
        "write_measured": round(written, 1),
        "write_measured_over_expected": round(written / fit.write_tokens_per_second, 3),
    }


if __name__ == "__main__":
    main()
