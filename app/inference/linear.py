"""The weight formats behind one kind of linear map.

A block first prepares its input once (int8 rows: quantises it) and then applies every projection that reads it:

    n = linear_y.prepare(x);  y = linear_y(n);  x = linear_x(n)

To add a format: one class here, one line in checkpoints/quantized.py that builds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)
from torch import Tensor

from app.inference.kernels import KernelChoice


@dataclass(frozen=True, slots=True)
class QuantizedRows:
    """Activations in 16 bits, as two int8 codes and one scale a token: x ~ (256 * high + low) * scale.

    codes: (2n, i) int8, the low codes of all n = b * t tokens, then the high ones; scales: (n, 1) float32;
    shape: of the activations, (b, t, i); dtype: theirs.
    """

    codes: Tensor
    scales: Tensor
    shape: torch.Size
    dtype: torch.dtype


Prepared = Tensor | QuantizedRows


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


_LARGEST_CODE = 127 * 256


def quantize_rows(x: Tensor) -> QuantizedRows:
    """Symmetric 16-bit codes per token, each split into two int8 codes, 256 * high + low.

    Two codes and not one: with 8 bits, last-bit differences of the float32 parts flip codes, a flip shifts the next
    layer's input by a 127th of its range, and within a few layers two chunkings of one text differ as much as int8
    differs from float32 (mean KL 0.07 nats on the starter). 16 bits keep them together, and keep the 2 % of
    perplexity that 8 bits cost.
    """
    flat = x.reshape(-1, x.shape[-1]).float()
    # The floor keeps a row of zeros from dividing by zero; its codes are zeros.
    scales = torch.linalg.vector_norm(flat, ord=torch.inf, dim=-1, keepdim=True).clamp_(min=1e-30)
    scales.mul_(1.0 / _LARGEST_CODE)
    # In two's complement code + 128 has the bytes (low + 128, high); flipping that byte's top bit takes 128 off it.
    words = torch.addcmul(flat.new_full((1,), 128.0), flat, scales.reciprocal()).round_().to(torch.int16)
    pairs = words.bitwise_xor_(0x80).view(torch.int8).reshape(*flat.shape, 2)
    codes = pairs.permute(2, 0, 1).reshape(-1, flat.shape[1])
    return QuantizedRows(codes, scales, x.shape, x.dtype)


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
        return F.linear(x, self.weight, self.bias)


@dataclass(frozen=True, slots=True)
class Int8RowLinear:
    """int8 weights (o, i) with one float32 scale a row, W = weight * scale[:, None]; the product runs in int8.

    Two products with one pass over the weights: for the low and for the high codes of the activations. The integer
    sums are exact, whatever the number of tokens.
    """

    weight: Tensor
    scale: Tensor
    bias: Tensor | None
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
        """x as pairs of int8 codes with a scale per token."""
        return quantize_rows(x)

    def __call__(self, x: Prepared) -> Tensor:
        """The product, scaled back to the activations' dtype."""
        assert isinstance(x, QuantizedRows)
        sums = self.kernels.for_rows(x.codes.shape[0])(x.codes, self.weight)
        low, high = sums.chunk(2)
        # In float32: 256 * high overflows 32 bits in wide models.
        out = torch.add(low.float(), high, alpha=256).mul_(x.scales)
        out = out.mul_(self.scale) if self.bias is None else torch.addcmul(self.bias, out, self.scale)
        return out.to(x.dtype).reshape(*x.shape[:-1], -1)


class Embedding(Protocol):
    """Rows of the embedding matrix, which is the output head too."""

    def __call__(self, ids: Tensor) -> Tensor:
        """(b, t) int64 -> (b, t, d) in the model's dtype."""
        ...


@dataclass(frozen=True, slots=True)
class DenseEmbedding:
    """Embedding rows in the model's own dtype: weight (v, d)."""

    weight: Tensor

    def __call__(self, ids: Tensor) -> Tensor:
        """Rows of the weight."""
        return F.embedding(ids, self.weight)


@dataclass(frozen=True, slots=True)
class Int8RowEmbedding:
    """Embedding rows as int8 codes (v, d) with a float32 scale each; given out in `dtype`."""

    weight: Tensor
    scale: Tensor
    dtype: torch.dtype

    def __call__(self, ids: Tensor) -> Tensor:
        """Rows times their scales."""
        return (self.weight[ids].float() * self.scale[ids][..., None]).to(self.dtype)
