"""`griffin-desk models convert NAME|PATH --to int4|int8 --out FOLDER`: a model folder in fewer bytes."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from app.cli.context import Launch
from app.cli.output import print_json
from app.core.errors import ResourceError
from app.core.paths import cache_dir, resources_dir
from app.core.text import mebibytes, one_line

if TYPE_CHECKING:
    from app.inference.checkpoints.convert import Conversion
    from app.services.models import InstalledModel

SHOWN_MATRICES = 5


def run(launch: Launch, model: InstalledModel) -> int:
    """Convert, and tell what it cost. Raises GriffinDeskError; an interrupted conversion leaves nothing behind."""
    from app.inference.checkpoints.convert import convert_checkpoint
    from app.inference.compiled import load_compiled
    from app.inference.ops import TorchOps
    from app.inference.weight_format import parse_weight_format

    options = launch.options
    began = time.monotonic()
    bar = Progress(
        TextColumn("Converting"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=Console(file=sys.stderr),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
    try:
        with bar:
            task = bar.add_task("", total=None)
            conversion = convert_checkpoint(
                model.path,
                options.out,
                parse_weight_format(options.to),
                ops=load_compiled(cache_dir(launch.paths, os.environ)) or TorchOps(),
                calibration_text=(resources_dir() / "sample" / "forests-and-waters.txt").read_text(encoding="utf-8"),
                group=options.group,
                on_progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    except OSError as error:
        # A full disk is told by main in its own words.
        if error.errno is None or error.filename is None:
            raise
        raise ResourceError(f"{options.out} cannot be written ({error.strerror or error})", code="out") from error
    _show(launch, model, conversion, time.monotonic() - began)
    return 0


def _show(launch: Launch, model: InstalledModel, conversion: Conversion, seconds: float) -> None:
    if launch.options.json:
        facts = {**asdict(conversion), "folder": str(conversion.folder), "seconds": round(seconds, 1)}
        print_json(sys.stdout, {"model": model.name, "to": launch.options.to, **facts})
        return
    lines = [
        f"{model.name} is in {conversion.folder} now: {mebibytes(conversion.nbytes)}, "
        f"{len(conversion.matrices)} matrices in {seconds:,.0f} s"
    ]
    calibrated = [matrix for matrix in conversion.matrices if matrix.output_error is not None]
    if calibrated:
        lines.append(
            f"largest changes of a matrix's output on the calibration text ({conversion.calibration_tokens:,} tokens):"
        )
        calibrated.sort(key=lambda matrix: -(matrix.output_error or 0.0))
        lines += [f"  {100 * (m.output_error or 0.0):.1f} % {m.name}" for m in calibrated[:SHOWN_MATRICES]]
    else:
        lines.append("largest changes of a weight, as a share of its matrix's largest:")
        coarse = sorted(conversion.matrices, key=lambda matrix: -matrix.largest_error)
        lines += [f"  {100 * m.largest_error:.2f} % {m.name}" for m in coarse[:SHOWN_MATRICES]]
    sys.stdout.write("".join(one_line(line) + "\n" for line in lines))
