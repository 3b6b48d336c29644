"""What a conversion will write, known before its first byte: the tensors, their types and sizes, and their files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod

from app.core.errors import UserError
from app.inference.checkpoints import names
from app.inference.checkpoints.registry import Checkpoint
from app.inference.checkpoints.shard_file import DTYPES, Entry
from app.inference.checkpoints.source import TensorSource
from app.inference.int4_groups import GROUPS
from app.inference.quantize.plan import becomes_int4, is_matrix
from app.inference.weight_format import WeightFormat

TARGETS = (WeightFormat.BFLOAT16, WeightFormat.INT8, WeightFormat.INT4)
"""What a model's tensors can be rounded to."""
SHARD_BYTES = 1 << 30
"""The most that a file holds, unless one tensor alone is larger. A file is what an interruption can cost."""
INT4_SHARD_BYTES = 128 << 20
"""The same for int4, which takes minutes for a block of a large model; a whole block may take a file beyond."""


class Way(Enum):
    """What becomes of a tensor."""

    KEPT = "as it is stored"
    BFLOAT16 = "rounded to bfloat16"
    INT8 = "rounded to int8 rows"
    INT8_KEPT = "int8 rows as they are stored, with their scales in float32"
    INT4 = "rounded to int4 groups, by calibration"
    MOVED = "the bias of a matrix in int4 groups, moved by its calibration"


@dataclass(frozen=True, slots=True)
class Planned:
    """A tensor of the source, and what is written for it. source_bytes: those that are read for it."""

    name: str
    way: Way
    source_bytes: int
    entries: tuple[Entry, ...]

    @property
    def nbytes(self) -> int:
        """Bytes that are written."""
        return sum(entry.nbytes for entry in self.entries)

    @property
    def block(self) -> str:
        """What the tensor is part of: the number of its block, or its own name outside all blocks."""
        return self.name.removeprefix(names.LAYERS).partition(".")[0] if names.LAYERS in self.name else self.name


def source_bytes(plan: Iterable[tuple[Planned, ...]]) -> int:
    """Bytes of the source that are read for these files."""
    return sum(one.source_bytes for shard in plan for one in shard)


def require_possible(checkpoint: Checkpoint, form: WeightFormat | None, group: int) -> None:
    """UserError where the checkpoint cannot be converted so."""
    if form is None:
        return
    if form not in TARGETS:
        raise UserError(f"a model is converted to {', '.join(TARGETS)}, not to {form}")
    if form is WeightFormat.INT4 and group not in GROUPS:
        raise UserError(f"a group of {group} weights was asked for: choose {' or '.join(map(str, GROUPS))}")
    stored = checkpoint.stored_format
    rounded = stored is WeightFormat.INT4 or (stored is WeightFormat.INT8 and form is WeightFormat.BFLOAT16)
    if stored is form or rounded:
        raise UserError(f"{checkpoint.folder} holds {stored} weights already: convert the model's original files")


def plan_tensors(checkpoint: Checkpoint, form: WeightFormat | None, group: int) -> tuple[Planned, ...]:
    """Every tensor of the model, in the order in which they are written."""
    source = checkpoint.source
    shapes = dict(names.expected_shapes(checkpoint.config))
    present = set(source.names())
    found: list[Planned] = []
    for name, shape in shapes.items():
        if form is None:
            parts = [name, *(name + suffix for suffix in (names.SCALE_SUFFIX, names.OFFSET_SUFFIX))]
            found += [_kept(source, part) for part in parts if part in present]
        else:
            way = _way(source, shapes, name, form, group)
            entries = tuple(_entries(source, name, shape, way, group))
            found.append(Planned(name, way, _source_bytes(source, name), entries))
    return tuple(found)


def cut(planned: Sequence[Planned], *, most: int, whole_blocks: bool) -> tuple[tuple[Planned, ...], ...]:
    """The tensors of each file: at most so many bytes, and never a part of a block where they are to be whole."""
    shards: list[list[Planned]] = []
    room = 0
    for unit in _units(planned, whole_blocks):
        nbytes = sum(one.nbytes for one in unit)
        if not shards or nbytes > room:
            shards.append([])
            room = most
        shards[-1] += unit
        room -= nbytes
    return tuple(tuple(shard) for shard in shards)


def shard_name(number: int, total: int) -> str:
    """The file of this number, counted from 1, as Hugging Face names it."""
    return f"model-{number:05d}-of-{total:05d}.safetensors"


def _units(planned: Sequence[Planned], whole_blocks: bool) -> Iterator[list[Planned]]:
    unit: list[Planned] = []
    for one in planned:
        if unit and not (whole_blocks and one.block == unit[-1].block):
            yield unit
            unit = []
        unit.append(one)
    if unit:
        yield unit


def _kept(source: TensorSource, name: str) -> Planned:
    entry = Entry(name, source.dtype(name), tuple(source.shape(name)))
    return Planned(name, Way.KEPT, entry.nbytes, (entry,))


def _way(source: TensorSource, shapes: dict[str, tuple[int, ...]], name: str, form: WeightFormat, group: int) -> Way:
    if form is WeightFormat.BFLOAT16:
        return Way.KEPT if source.dtype(name) == "BF16" else Way.BFLOAT16
    if is_matrix(name, shapes[name]):
        if form is WeightFormat.INT4 and becomes_int4(name, shapes[name], group):
            return Way.INT4
        return Way.INT8_KEPT if source.dtype(name) == "I8" else Way.INT8
    matrix = name.removesuffix(".bias") + ".weight"
    moved = name.endswith(".bias") and form is WeightFormat.INT4 and matrix in shapes
    return Way.MOVED if moved and becomes_int4(matrix, shapes[matrix], group) else Way.KEPT


def _entries(source: TensorSource, name: str, shape: tuple[int, ...], way: Way, group: int) -> Iterator[Entry]:
    if way in (Way.INT8, Way.INT8_KEPT):
        yield Entry(name, "I8", shape)
        yield Entry(name + names.SCALE_SUFFIX, "F32", shape[:1])
    elif way is Way.INT4:
        rows, columns = shape
        yield Entry(name, "U8", (rows, columns // 2))
        for suffix in (names.SCALE_SUFFIX, names.OFFSET_SUFFIX):
            yield Entry(name + suffix, "BF16", (rows, columns // group))
    else:
        yield Entry(name, {Way.MOVED: "F32", Way.BFLOAT16: "BF16"}.get(way, source.dtype(name)), shape)


def _source_bytes(source: TensorSource, name: str) -> int:
    return prod(source.shape(name)) * DTYPES[source.dtype(name)].itemsize
