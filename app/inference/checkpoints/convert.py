"""A checkpoint in one weight format -> a new model folder in int8 rows or int4 groups.

Tensor by tensor: in memory are one shard of what is written and, for int8, the largest tensor; for int4 one block in
float32 with what its calibration needs. The folder is written under another name and renamed when it is complete.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch

from app.core.errors import ResourceError, UserError
from app.inference.checkpoints import names
from app.inference.checkpoints.huggingface import INDEX_FILE
from app.inference.checkpoints.quantized import finite, stored_scale
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.checkpoints.shards import ShardWriter
from app.inference.checkpoints.source import TensorSource
from app.inference.config import read_config_json
from app.inference.devices import memory_errors
from app.inference.int4_groups import GROUPS
from app.inference.int8_rows import quantize_weight
from app.inference.ops import Ops
from app.inference.quantize.calibrate import calibrated_groups, calibration_sequences
from app.inference.quantize.moments import largest_error
from app.inference.quantize.plan import GROUP, becomes_int4, is_matrix
from app.inference.tokenizers.base import load_tokenizer
from app.inference.weight_format import WeightFormat

TARGETS = (WeightFormat.INT8, WeightFormat.INT4)
Progress = Callable[[int, int], None]
"""Called with the weights that are done and those there are."""

_FLOAT_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
_WEIGHT_SUFFIXES = (".safetensors", ".pt", ".bin", ".gguf", ".h5", ".msgpack")


@dataclass(frozen=True, slots=True)
class MatrixReport:
    """What became of one matrix.

    largest_error: of a weight, as a share of the matrix's largest. output_error: relative change of the matrix's
    output for the same inputs on the calibration text, None where none was read.
    """

    name: str
    form: str
    largest_error: float
    output_error: float | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion. calibration_tokens: 0 for int8, which needs none."""

    folder: Path
    nbytes: int
    calibration_tokens: int
    matrices: tuple[MatrixReport, ...]


@torch.inference_mode()
def convert_checkpoint(
    folder: Path,
    target: Path,
    form: WeightFormat,
    *,
    ops: Ops,
    calibration_text: str,
    group: int = GROUP,
    on_progress: Progress | None = None,
) -> Conversion:
    """Write a new model folder; nothing is left behind where it fails or is interrupted.

    Args:
        folder: a model folder in float32, bfloat16, float16 or (to int4) int8.
        target: a folder that does not exist yet, in one that does.
        form: one of TARGETS.
        ops: passes for float32 on the CPU, for the calibration.
        calibration_text: ordinary English that int4 is fitted to; a few thousand words.
        group: one of int4_groups.GROUPS.
    Raises:
        CheckpointError: damaged files. UserError: a target or format that cannot be. ResourceError: no room.
    """
    checkpoint = open_checkpoint(folder)
    _require_sensible(checkpoint, target, form, group)
    need = _target_bytes(checkpoint, form, group)
    _require_room(target, need)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent))
    try:
        with memory_errors("the conversion"):
            work = _Conversion(checkpoint, form, group, ShardWriter(partial), on_progress)
            if form is WeightFormat.INT4:
                work.calibrate(calibration_text, ops)
            work.write_the_rest()
        _write_config(checkpoint, partial, form, group, work.calibration_tokens)
        _copy_companions(folder, partial)
        nbytes = _sync(partial)
        # mkdtemp makes it for this user alone; a model folder is as readable as its neighbours.
        partial.chmod(target.parent.stat().st_mode & 0o777)
        partial.rename(target)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    return Conversion(target, nbytes, work.calibration_tokens, tuple(work.reports))


class _Conversion:
    """The tensors' part of one conversion."""

    def __init__(
        self, checkpoint: Checkpoint, form: WeightFormat, group: int, writer: ShardWriter, progress: Progress | None
    ) -> None:
        self._checkpoint = checkpoint
        self._form = form
        self._group = group
        self._writer = writer
        self._progress = progress
        self._total = sum(prod(shape) for _, shape in names.expected_shapes(checkpoint.config))
        self._done = 0
        self._written: set[str] = set()
        self.calibration_tokens = 0
        self.reports: list[MatrixReport] = []

    def calibrate(self, text: str, ops: Ops) -> None:
        """Write every matrix that becomes int4."""
        config, source = self._checkpoint.config, self._checkpoint.source
        tokenizer = load_tokenizer(self._checkpoint.folder)
        sequences = calibration_sequences(config, tokenizer.encode(text), tokenizer.document_prefix)
        self.calibration_tokens = sum(map(len, sequences))
        for found in calibrated_groups(config, source, sequences, self._group, ops):
            name, bias = f"{found.stem}.weight", f"{found.stem}.bias"
            self._writer.add(name, found.groups.codes)
            self._writer.add(name + names.SCALE_SUFFIX, found.groups.scale)
            self._writer.add(name + names.OFFSET_SUFFIX, found.groups.offset)
            self.reports.append(MatrixReport(name, "int4", found.largest_error, found.output_error))
            self._count(name, 2 * found.groups.codes.numel())
            if found.bias is not None:
                self._writer.add(bias, found.bias)
                self._count(bias, found.bias.numel())

    def write_the_rest(self) -> None:
        """Write int8 matrices and what stays as it is, and close the last shard."""
        config, source = self._checkpoint.config, self._checkpoint.source
        for name, shape in names.expected_shapes(config):
            if name in self._written:
                continue
            if is_matrix(name, shape):
                self._int8(source, name)
            else:
                self._writer.add(name, finite(name, source.tensor(name)))
            self._count(name, prod(shape))
        self._writer.finish()

    def _int8(self, source: TensorSource, name: str) -> None:
        if source.dtype(name) == "I8":
            codes, scale, error = source.tensor(name), stored_scale(source, name), 0.0
        else:
            weight = finite(name, source.tensor(name))
            codes, scale = quantize_weight(weight)
            error = largest_error(weight, lambda rows: codes[rows].float().mul_(scale[rows, None]))
        self._writer.add(name, codes)
        self._writer.add(name + names.SCALE_SUFFIX, scale)
        self.reports.append(MatrixReport(name, "int8", error))

    def _count(self, name: str, weights: int) -> None:
        self._written.add(name)
        self._done += weights
        if self._progress is not None:
            self._progress(self._done, self._total)


