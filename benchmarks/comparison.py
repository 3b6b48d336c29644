"""Griffin Desk beside two programs of transformers, at growing lengths of input: reading, writing, memory.

    python -m benchmarks.comparison [PART ...] [--device cuda|cpu] [--shape 2b|small|tiny] [--lengths 2k,8k,...]
    python -m benchmarks.comparison --plot FILE [--images FOLDER]

| part                        | what it is                                                                           |
|-----------------------------|--------------------------------------------------------------------------------------|
| agreement                   | logits of this program and of RecurrentGemma on the same random weights; nothing is  |
|                             | measured where they differ                                                           |
| griffin_desk                | this program's engine: bfloat16 on a GPU, int8 on the CPU                            |
| transformers_gemma          | GemmaForCausalLM with about as many parameters, a DynamicCache                       |
| transformers_recurrentgemma | RecurrentGemmaForCausalLM, griffin_desk's weights: bfloat16 on a GPU, else float32   |

Figures are defined in docs/bench.md and measured by its code. A prompt whose reading is expected to take longer than
--limit seconds, from the shorter ones of the same program, is not read: the point's `reason` says so, and writing is
measured from a random state. --minutes ends the whole run: what was not begun is named too.

Each part runs in a process of its own and has its own figures in the file, which is written after every point. Without
names, parts that the file has complete, of the same shape, device and lengths, are not measured again; so a run that
was interrupted is started again by the same command. Shapes: 2b is RecurrentGemma-2B and Gemma-2B, small the starter's
shape, tiny is for trying.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch

from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine
from app.inference.bench.lengths import label, parse_lengths
from app.inference.bench.machine import machine
from app.inference.bench.options import CPU_READ_LIMIT, BenchOptions, Effort
from app.inference.bench.report import Point, Report, Series
from app.inference.bench.run import Bench
from app.inference.bench.subject import Subject
from app.inference.bench.transformer import GEMMA_2B, TransformerShape, TransformerSubject, transformer_dtype
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import GriffinConfig, config_from_json, read_config_json
from app.inference.formats import FormatChoice
from app.inference.presets import preset
from app.inference.weight_format import WeightFormat
from benchmarks.comparison_agreement import agreement
from benchmarks.comparison_reference import KIND, RecurrentGemmaSubject
from benchmarks.rates import TRIAL
from benchmarks.report import RESULTS, ROOT, STARTER, keep_part

LENGTHS = {"2b": "2k,8k,32k,128k,512k,1M", "small": "2k,8k,32k", "tiny": "256,4k"}
OUT_OF_TIME = "the time for the run was up: longer inputs were not measured"


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is compared: a Griffin and a transformer of about as many parameters."""

    griffin: GriffinConfig
    gemma: TransformerShape


@dataclass(frozen=True, slots=True)
class Plan:
    """What a part is measured with. limit, seconds: for one reading, for the rounds of one figure."""

    device: torch.device
    shape: str
    lengths: tuple[int, ...]
    limit: float
    seconds: float
    deadline: float
    """On time.monotonic's clock."""
    out: Path

    @property
    def form(self) -> WeightFormat:
        """Of this program's weights."""
        return WeightFormat.INT8 if self.device.type == "cpu" else WeightFormat.BFLOAT16

    @property
    def reference_dtype(self) -> torch.dtype:
        """Of transformers' RecurrentGemma."""
        return torch.float32 if self.device.type == "cpu" else torch.bfloat16

    @property
    def settings(self) -> dict[str, Any]:
        """What two runs must have in common for their figures to stand in one file."""
        return {"device": self.device.type, "shape": self.shape, "lengths": list(self.lengths)}


class OutOfTimeError(Exception):
    """The time for the whole run is up."""


def shapes(name: str) -> Shapes:
    """2b, small or tiny."""
    if name == "2b":
        return Shapes(preset("2b"), GEMMA_2B)
    if name == "tiny":
        return Shapes(TRIAL.config, TransformerShape("tiny Gemma", 512, 256, 512, 3, 4, 1, 64))
    starter = config_from_json(read_config_json(STARTER))
    # As deep, as wide and with the same heads as the starter; the MLP is wider, for about as many parameters.
    gemma = TransformerShape("Gemma of the starter's size", starter.vocab_size, 576, 1856, 30, 9, 3, 64)
    return Shapes(starter, gemma)


