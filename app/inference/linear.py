"""The weight formats behind one kind of linear map.

A block first prepares its input once (int8 rows: quantises it) and then applies every projection that reads it:

    n = linear_y.prepare(x);  y = linear_y(n);  x = linear_x(n)

To add a format: docs/adding-a-weight-format.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)
from torch import Tensor

from app.inference.activations import QuantizedRows, QuantizedToken, quantize_for
from app.inference.kernels import MATMULS, MATRIX_UNIT, KernelChoice

Prepared = Tensor | QuantizedRows | QuantizedToken


class Linear(Protocol):
    """y = x W^T + bias for one weight format."""

    @property
    def nbytes(self) -> int:
        """Bytes of weights and scales that one product reads."""
        ...

    @property
    def out_features(self) -> int:
        """Rows of the weight."""
        ...

    def prepare(self, x: Tensor) -> Prepared:
        """The form of x (b, t, i) that this format multiplies; may be shared among maps of the same format."""
        ...

    def __call__(self, x: Prepared) -> Tensor:
        """(b, t, i) prepared -> (b, t, o)."""
        ...


@dataclass(frozen=True, slots=True)
class DenseLinear:
    """float32, bfloat16 or float16 weights (o, i), with an optional bias (o,)."""

    weight: Tensor
    bias: Tensor | None

    @property
    def nbytes(self) -> int:
        """Bytes of the weight."""
        return self.weight.nbytes

    @property
    def out_features(self) -> int:
        """Rows of the weight."""
        return self.weight.shape[0]

    def prepare(self, x: Tensor) -> Prepared:
        """x itself."""
        return x

    def __call__(self, x: Prepared) -> Tensor:
        """The product in the weight's dtype."""
        assert isinstance(x, Tensor)
        # As rows: the last token of a chunk keeps the chunk's strides, for which oneDNN copies the whole weight
        # (bfloat16, torch 2.13: a head of 64,000 x 1,024 takes 1.3 s instead of 0.03).
        out = F.linear(x.reshape(-1, x.shape[-1]), self.weight, self.bias)
        return out.reshape(*x.shape[:-1], -1)


@dataclass(frozen=True, slots=True)
class Int8RowLinear:
    """int8 weights (o, i) with one float32 scale a row, W = weight * scale[:, None]; bias (o,), zeros for none.

    Two integer products, of the low and of the high codes of the activations, exact whatever the number of tokens;
    for one token the same product in one pass over the weights.
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor
    kernels: KernelChoice

    @property
    def nbytes(self) -> int:
        """Bytes of codes and scales."""
        return self.weight.nbytes + self.scale.nbytes

    @property
    def out_features(self) -> int:
        """Rows of the weight."""
        return self.weight.shape[0]

    def prepare(self, x: Tensor) -> Prepared:
        """See quantize_for."""
        return quantize_for(self.kernels, x)

    def __call__(self, x: Prepared) -> Tensor:
        """The product, float32."""
        assert not isinstance(x, Tensor)
        if isinstance(x, QuantizedToken):
            compiled = self.kernels.compiled
            assert compiled is not None  # it is what made this a choice
            out = compiled.multiply_row(x.words, x.scale, self.weight, self.scale, self.bias)
        else:
            out = multiply_codes(self.kernels, x, self.weight, self.scale, self.bias)
        return out.reshape(*x.shape[:-1], -1)


def multiply_codes(kernels: KernelChoice, x: QuantizedRows, weight: Tensor, scale: Tensor, bias: Tensor) -> Tensor:
    """Many tokens times int8 rows: weight (o, i) int8, scale and bias (o,) -> (n, o) float32."""
    name = kernels.for_product(x.codes.shape[0] // 2, weight)
    if name == MATRIX_UNIT:
        assert kernels.compiled is not None  # it is what made this a choice
        return kernels.compiled.multiply_rows(x.codes, x.scales, weight, scale, bias)
    sums = MATMULS[name](x.codes, weight)
    if kernels.compiled is not None:
        return kernels.compiled.scale_sums(sums, x.scales, scale, bias)
    low, high = sums.float().chunk(2)  # in float32: 256 * high overflows 32 bits in wide models
    return torch.addcmul(bias, low.add_(high, alpha=256).mul_(x.scales), scale)


class Embedding(Protocol):
    """Rows of the embedding matrix, which is the output head too."""

    def __call__(self, ids: Tensor) -> Tensor:
        """(b, t) int64 -> (b, t, d) in the model's dtype."""
        ...


@dataclass(frozen=True, slots=True)
class DenseEmbedding:
    """Embedding rows of weight (v, d), given out in the residual stream's dtype."""

    weight: Tensor
    residual: torch.dtype

    def __call__(self, ids: Tensor) -> Tensor:
        """Rows of the weight."""
        return F.embedding(ids, self.weight).to(self.residual)


@dataclass(frozen=True, slots=True)
class Int8RowEmbedding:
    """Embedding rows as int8 codes (v, d) with a float32 scale each; given out in float32."""

    weight: Tensor
    scale: Tensor

    def __call__(self, ids: Tensor) -> Tensor:
        """Rows times their scales."""
        return self.weight[ids].float() * self.scale[ids][..., None]
