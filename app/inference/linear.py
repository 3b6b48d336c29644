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
    """Activations as int8 codes with one scale a token: x ~ codes * scales.

    codes: (n, i) int8; scales: (n, 1) float32; shape: of the activations, (b, t, i); dtype: theirs.
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


def quantize_rows(x: Tensor) -> QuantizedRows:
    """Symmetric int8 codes per token: scale = max|x| / 127, codes = round(x / scale)."""
    flat = x.reshape(-1, x.shape[-1]).float()
    # The floor keeps a row of zeros from dividing by zero; its codes are zeros.
    scales = torch.linalg.vector_norm(flat, ord=torch.inf, dim=-1, keepdim=True).clamp_(min=1e-30).mul_(1.0 / 127.0)
    codes = (flat / scales).round_().to(torch.int8)
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

    The integer sums are exact, so reading in any chunking sees the same codes and the same products.
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
        """x as int8 codes with a scale per token."""
        return quantize_rows(x)

    def __call__(self, x: Prepared) -> Tensor:
        """The product, scaled back to the activations' dtype."""
        assert isinstance(x, QuantizedRows)
        sums = self.kernels.for_rows(x.codes.shape[0])(x.codes, self.weight)
        out = sums * x.scales
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