def griffin_desk(plan: Plan) -> Subject:
    """Through the program's engine."""
    config = shapes(plan.shape).griffin
    return GriffinSubject(synthetic_engine(config, FormatChoice(plan.form), plan.device, cache_dir=_cache()))


def transformers_recurrentgemma(plan: Plan) -> Subject:
    """The weights of griffin_desk; int8 ones widened."""
    config = shapes(plan.shape).griffin
    source = SyntheticSource(config, plan.form, device=plan.device)
    return RecurrentGemmaSubject(config, source, plan.device, plan.reference_dtype)


def transformers_gemma(plan: Plan) -> Subject:
    """In the format that docs/bench.md defines for the device."""
    gemma = shapes(plan.shape).gemma
    return TransformerSubject(gemma, plan.device, transformer_dtype(gemma, plan.device))


PROGRAMS: dict[str, Callable[[Plan], Subject]] = {
    "griffin_desk": griffin_desk,
    "transformers_gemma": transformers_gemma,
    "transformers_recurrentgemma": transformers_recurrentgemma,
}
PARTS = ("agreement", *PROGRAMS)


def expected_seconds(points: Sequence[Point], tokens: int) -> float | None:
    """Of a prompt read from nothing, by the two longest that were; None where none was.

    Seconds grow as a power of the length: the one through the two, between 1 and 2, and 1 where there is only one.
    """
    read = [(p.length, p.length / p.prefill.tokens_per_second) for p in points if p.prefill and not p.random_state]
    if not read:
        return None
    length, seconds = read[-1]
    power = 1.0
    if len(read) > 1:
        before, less = read[-2]
        power = min(2.0, max(1.0, math.log(seconds / less) / math.log(length / before)))
    return seconds * (tokens / length) ** power


def refusal(plan: Plan, series: Series, start: int, tokens: int) -> str | None:
    """Why a prompt is not read. Raises OutOfTimeError where the run is over."""
    left = plan.deadline - time.monotonic()
    if left <= 0:
        raise OutOfTimeError
    on_top = start > 0 and series.kind != KIND
    expected = None if on_top else expected_seconds(series.points, start or tokens)
    if expected is not None and expected > min(plan.limit, left):
        limit = f"the limit of {plan.limit:.0f} s" if plan.limit <= left else f"the {left:.0f} s left of the run"
        return f"of {label(start or tokens)} tokens in one pass is expected to take {expected:.0f} s, over {limit}"
    if start > 0 and not on_top:
        return "on top of a random state is not possible: this program reads a prompt in one pass, from nothing"
    return None


