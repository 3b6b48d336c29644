"""`griffin-desk bench`: speed and memory on this machine, as a table, as JSON and as two plots."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from rich.console import Console

from app.cli.bench_table import print_table
from app.cli.context import Launch
from app.cli.errors import Interrupted
from app.cli.output import print_json
from app.core.errors import ResourceError, UserError
from app.core.paths import cache_dir
from app.core.text import one_line
from app.core.whole_file import write_atomically
from app.inference.bench.lengths import DEFAULT_LENGTHS, LONG_LENGTHS
from app.inference.bench.options import BenchOptions
from app.inference.bench.report import Report, Series
from app.services.desk import bundled_model, models_dir
from app.services.models import resolve_model

if TYPE_CHECKING:
    import torch

    from app.inference.bench.subject import Subject

REPORT_FILE = "report.json"


def run(launch: Launch) -> int:
    """Measure, show and write the report; what an interrupted run has measured is kept. Raises GriffinDeskError."""
    options = launch.options
    plan = _plan(launch)
    folder = _folder(launch)

    from app.inference.bench.machine import machine
    from app.inference.bench.run import Bench
    from app.inference.devices import pick_device

    device = pick_device(launch.engine_options().device)
    name, make = _subject(launch, device)
    with _progress(sys.stderr) as say:
        bench = Bench(device, plan, machine(), on_progress=say, on_report=lambda report: _write(report, folder))
        try:
            say("memory bandwidth")
            bench.measure_bandwidth()
            bench.measure(name, make)
            if options.compare:
                _compare(bench.measure_or_note, device)
            bench.finish()
        except KeyboardInterrupt:
            pass
    if bench.report.series:
        _draw(bench.report, folder)
    if options.json:
        print_json(sys.stdout, {**bench.report.as_json(), "folder": str(folder)})
    else:
        print_table(bench.report, sys.stdout)
        sys.stdout.write(f"written to {one_line(str(folder))}\n")
    if not bench.report.complete:
        raise Interrupted(f"interrupted; what was measured until then is in {folder}")
    return 0


def _plan(launch: Launch) -> BenchOptions:
    options = launch.options
    if options.synthetic and options.model:
        raise UserError("--synthetic and --model exclude each other; give one of them", code="usage")
    lengths = set(options.lengths or DEFAULT_LENGTHS) | (set(LONG_LENGTHS) if options.long else set())
    return BenchOptions(lengths=tuple(sorted(lengths)), batches=options.batch or (), quick=options.quick)


def _folder(launch: Launch) -> Path:
    """Where the report goes; made and tried before an hour is spent on measuring."""
    stamp = datetime.now().strftime("%Y-%m-%d-%H%M%S")
    folder: Path = launch.options.out or launch.paths.root / "bench" / stamp
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise UserError(f"--out {folder} is a file; name a folder", code="out") from error
    except OSError as error:
        raise UserError(f"--out {folder} cannot be made ({error.strerror or error})", code="out") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UserError(f"--out {folder} cannot be written to; name another folder", code="out")
    return folder


def _subject(launch: Launch, device: torch.device) -> tuple[str, Callable[[], Subject]]:
    """The model's name, and what loads it. Nothing of it is kept here: its memory must go with it."""
    from app.inference.bench.griffin_subject import GriffinSubject, synthetic_engine, synthetic_format
    from app.inference.engine import Engine

    wanted = launch.engine_options()
    weight_format = None if wanted.weight_format == "auto" else wanted.weight_format
    cache = cache_dir(launch.paths, os.environ)
    if wanted.threads:
        import torch

        torch.set_num_threads(wanted.threads)
    size = launch.options.synthetic
    if size:
        form = synthetic_format(weight_format, device)
        return f"the {size} shape", lambda: GriffinSubject(synthetic_engine(size, form, device, cache_dir=cache))
    model = resolve_model(launch.wanted_model, bundled_model(), models_dir(launch.paths, launch.settings))

    def load() -> Subject:
        engine = Engine.load(
            model.path, name=model.name, device=wanted.device, weight_format=weight_format, cache_dir=cache
        )
        return GriffinSubject(engine)

    return model.name, load


def _compare(measure: Callable[[Series, Callable[[], Subject]], None], device: torch.device) -> None:
    from app.inference.bench.transformer import GEMMA_2B, TransformerSubject, transformer_dtype

    dtype = transformer_dtype(GEMMA_2B, device)
    form = str(dtype).removeprefix("torch.")
    unmeasured = Series(GEMMA_2B.name, "transformer", GEMMA_2B.parameters, form, 0, 0, form)
    measure(unmeasured, lambda: TransformerSubject(GEMMA_2B, device, dtype))


def _write(report: Report, folder: Path) -> None:
    import json

    text = json.dumps(report.as_json(), indent=1)
    write_atomically(folder / REPORT_FILE, text + "\n", kept="free some space and run the command again")


def _draw(report: Report, folder: Path) -> None:
    from app.inference.bench.plots import draw

    try:
        files = draw(report)
    except ImportError:
        sys.stderr.write("no plots: they need the package matplotlib (pip install 'griffin-desk[bench]')\n")
        return
    for name, content in files.items():
        try:
            (folder / name).write_bytes(content)
        except OSError as error:
            raise ResourceError(f"{folder / name} cannot be written ({error.strerror or error})", code="out") from error


@contextmanager
def _progress(stream: TextIO) -> Iterator[Callable[[str], None]]:
    """Says what is being measured: one line that changes on a terminal, a line each elsewhere."""
    began = time.monotonic()

    def line(text: str) -> str:
        return f"{one_line(text)} ({time.monotonic() - began:.0f} s so far)"

    if not stream.isatty():
        yield lambda text: print(line(text), file=stream, flush=True)
        return
    with Console(file=stream).status("starting") as status:
        yield lambda text: status.update(one_line(text))
