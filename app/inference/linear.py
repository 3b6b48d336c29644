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

from app.inference.int4_groups import dequantize_groups
from app.inference.kernels import MATMULS, TOKEN_ROWS, KernelChoice


@dataclass(frozen=True, slots=True)
class QuantizedRows:
    """Activations in 16 bits, as two int8 codes and one scale a token: x ~ (256 * high + low) * scale.

    codes: (2n, i) int8, the low codes of all n = b * t tokens, then the high ones; scales: (n, 1) float32;
    shape: of the activations, (b, t, i).
    """

    codes: Tensor
    scales: Tensor
    shape: torch.Size


@dataclass(slots=True)
class QuantizedToken:
    """One token's activations in 16 bits: x ~ words * scale.

    words: (i,) int16; shape: of the activations, (1, 1, i).
    """

    words: Tensor
    scale: float
    shape: torch.Size


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


_LARGEST_CODE = 127 * 256
_DEQUANTIZED_WEIGHTS = 4 * 2**20
_OFFSET = torch.tensor(128.0)


def quantize_rows(x: Tensor) -> QuantizedRows:
    """Symmetric 16-bit codes per token of float32 activations, each split into two int8 codes, 256 * high + low.

    Two codes and not one: with 8 bits, last-bit differences of the float32 parts flip codes, a flip shifts the next
    layer's input by a 127th of its range, and within a few layers two chunkings of one text differ as much as int8
    differs from float32 (mean KL 0.07 nats on the starter). 16 bits keep them together, and keep the 2 % of
    perplexity that 8 bits cost.
    """
    flat = x.reshape(-1, x.shape[-1])
    # amax and amin, not vector_norm(inf) or aminmax: those two are 20 times slower on the CPU (torch 2.13).
    largest = torch.maximum(flat.amax(-1, keepdim=True), flat.amin(-1, keepdim=True).neg_())
    # The floor keeps a row of zeros from dividing by zero; its codes are zeros.
    scales = largest.clamp_(min=1e-30).mul_(1.0 / _LARGEST_CODE)
    # In two's complement code + 128 has the bytes (low + 128, high); flipping that byte's top bit takes 128 off it.
    words = torch.addcdiv(_OFFSET.to(flat.device), flat, scales).round_().to(torch.int16)
    pairs = words.bitwise_xor_(0x80).view(torch.int8).reshape(*flat.shape, 2)
    codes = pairs.permute(2, 0, 1).reshape(-1, flat.shape[1])
    return QuantizedRows(codes, scales, x.shape)


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
        """Codes of 16 bits: whole for the compiled product of one token, else as pairs of int8."""
        compiled = self.kernels.compiled
        if compiled is None:
            return quantize_rows(x)
        if self.kernels.for_tokens(x.numel() // x.shape[-1]) in TOKEN_ROWS:
            return QuantizedToken(*compiled.quantize_token(x.reshape(-1)), x.shape)
        codes, scales = compiled.quantize_rows(x.reshape(-1, x.shape[-1]))
        return QuantizedRows(codes, scales, x.shape)

    def __call__(self, x: Prepared) -> Tensor:
        """The product, float32."""
        assert not isinstance(x, Tensor)
        compiled = self.kernels.compiled
        if isinstance(x, QuantizedToken):
            assert compiled is not None  # it is what made this a choice
            out = compiled.multiply_row(x.words, x.scale, self.weight, self.scale, self.bias)
            return out.reshape(*x.shape[:-1], -1)
        sums = MATMULS[self.kernels.for_tokens(x.codes.shape[0] // 2)](x.codes, self.weight)
        if compiled is not None:
            out = compiled.scale_sums(sums, x.scales, self.scale, self.bias)
        else:
            low, high = sums.float().chunk(2)  # in float32: 256 * high overflows 32 bits in wide models
            out = torch.addcmul(self.bias, low.add_(high, alpha=256).mul_(x.scales), self.scale)
        return out.reshape(*x.shape[:-1], -1)


@dataclass(frozen=True, slots=True)
class Int4GroupLinear:
    """int4 weights in groups along a row, W = scale * code + offset; bias (o,) float32, zeros for none.

    codes: (o, i/2) uint8, see int4_groups.py; scale, offset: (o, i/group) bfloat16. Activations are float32.
    """

    codes: Tensor
    scale: Tensor
    offset: Tensor
    bias: Tensor
    group: int

    @property
    def nbytes(self) -> int:
        """Bytes of codes, scales and offsets."""
        return self.codes.nbytes + self.scale.nbytes + self.offset.nbytes

    @property
    def out_features(self) -> int:
        """Rows of the weight."""
        return self.codes.shape[0]

    def prepare(self, x: Tensor) -> Prepared:
        """x itself."""
        return x

    def __call__(self, x: Prepared) -> Tensor:
        """The product, float32, with a few rows of the weight dequantised at a time: 16 MiB beside the result."""
        assert isinstance(x, Tensor)
        out = torch.empty((*x.shape[:-1], self.out_features), device=x.device)
        step = max(1, _DEQUANTIZED_WEIGHTS // x.shape[-1])
        for start in range(0, self.out_features, step):
            rows = slice(start, start + step)
            weight = dequantize_groups(self.codes[rows], self.scale[rows], self.offset[rows])
            out[..., rows] = F.linear(x, weight, self.bias[rows])
        return out


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