def measure(name: str, plan: Plan, keep: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """All figures of one program; `keep` gets what is known after every point. Raises GriffinDeskError."""
    device = plan.device
    limit = None if device.type == "cuda" else CPU_READ_LIMIT
    last: dict[str, Any] = {}

    def listen(report: Report) -> None:
        last.clear()
        last.update(program_figures(report, plan))
        keep(last)

    bench = Bench(
        device,
        BenchOptions(plan.lengths),
        machine(),
        on_progress=lambda text: print(f"{text} ({plan.deadline - time.monotonic():.0f} s left)", flush=True),
        on_report=listen,
        effort=Effort(limit, prefill_tokens=2048, write_tokens=32, seconds=plan.seconds),
        refusal=partial(refusal, plan),
    )
    bench.measure_bandwidth()
    unmeasured = Series(name, "", 0, "", 0, 0, "")
    try:
        bench.measure_or_note(unmeasured, lambda: PROGRAMS[name](plan))
        bench.finish()
    except OutOfTimeError:
        (series,) = bench.report.series
        listen(replace(bench.report, series=(replace(series, problem=OUT_OF_TIME),)))
    return last


def program_figures(report: Report, plan: Plan) -> dict[str, Any]:
    """A report of one program as JSON: each point and the program has a `reason` for what it lacks, or null."""
    whole = asdict(report)
    (series,) = whole.pop("series") or [{}]
    whole.pop("quick")
    for each in (series, *series.get("points", ())):
        each["reason"] = each.pop("problem", None)
    series.pop("batches", None)
    if series.get("kind") == "griffin":
        series["name"] = "Griffin Desk"
    return {**whole, **plan.settings, "limit_s": plan.limit, "seconds_a_figure": plan.seconds, **series}


def is_done(part: str, plan: Plan) -> bool:
    """Whether the file has a part complete, measured with the same settings."""
    found = json.loads(plan.out.read_text(encoding="utf-8")).get(part, {}) if plan.out.is_file() else {}
    return bool(found.get("complete")) and all(found.get(key) == value for key, value in plan.settings.items())


def run_part(part: str, plan: Plan) -> bool:
    """Measure one part here; whether the others may follow."""

    def keep(figures: dict[str, Any]) -> None:
        keep_part(plan.out, part, figures, PARTS)

    if part == "agreement":
        config = shapes(plan.shape).griffin
        found = agreement(config, plan.form, plan.reference_dtype, plan.device, _cache())
        figures = {"machine": machine(), **plan.settings, **found}
        keep(figures)
        print(json.dumps(figures, indent=1), flush=True)
        return bool(figures["complete"])
    measure(part, plan, keep)
    return True


def run_apart(part: str, plan: Plan, minutes: float) -> int:
    """The same in a process of its own: each program's memory begins where the others' did. Returns its status."""
    options = {
        "--device": plan.device.type,
        "--shape": plan.shape,
        "--lengths": ",".join(str(length) for length in plan.lengths),
        "--limit": str(plan.limit),
        "--seconds": str(plan.seconds),
        "--minutes": f"{minutes:.2f}",
        "--out": str(plan.out),
    }
    words = [word for pair in options.items() for word in pair]
    command = [sys.executable, "-m", "benchmarks.comparison", part, *words]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def main() -> int:
    """Draw, or measure the parts that were asked for."""
    arguments = _arguments()
    if arguments.plot:
        from benchmarks.comparison_plots import draw  # here: measuring does without matplotlib

        for path in draw(arguments.plot, arguments.images):
            print(path)
        return 0
    plan = Plan(
        torch.device(arguments.device),
        arguments.shape,
        parse_lengths(arguments.lengths or LENGTHS[arguments.shape]),
        arguments.limit,
        arguments.seconds,
        time.monotonic() + 60 * arguments.minutes,
        (arguments.out or RESULTS / f"comparison_{arguments.device}.json").resolve(),
    )
    if len(arguments.parts) == 1:
        return 0 if run_part(arguments.parts[0], plan) else 1
    failed = 0
    for part in arguments.parts or [part for part in PARTS if not is_done(part, plan)]:
        status = run_apart(part, plan, (plan.deadline - time.monotonic()) / 60)
        print(f"{part}: {'done' if status == 0 else f'ended with status {status}'}", flush=True)
        failed = failed or status
        if status and part == "agreement":
            break
    return failed


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--shape", choices=tuple(LENGTHS), default="2b" if torch.cuda.is_available() else "small")
    parser.add_argument("--lengths", help="tokens, such as 2k,8k,1M")
    parser.add_argument("--limit", type=float, default=150.0, help="seconds that one reading may be expected to take")
    parser.add_argument("--seconds", type=float, default=6.0, help="for the rounds of one figure")
    parser.add_argument("--minutes", type=float, default=8.0, help="for the whole run")
    parser.add_argument("--out", type=Path, metavar="FILE", help="default: benchmarks/results/comparison_DEVICE.json")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw what a run wrote, and measure nothing")
    parser.add_argument("--images", type=Path, default=ROOT / "docs" / "images", metavar="FOLDER")
    arguments = parser.parse_args()
    if unknown := set(arguments.parts) - set(PARTS):
        parser.error(f"unknown part {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    return arguments


def _cache() -> Path:
    return RESULTS.parent / ".cache"


if __name__ == "__main__":
    sys.exit(main())
