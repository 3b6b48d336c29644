"""The linear map of int4 groups."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.inference.activations import QuantizedToken, quantize_for
from app.inference.int4_groups import dequantize_groups
from app.inference.int8_rows import quantize_weight
from app.inference.kernels import KernelChoice
from app.inference.linear import Prepared, multiply_codes

_WIDENED_WEIGHTS = 4 * 2**20
"""int4 weights that are int8 at one time: 4 MiB of codes."""


@dataclass(frozen=True, slots=True)
class Int4GroupLinear:
    """int4 weights in groups along a row, W = scale * code + offset; bias (o,) float32, zeros for none.

    codes: (o, i/2) uint8, see int4_groups.py; scale, offset: (o, i/group) bfloat16.

    One token: its 16-bit activations times the codes, group by group. Many tokens: some rows at a time become int8
    rows, which are multiplied as Int8RowLinear does; what int8 rounds is far below what int4 has rounded already.
    """

    codes: Tensor
    scale: Tensor
    offset: Tensor
    bias: Tensor
    group: int
    kernels: KernelChoice

    @property
    def nbytes(self) -> int:
        """Bytes of codes, scales and offsets."""
        return self.codes.nbytes + self.scale.nbytes + self.offset.nbytes

    @property
    def out_features(self) -> int:
        """Rows of the weight."""
        return self.codes.shape[0]

    def prepare(self, x: Tensor) -> Prepared:
        """See quantize_for."""
        return quantize_for(self.kernels, x)

    def __call__(self, x: Prepared) -> Tensor:
        """The product, float32."""
        assert not isinstance(x, Tensor)
        if isinstance(x, QuantizedToken):
            compiled = self.kernels.compiled
            assert compiled is not None  # it is what made this a choice
            ordered, sums = x.in_groups(self.group, compiled)
            weights = self.codes, self.scale, self.offset, self.bias
            return compiled.multiply_row_int4(ordered, sums, x.scale, *weights).reshape(*x.shape[:-1], -1)
        out = torch.empty((x.codes.shape[0] // 2, self.out_features), device=self.codes.device)
        step = max(1, _WIDENED_WEIGHTS // x.shape[-1])
        for start in range(0, self.out_features, step):
            rows = slice(start, start + step)
            out[:, rows] = multiply_codes(self.kernels, x, *self._int8_rows(rows), self.bias[rows])
        return out.reshape(*x.shape[:-1], -1)

    def _int8_rows(self, rows: slice) -> tuple[Tensor, Tensor]:
        """Some rows as int8 codes (r, i) and their scales (r,)."""
        part = self.codes[rows], self.scale[rows], self.offset[rows]
        if self.kernels.compiled is not None:
            return self.kernels.compiled.int8_rows(*part)
        return quantize_weight(dequantize_groups(*part))