def _require_sensible(checkpoint: Checkpoint, target: Path, form: WeightFormat, group: int) -> None:
    if form not in TARGETS:
        raise UserError(f"a model is converted to {' or '.join(TARGETS)}, not to {form}")
    if form is WeightFormat.INT4 and group not in GROUPS:
        raise UserError(f"a group of {group} weights was asked for: choose {' or '.join(map(str, GROUPS))}")
    stored = checkpoint.stored_format
    if stored in (form, WeightFormat.INT4):
        raise UserError(f"{checkpoint.folder} holds {stored} weights already: convert the model's original files")
    if target.exists() or target.is_symlink():
        raise UserError(f"{target} exists already: give a folder that does not")
    if not target.parent.is_dir():
        raise UserError(f"{target.parent} is not a folder: make it first")


def _target_bytes(checkpoint: Checkpoint, form: WeightFormat, group: int) -> int:
    """Bytes of all tensors in the new format."""

    def nbytes(name: str, shape: tuple[int, ...]) -> int:
        if not is_matrix(name, shape):
            stored = _FLOAT_BYTES[checkpoint.source.dtype(name)]
            # Calibration moves biases; they are written in float32.
            return prod(shape) * (4 if name.endswith(".bias") else stored)
        if form is WeightFormat.INT4 and becomes_int4(name, shape, group):
            return prod(shape) // 2 + prod(shape) // group * 4
        return prod(shape) + 4 * shape[0]

    return sum(nbytes(name, shape) for name, shape in names.expected_shapes(checkpoint.config))


def _require_room(target: Path, need: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if need > free:
        raise ResourceError(
            f"the converted model needs {need / 2**20:,.0f} MiB and {free / 2**20:,.0f} MiB are free in "
            f"{target.parent}: free some space or choose another folder",
            code="disk-full",
        )


def _write_config(checkpoint: Checkpoint, partial: Path, form: WeightFormat, group: int, tokens: int) -> None:
    note: dict[str, object] = {
        "quant_method": "int8_rowwise",
        "weight_dtype": "int8",
        "scale_dtype": "float32",
        "scheme": "w = int8 * scale[row]; scale tensor is named <weight>_scale",
    }
    if form is WeightFormat.INT4:
        note = {
            "quant_method": "int4_groupwise",
            "group_size": group,
            "weight_dtype": "uint8, two codes each",
            "scale_dtype": "bfloat16",
            "scheme": (
                "w = scale * code + offset, code 0..15; byte j of a group holds elements j (low) and j + group_size / 2"
                " (high); scale and offset tensors are named <weight>_scale and <weight>_offset; int8 matrices: "
                "w = int8 * scale[row]"
            ),
            "calibration_tokens": tokens,
        }
    config = read_config_json(checkpoint.folder) | {"quantization_config": note}
    (partial / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


def _copy_companions(folder: Path, partial: Path) -> None:
    """Tokenizer, templates, licence: every file that is neither weights nor written anew."""
    for file in _companions(folder):
        shutil.copyfile(file, partial / file.name)


def _companions(folder: Path) -> Iterator[Path]:
    for file in sorted(folder.iterdir()):
        written = file.name in ("config.json", INDEX_FILE) or file.name.startswith(".")
        if file.is_file() and not written and not file.name.endswith((*_WEIGHT_SUFFIXES, ".index.json")):
            yield file


def _sync(folder: Path) -> int:
    """Everything on the disk before the folder gets its name; the bytes of its files."""
    total = 0
    for file in folder.iterdir():
        with file.open("rb+") as handle:
            os.fsync(handle.fileno())
        total += file.stat().st_size
    return total
