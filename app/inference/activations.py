"""Activations in 16 bits, the form in which int8 and int4 weights are multiplied."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from app.inference.compiled import Compiled
from app.inference.kernels import TOKEN_ROWS, KernelChoice

_LARGEST_CODE = 127 * 256
_OFFSET = torch.tensor(128.0)


@dataclass(frozen=True, slots=True)
class QuantizedRows:
    """Activations in 16 bits, as two int8 codes and one scale a token: x ~ (256 * high + low) * scale.

    codes: (2n, i) int8, the low codes of all n = b * t tokens, then the high ones; scales: (n, 1) float32;
    shape: of the activations, (b, t, i).
    """

    codes: Tensor
    scales: Tensor
    shape: torch.Size


@dataclass(frozen=True, slots=True)
class QuantizedToken:
    """One token's activations in 16 bits: x ~ words * scale.

    words: (i,) int16; shape: of the activations, (1, 1, i). grouped: what the product with int4 groups of each size
    needs besides, made when it is first asked for.
    """

    words: Tensor
    scale: float
    shape: torch.Size
    grouped: dict[int, tuple[Tensor, Tensor]] = field(default_factory=dict)

    def in_groups(self, group: int, compiled: Compiled) -> tuple[Tensor, Tensor]:
        """See Compiled.order_groups."""
        if group not in self.grouped:
            self.grouped[group] = compiled.order_groups(self.words, group)
        return self.grouped[group]


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


def quantize_for(kernels: KernelChoice, x: Tensor) -> QuantizedRows | QuantizedToken:
    """Codes of 16 bits: whole for the compiled product of one token, else as pairs of int8.

    The same for int8 rows and int4 groups, so that maps of both formats may share an input.
    """
    if kernels.compiled is None:
        return quantize_rows(x)
    if kernels.for_tokens(x.numel() // x.shape[-1]) in TOKEN_ROWS:
        return QuantizedToken(*kernels.compiled.quantize_token(x.reshape(-1)), x.shape)
    codes, scales = kernels.compiled.quantize_rows(x.reshape(-1, x.shape[-1]))
    return QuantizedRows(codes, scales, x.shape)
