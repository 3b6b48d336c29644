"""A checkpoint of any layout -> a new model folder in Hugging Face's: as it is, in bfloat16, int8 rows or int4 groups.

File after file, and of each a few pieces at a time; for int4 one block in float32 with what its calibration needs.
Everything is written into a folder of another name, beside a journal of the files that are complete, and renamed at
the end. Whatever interrupts it, the same conversion goes on after the last complete file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch

from app.core.errors import UserError
from app.inference.checkpoints.conversion_folder import Options
from app.inference.checkpoints.conversion_journal import JOURNAL, identity_of, read_journal
from app.inference.checkpoints.conversion_plan import (
    INT4_SHARD_BYTES,
    SHARD_BYTES,
    Planned,
    cut,
    plan_tensors,
    require_possible,
)
from app.inference.checkpoints.conversion_report import Conversion, OnProgress
from app.inference.checkpoints.conversion_run import ConversionRun
from app.inference.checkpoints.partial import held_alone, require_new
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.devices import memory_errors
from app.inference.ops import Ops
from app.inference.quantize.plan import GROUP
from app.inference.weight_format import WeightFormat


@torch.inference_mode()
def convert_checkpoint(
    source: Path,
    target: Path,
    form: WeightFormat | None,
    *,
    ops: Ops,
    calibration_text: str,
    check_text: str | None = None,
    group: int = GROUP,
    shard_bytes: int | None = None,
    on_progress: OnProgress | None = None,
) -> Conversion:
    """Write a new model folder, or go on with one that the same call has begun.

    What is begun stays in `.NAME.partial` beside the target when anything ends the conversion, `on_progress` included;
    only where the source turns out to be damaged it is removed. Called for another source, format or group, or after
    the source's files changed, it is begun anew.

    Args:
        source: a model folder or file that open_checkpoint takes; for BFLOAT16, INT8 and INT4 one in floating point,
            for INT4 int8 rows too.
        target: a folder that does not exist yet, in one that does.
        form: BFLOAT16, INT8 or INT4; None keeps every tensor as it is stored.
        ops: passes for float32 on the CPU, for calibration and check.
        calibration_text: ordinary English that int4 is fitted to; a few thousand words.
        check_text: another text, by which the perplexity of source and result is measured; None: it is not.
        group: one of int4_groups.GROUPS.
        shard_bytes: the most in one file, None for a fitting number.
    Raises:
        CheckpointError: damaged files. UserError: a target or format that cannot be, or another run writes the same
        target. ResourceError: no room, or the disk does not keep what it is given.
    """
    checkpoint = open_checkpoint(source)
    require_possible(checkpoint, form, group)
    _require_texts_apart(calibration_text, check_text)
    target = _with_a_name(target)
    whole_blocks = form is WeightFormat.INT4
    most = shard_bytes or (INT4_SHARD_BYTES if whole_blocks else SHARD_BYTES)
    plan = cut(plan_tensors(checkpoint, form, group), most=most, whole_blocks=whole_blocks)
    options = Options(form, group)
    identity = _identity(checkpoint, options, plan, calibration_text)
    with held_alone(target):
        if (done := read_journal(target, identity)) is not None and done.made is not None:
            # Killed when all was done but this.
            (target / JOURNAL).unlink()
            return done.made
        require_new(target, "give a folder that does not")
        run = ConversionRun(source, checkpoint, target, options, plan, on_progress)
        with run.interrupted_in_words(), memory_errors("the conversion"):
            return run.run(identity, ops, calibration_text, check_text)


def _require_texts_apart(calibration_text: str, check_text: str | None) -> None:
    if check_text is None:
        return
    one, other = calibration_text.strip(), check_text.strip()
    if not other or other in one or (one and one in other):
        raise UserError("the text to check with must be another than the one to calibrate with: give another")


def _with_a_name(target: Path) -> Path:
    """The target with its whole path: `.` has no name, and what is written lies beside it under one."""
    target = target.absolute()
    if not target.name:
        require_new(target, "give a folder that does not")
    if not target.parent.is_dir():
        raise UserError(f"{target.parent} is not a folder: make it first")
    return target


def _identity(
    checkpoint: Checkpoint, options: Options, plan: Sequence[tuple[Planned, ...]], calibration_text: str
) -> str:
    """Tells this conversion from all others. What counts for int4 alone is left out of those to other formats."""
    is_int4 = options.form is WeightFormat.INT4
    asked = {
        "form": options.form,
        "group": options.group if is_int4 else None,
        "files": [[one.name for one in shard] for shard in plan],
        "calibration": hashlib.sha256(calibration_text.encode()).hexdigest() if is_int4 else None,
    }
    return identity_of(checkpoint, asked)
