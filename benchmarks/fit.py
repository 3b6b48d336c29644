"""What is said of a model before it is loaded, against what is then measured: `python -m benchmarks.fit --sources DIR`.

Linux only. Each case runs in a process of its own; `python -m benchmarks.fit CASE ...` measures those alone and keeps
the others' figures. DIR holds `2b-int8` and `2b-bf16`, model folders of RecurrentGemma 2B's shape with random weights;
a case whose folder is missing, and every other case, has its random weights made in memory.

Memory: the growth of resident memory at its peak (VmHWM) while the model is loaded, reads 2,048 tokens in chunks of 512
and writes 16, beyond a process that has done the same with a tiny model of the format, against the estimate: weights,
state and working memory, and pages of files that are converted. Pages of mapped files count on both sides.
Speed: rates expected from the small models' times (machine_limits.py) and rates measured, in turn; medians.
Load: seconds from a folder to a model that is ready, in a new process each time, the files in the page cache; and all
of the process's resident memory once it has read and written.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine
from app.inference.device_names import CHUNK_TOKENS
from app.inference.engine import Engine
from app.inference.formats import FormatChoice
from app.inference.machine_limits import measure_format
from app.inference.memory import MemoryNeed, estimate_memory
from app.inference.presets import preset
from app.inference.speed import MachineLimits, expected_rates
from app.inference.stored_types import stored_types
from app.inference.weight_format import WeightFormat
from benchmarks.report import RESULTS, STARTER, keep_part

CPU = torch.device("cpu")
CHUNK = CHUNK_TOKENS["cpu"]
MIB = 1 << 20
READ_CHUNKS, WRITTEN = 4, 16
TURNS, TURN_TOKENS = 3, 5
LOADS = 5
RESULT = RESULTS / "fit.json"


@dataclass(frozen=True, slots=True)
class Case:
    """A model in a format. folder: of its files, under the sources; None for random weights made in memory."""

    size: str
    form: WeightFormat
    folder: str | None = None
    speed: bool = True

    @property
    def name(self) -> str:
        """Of the case in the results."""
        return f"{self.size} {self.form}"


CASES = (
    Case("starter", WeightFormat.INT8, str(STARTER)),
    Case("2b", WeightFormat.INT8, "2b-int8"),
    Case("2b", WeightFormat.INT4),
    Case("2b", WeightFormat.BFLOAT16, "2b-bf16"),
    Case("2b", WeightFormat.FLOAT32, speed=False),
    Case("9b", WeightFormat.INT8),
)
LOAD_CASE = "load 2b int8"
ORDER = ("machine", *(case.name for case in CASES), LOAD_CASE)


def main() -> None:
    """Measure cases and write benchmarks/results/fit.json."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="CASE", help=f"of {', '.join(ORDER[1:])} (default: all)")
    parser.add_argument("--sources", type=Path, default=Path(tempfile.gettempdir()) / "griffin-desk-models")
    parser.add_argument("--child", choices=("memory", "speed", "load"), help=argparse.SUPPRESS)
    parser.add_argument("--cache", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(_CHILDREN[options.child](options.names[0], options.sources, options.cache)))
        return
    from app.inference.bench.machine import machine

    keep_part(RESULT, "machine", machine(), ORDER)
    with tempfile.TemporaryDirectory() as cache:
        for case in CASES:
            if not options.names or case.name in options.names:
                figures = {"memory": _child("memory", case.name, options.sources, cache)}
                if case.speed:
                    figures["speed"] = _child("speed", case.name, options.sources, cache)
                keep_part(RESULT, case.name, figures, ORDER)
                print(case.name, json.dumps(figures), file=sys.stderr)
        if not options.names or LOAD_CASE in options.names:
            _child("load", CASES[1].name, options.sources, cache)  # compiles, and tests the kernels
            (Path(cache) / "fingerprints.json").unlink()
            loads = [_child("load", CASES[1].name, options.sources, cache) for _ in range(LOADS + 1)]
            keep_part(RESULT, LOAD_CASE, _loads(loads), ORDER)
            print(LOAD_CASE, json.dumps(_loads(loads)), file=sys.stderr)


def _child(kind: str, name: str, sources: Path, cache: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.fit", name, "--child", kind, "--sources", sources, "--cache", cache]
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(done.stdout))


def _loads(found: list[dict[str, Any]]) -> dict[str, Any]:
    """The first load hashes the files, as where no manifest tells their hashes; the others are what a start costs."""
    first, *later = found
    return {
        "files_mib": first["files_mib"],
        "load_with_hashing_s": first["seconds"],
        "load_s": median(one["seconds"] for one in later),
        "load_s_each": [one["seconds"] for one in later],
        "resident_after_use_mib": max(one["resident_mib"] for one in later),
        "allowed_resident_mib": round(1.1 * first["files_mib"] + 600),
    }


