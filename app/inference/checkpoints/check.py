"""Whether the tensors in a checkpoint's files are those of its config, by their headers alone."""

from __future__ import annotations

from collections.abc import Callable

from app.core.errors import CheckpointError
from app.inference.checkpoints import names
from app.inference.checkpoints.inferred_config import Shapes, differences, infer_sizes, with_sizes
from app.inference.checkpoints.source import TensorSource
from app.inference.config import CONFIG_FILE, GriffinConfig
from app.inference.int4_groups import GROUPS, group_size

FLOATS = frozenset({"F32", "F16", "BF16"})
INT8, INT4 = "I8", "U8"
# Transformers once stored the rotary frequencies, which follow from the config.
_IGNORED_SUFFIXES = (names.SCALE_SUFFIX, names.OFFSET_SUFFIX, ".inv_freq")


def check_tensors(
    config: GriffinConfig,
    source: TensorSource,
    *,
    described_by: str = CONFIG_FILE,
    title: Callable[[str], str] = str,
) -> None:
    """CheckpointError for the first tensor that is missing, misshapen, of a wrong type or of no use.

    Where all tensors fit together and only the config differs from them, its keys are named instead of one tensor of
    many. Nothing of the size that config.json claims is allocated before this.

    described_by: what the expected shapes come from. title: what the files call a tensor of ours.
    """
    present = set(source.names())
    shapes = {name: _unpacked_shape(source, name) for name in present}
    expected = set()
    for name, shape in names.expected_shapes(config):
        if shapes.get(name) != shape:
            _refuse_other_config(config, shapes, described_by)
        if name not in present:
            raise CheckpointError(
                f"{title(name)} is missing, expected shape {shape}: the files are incomplete or those of another kind "
                "of model"
            )
        if shapes[name] != shape:
            raise CheckpointError(
                f"{title(name)} has shape {shapes[name]}, expected {shape}: {described_by} and weights disagree"
            )
        _check_dtype(source, name, shape, present, title)
        expected.add(name)
    # A layer or bias left out would give a model of noise without a word.
    for name in sorted(present - expected):
        if name.startswith(names.LAYERS) and not name.endswith(_IGNORED_SUFFIXES):
            _refuse_other_config(config, shapes, described_by)
            raise CheckpointError(
                f"{title(name)} has no place in the model that {described_by} describes: the two disagree"
            )


def _refuse_other_config(config: GriffinConfig, shapes: Shapes, described_by: str) -> None:
    """CheckpointError where the tensors are those of a whole model with other sizes: which, in one sentence."""
    try:
        sizes = infer_sizes(shapes)
        found = with_sizes(config, sizes)
    except CheckpointError:
        return  # they are no whole model
    if any(shapes.get(name) != shape for name, shape in names.expected_shapes(found)):
        return
    if differing := "; ".join(differences(config, sizes)):
        raise CheckpointError(f"{described_by}: {differing}: the weights are of another model")


def _unpacked_shape(source: TensorSource, name: str) -> tuple[int, ...]:
    """A tensor's shape, of the matrix itself where it is two int4 codes a byte."""
    *rows, columns = source.shape(name) or (1,)
    packed = source.dtype(name) == INT4 and len(rows) == 1
    return (*rows, 2 * columns) if packed else source.shape(name)


def _check_dtype(
    source: TensorSource, name: str, shape: tuple[int, ...], present: set[str], title: Callable[[str], str]
) -> None:
    dtype = source.dtype(name)
    if dtype in FLOATS:
        return
    if dtype == INT4 and len(shape) == 2 and name != names.EMBEDDING:
        _check_groups(source, name, present)
        return
    if dtype != INT8 or len(shape) != 2:
        raise CheckpointError(f"{title(name)} holds {dtype} numbers, expected one of {', '.join(sorted(FLOATS))}")
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
