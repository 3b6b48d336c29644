"""What several Triton kernels share: activations, the RG-LRU's coefficients and scan step, fast instructions.

The modules of this package import Triton when they are imported; nothing outside app/inference/cuda imports them.
"""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def fast_exp2(x):
    """2^x in one instruction, with results under 1e-38 as 0."""
    return tl.inline_asm_elementwise("ex2.approx.ftz.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1)


@triton.jit
def fast_reciprocal(x):
    """1 / x in one instruction."""
    return tl.inline_asm_elementwise("rcp.approx.ftz.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1)


@triton.jit
def fast_root(x):
    """The square root in one instruction."""
    return tl.inline_asm_elementwise("sqrt.approx.ftz.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1)


@triton.jit
def fast_tanh(x):
    """tanh in one instruction, to 5e-4: for what is multiplied with activations of bfloat16, which are no better."""
    return tl.inline_asm_elementwise("tanh.approx.f32 $0, $1;", "=f,f", [x], tl.float32, is_pure=True, pack=1)


@triton.jit
def gelu_tanh(x):
    """x * sigmoid(2u), which is x * (1 + tanh(u)) / 2, u = sqrt(2 / pi) * (x + 0.044715 x^3)."""
    return x * tl.sigmoid(1.5957691216057308 * x * (1.0 + 0.044715 * x * x))


@triton.jit
def activate(x, silu: tl.constexpr):
    """The gate's nonlinearity in float32."""
    return x * tl.sigmoid(x) if silu else gelu_tanh(x)


@triton.jit
def lru_coefficients(input_logits, recurrence_logits, log_decay):
    """The input gate, the decay a, and sqrt(1 - a^2), float32, of h_t = a * h_{t-1} + sqrt(1 - a^2) * gate * x.

    1 - a^2 comes from a series where a is near 1: there the difference would cancel, and there memory is longest.
    """
    log_a = log_decay * tl.sigmoid(recurrence_logits)
    a = tl.exp(log_a)
    y = 2.0 * log_a
    series = 1.0 + y * (1 / 6) * (1.0 + y * (1 / 7))
    series = 1.0 + y * (1 / 4) * (1.0 + y * (1 / 5) * series)
    series = -y * (1.0 + y * (1 / 2) * (1.0 + y * (1 / 3) * series))
    return tl.sigmoid(input_logits), a, tl.sqrt(tl.where(y > -0.25, series, 1.0 - a * a))


@triton.jit
def chain(a_first, b_first, a_second, b_second):
    """Two steps h -> a * h + b after one another, as one."""
    return a_first * a_second, a_second * b_first + b_second


@triton.jit
def soft_cap(x, cap):
    """cap * tanh(x / cap), by a series where 2 sigmoid(2u) - 1 would cancel."""
    u = x / cap
    square = u * u
    series = u * (1.0 + square * (-1 / 3 + square * (2 / 15 + square * (-17 / 315 + square * (62 / 2835)))))
    return cap * tl.where(square < 0.04, series, 2.0 * tl.sigmoid(2.0 * u) - 1.0)
