"""A weight matrix in any format as the kernels take it, and the tile sizes of the products with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.inference.cuda.ops import power_of_two
from app.inference.int4_linear import Int4GroupLinear
from app.inference.linear import DenseLinear, Int8RowLinear, Linear

FLOATS, INT8_ROWS, INT4_GROUPS = range(3)
"""As in kernels/project.py."""


class UnsupportedError(Exception):
    """The kernels do not cover this; the message says for what."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """weight (o, i) or codes of it, with what the format needs beside them; see linear.py and int4_groups.py.

    scale: (o,) float32 for int8 rows, (o, i / group) bfloat16 for int4 groups, as is offset. Missing parts are None.
    """

    form: int
    weight: Tensor
    scale: Tensor | None
    offset: Tensor | None
    bias: Tensor | None
    rows: int
    width: int
    group: int = 2

    @classmethod
    def of(cls, linear: Linear, dtype: torch.dtype | None = None) -> Matrix:
        """The matrix of a linear map, its bias in the given dtype; UnsupportedError for a format without a kernel."""
        if isinstance(linear, DenseLinear):
            if linear.weight.dtype not in (torch.float32, torch.bfloat16):
                raise UnsupportedError(f"{linear.weight.dtype} weights")
            rows, width = linear.weight.shape
            return cls(FLOATS, linear.weight.contiguous(), None, None, _cast(linear.bias, dtype), rows, width)
        if isinstance(linear, Int8RowLinear):
            rows, width = linear.weight.shape
            return cls(
                INT8_ROWS, linear.weight.contiguous(), linear.scale, None, _cast(linear.bias, dtype), rows, width
            )
        if isinstance(linear, Int4GroupLinear):
            rows, width = linear.codes.shape[0], 2 * linear.codes.shape[1]
            scale, offset = linear.scale.contiguous(), linear.offset.contiguous()
            return cls(INT4_GROUPS, linear.codes, scale, offset, _cast(linear.bias, dtype), rows, width, linear.group)
        raise UnsupportedError(f"weights held as {type(linear).__name__}")

    @property
    def is_float(self) -> bool:
        """Whether the weights are plain numbers."""
        return self.form == FLOATS

    def part(self, start: int, end: int) -> Matrix:
        """Rows from `start` on and before `end`, in the same memory."""

        def cut(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor[start:end]

        parts = (self.weight[start:end], cut(self.scale), cut(self.offset), cut(self.bias))
        return Matrix(self.form, *parts, end - start, self.width, self.group)

    @classmethod
    def joined(cls, matrices: Sequence[Matrix]) -> Matrix:
        """Matrices with the same input as one, one below the other; a copy."""
        first = matrices[0]
        if len({(m.form, m.width, m.group, m.bias is None) for m in matrices}) > 1:
            raise UnsupportedError("projections of one input in different formats")

        def join(parts: Sequence[Tensor | None]) -> Tensor | None:
            there = [part for part in parts if part is not None]
            return torch.cat(there) if len(there) == len(parts) else None

        weight = join([m.weight for m in matrices])
        assert weight is not None
        return cls(
            first.form,
            weight,
            join([m.scale for m in matrices]),
            join([m.offset for m in matrices]),
            join([m.bias for m in matrices]),
            sum(m.rows for m in matrices),
            first.width,
            first.group,
        )


def _cast(bias: Tensor | None, dtype: torch.dtype | None) -> Tensor | None:
    return bias if bias is None or dtype is None else bias.to(dtype)


@dataclass(frozen=True, slots=True)
class Tiles:
    """Rows and columns of a program's tiles of weights (columns in bytes for int4), warps, stages of its pipeline."""

    block_n: int
    block_k: int
    num_warps: int
    stages: int


_TILES = {
    FLOATS: (Tiles(16, 256, 4, 4), Tiles(8, 512, 4, 4)),
    INT8_ROWS: (Tiles(8, 512, 4, 1), Tiles(4, 512, 4, 4)),
    INT4_GROUPS: (Tiles(4, 256, 4, 1), Tiles(4, 512, 4, 4)),
}
_MANY_ROWS = 16_384


def tiles(matrix: Matrix, *, twice: bool) -> Tiles:
    """Sizes for the product of one row with a matrix, or two; measured on an H200, see docs/cuda.md."""
    large, small = _TILES[matrix.form]
    chosen = large if twice or matrix.rows > _MANY_ROWS else small
    columns = matrix.width // 2 if matrix.form == INT4_GROUPS else matrix.width
    return replace(chosen, block_k=min(chosen.block_k, power_of_two(columns, max(16, matrix.group // 2))))
