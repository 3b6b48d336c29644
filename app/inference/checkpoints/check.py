"""Whether the tensors in a checkpoint's files are those of its config, by their headers alone."""

from __future__ import annotations

from app.core.errors import CheckpointError
from app.inference.checkpoints import names
from app.inference.checkpoints.source import TensorSource
from app.inference.config import GriffinConfig
from app.inference.int4_groups import GROUPS, group_size

FLOATS = frozenset({"F32", "F16", "BF16"})
INT8, INT4 = "I8", "U8"
# Transformers once stored the rotary frequencies, which follow from the config.
_IGNORED_SUFFIXES = (names.SCALE_SUFFIX, names.OFFSET_SUFFIX, ".inv_freq")


def check_tensors(config: GriffinConfig, source: TensorSource) -> None:
    """CheckpointError for the first tensor that is missing, misshapen, of a wrong type or of no use.

    Nothing of the size that config.json claims is allocated before this.
    """
    present = set(source.names())
    expected = set()
    for name, shape in names.expected_shapes(config):
        if name not in present:
            raise CheckpointError(
                f"{name} is missing, expected shape {shape}: the files are incomplete or those of another kind of model"
            )
        if (found := _unpacked_shape(source, name)) != shape:
            raise CheckpointError(f"{name} has shape {found}, expected {shape}: config.json and weights disagree")
        _check_dtype(source, name, shape, present)
        expected.add(name)
    # A layer or bias left out would give a model of noise without a word.
    for name in sorted(present - expected):
        if name.startswith(names.LAYERS) and not name.endswith(_IGNORED_SUFFIXES):
            raise CheckpointError(f"{name} has no place in the model that config.json describes: the two disagree")


def _unpacked_shape(source: TensorSource, name: str) -> tuple[int, ...]:
    """A tensor's shape, of the matrix itself where it is two int4 codes a byte."""
    *rows, columns = source.shape(name) or (1,)
    packed = source.dtype(name) == INT4 and len(rows) == 1
    return (*rows, 2 * columns) if packed else source.shape(name)


def _check_dtype(source: TensorSource, name: str, shape: tuple[int, ...], present: set[str]) -> None:
    dtype = source.dtype(name)
    if dtype in FLOATS:
        return
    if dtype == INT4 and len(shape) == 2 and name != names.EMBEDDING:
        _check_groups(source, name, present)
        return
    if dtype != INT8 or len(shape) != 2:
        raise CheckpointError(f"{name} holds {dtype} numbers, expected one of {', '.join(sorted(FLOATS))}")
    scale, rows = name + names.SCALE_SUFFIX, shape[0]
    if scale not in present:
        raise CheckpointError(f"{name} is int8 but {scale} is missing: get the model's files again")
    if (found := source.shape(scale)) not in {(rows,), (rows, 1)}:
        raise CheckpointError(f"{scale} has shape {found}, expected ({rows},)")
    if (found_dtype := source.dtype(scale)) not in FLOATS:
        raise CheckpointError(f"{scale} holds {found_dtype} numbers, expected one of {', '.join(sorted(FLOATS))}")


def _check_groups(source: TensorSource, name: str, present: set[str]) -> None:
    for part in (name + names.SCALE_SUFFIX, name + names.OFFSET_SUFFIX):
        if part not in present:
            raise CheckpointError(f"{name} is int4 but {part} is missing: get the model's files again")
        if (found_dtype := source.dtype(part)) != "BF16":
            raise CheckpointError(f"{part} holds {found_dtype} numbers, expected BF16")
        if group_size(source.shape(name), source.shape(part)) not in GROUPS:
            wanted = " or ".join(str(group) for group in GROUPS)
            raise CheckpointError(
                f"{part} has shape {source.shape(part)}, expected one number for every {wanted} columns of {name}"
            )
    scale, offset = (source.shape(name + suffix) for suffix in (names.SCALE_SUFFIX, names.OFFSET_SUFFIX))
    if scale != offset:
        raise CheckpointError(f"{name} has scales of shape {scale} and offsets of shape {offset}, expected the same")