def measure_memory(name: str, sources: Path, cache: Path) -> dict[str, Any]:
    """Estimate and measurement of one model in this process, MiB."""
    case = _case(name)
    tiny = replace(preset("2b"), vocab_size=1024, width=256, mlp_width=512, num_heads=4, lru_width=256)
    tiny = replace(tiny, block_types=tiny.block_types[:3])
    _use(synthetic_engine(tiny, FormatChoice(case.form), CPU, cache_dir=cache))
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _status("VmRSS")
    engine, need = _engine(case, sources, cache)
    _use(engine)
    peak, estimate = _status("VmHWM") - before, need.total + need.converted_bytes
    return {
        "weights": round(need.weights_bytes / MIB),
        "mapped": round(need.mapped_bytes / MIB),
        "converted": round(need.converted_bytes / MIB),
        "state": round(need.state_bytes / MIB),
        "working": round(need.working_bytes / MIB),
        "estimate_mib": round(estimate / MIB),
        "measured_mib": round(peak / MIB),
        "measured_over_estimate": round(peak / estimate, 3),
    }


def measure_speed(name: str, sources: Path, cache: Path) -> dict[str, Any]:
    """Expected and measured rates in this process, in turn; tokens per second."""
    case = _case(name)
    engine, _ = _engine(case, sources, cache)
    subject = GriffinSubject(engine)
    _far_in(subject)
    subject.write(1)
    subject.read(16)
    found: dict[str, list[float]] = {key: [] for key in ("read_expected", "read", "write_expected", "write", "probe_s")}
    for _ in range(TURNS):
        began = time.perf_counter()
        int8 = measure_format(WeightFormat.INT8, CPU, None, cache)
        formats = {"int8": int8}
        if case.form is not WeightFormat.INT8:
            formats[case.form] = measure_format(case.form, CPU, int8, cache)
        found["probe_s"].append(time.perf_counter() - began)
        rates = expected_rates(engine.model.config, case.form, MachineLimits("cpu", "", 0, (), formats))
        assert rates is not None
        found["read_expected"].append(rates.read)
        found["write_expected"].append(rates.write)
        _far_in(subject)
        found["write"].append(1.0 / median(subject.write(1) for _ in range(TURN_TOKENS)))
        _far_in(subject)
        found["read"].append(2 * CHUNK / subject.read(2 * CHUNK))
    middle = {key: median(values) for key, values in found.items()}
    return {
        "read_expected": round(middle["read_expected"], 2),
        "read_measured": round(middle["read"], 2),
        "read_measured_over_expected": round(middle["read"] / middle["read_expected"], 3),
        "write_expected": round(middle["write_expected"], 3),
        "write_measured": round(middle["write"], 3),
        "write_measured_over_expected": round(middle["write"] / middle["write_expected"], 3),
        "each": {key: [round(value, 2) for value in values] for key, values in found.items()},
    }


def measure_load(name: str, sources: Path, cache: Path) -> dict[str, Any]:
    """One load in this process."""
    folder = _folder(_case(name), sources)
    if folder is None:
        raise SystemExit(f"there is no {name} under {sources}")
    files = list(folder.glob("*.safetensors"))
    for path in files:
        with path.open("rb") as file:  # into the page cache
            while file.read(16 * MIB):
                pass
    began = time.perf_counter()
    engine = Engine.load(folder, device="cpu", cache_dir=cache)
    seconds = time.perf_counter() - began
    _use(engine)
    return {
        "seconds": round(seconds, 2),
        "files_mib": round(sum(path.stat().st_size for path in files) / MIB),
        "resident_mib": round(_status("VmHWM") / MIB),
    }


_CHILDREN: dict[str, Callable[[str, Path, Path], dict[str, Any]]] = {
    "memory": measure_memory,
    "speed": measure_speed,
    "load": measure_load,
}


def _case(name: str) -> Case:
    return next(case for case in CASES if case.name == name)


def _folder(case: Case, sources: Path) -> Path | None:
    folder = None if case.folder is None else sources / case.folder
    return folder if folder is not None and (folder / "config.json").is_file() else None


def _engine(case: Case, sources: Path, cache: Path) -> tuple[Engine, MemoryNeed]:
    folder = _folder(case, sources)
    if folder is None:
        engine = synthetic_engine(case.size, FormatChoice(case.form), CPU, cache_dir=cache)
        return engine, estimate_memory(engine.model.config, case.form, chunk_tokens=CHUNK, mapped=False)
    engine = Engine.load(folder, device="cpu", weight_format=case.form, cache_dir=cache)
    stored = stored_types(folder)
    return engine, estimate_memory(engine.model.config, case.form, chunk_tokens=CHUNK, stored=stored)


def _use(engine: Engine) -> None:
    subject = GriffinSubject(engine)
    subject.start(1)
    subject.read(READ_CHUNKS * CHUNK)
    subject.write(WRITTEN)
    subject.stop()


def _far_in(subject: GriffinSubject) -> None:
    subject.start(2 * subject.model.config.window_tokens)


def _status(key: str) -> int:
    """VmRSS or VmHWM in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{key}:"))


if __name__ == "__main__":
    main()
