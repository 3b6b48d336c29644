"""What one token costs a Griffin model: bytes read and operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from torch import Tensor

from app.inference.bench.limits import MatrixShapes
from app.inference.checkpoints.names import EMBEDDING, expected_shapes
from app.inference.config import BlockType, GriffinConfig
from app.inference.griffin import Griffin
from app.inference.quantize.plan import is_matrix


def weights_bytes(model: Griffin) -> int:
    """Bytes of all weights, scales and vectors as they are held; writing one token reads each of them once.

    The embedding counts once: it is read whole as the output head.
    """
    return sum({(tensor.data_ptr(), tensor.nbytes): tensor.nbytes for tensor in _tensors(model)}.values())


def state_bytes_read(config: GriffinConfig, itemsize: int, length: int) -> int:
    """Bytes of one sequence's state that the token after `length` others reads: the window only as far as filled.

    itemsize: bytes of an activation; the recurrent states are float32 always.
    """
    total = 0
    for kind in config.block_types:
        if kind is BlockType.RECURRENT:
            total += config.lru_width * (4 + (config.conv_width - 1) * itemsize)
        else:
            slots = min(length + 1, config.window_keys)
            total += 2 * slots * config.num_kv_heads * config.head_dim * itemsize
    return total


def matrix_shapes(config: GriffinConfig) -> MatrixShapes:
    """The matrices that a token of a prompt meets. Not the head: only the last token of a prompt needs it."""
    shapes: Counter[tuple[int, int]] = Counter()
    for name, shape in expected_shapes(config):
        if is_matrix(name, shape) and name != EMBEDDING:
            shapes[shape[0], shape[1]] += 1
    return shapes


def operations_per_token(config: GriffinConfig) -> int:
    """Two for each weight that a token of a prompt is multiplied with, gates included; attention's scores are not.

    Leaving them out (2 to 4 % of the 2B's work) makes the figure independent of the length, and shares smaller.
    """
    matrices = sum(count * rows * columns for (rows, columns), count in matrix_shapes(config).items())
    gates = sum(kind is BlockType.RECURRENT for kind in config.block_types) * 2 * config.lru_width * config.gate_block
    return 2 * (matrices + gates)


def _tensors(value: object) -> Iterator[Tensor]:
    """Every tensor within dataclasses and tuples."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _tensors(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _tensors(getattr(value, field.name))
