"""One token of one sequence: each half of a block in one compiled pass, its int8 and int4 products included.

The same arithmetic as the passes of fused.py one after the other, to the bit; what is saved is the way to and from
Python between them, which on a small model takes longer than the work. Imported only where numba works.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange

from app.inference.fused import gate_row, order_groups, quantize_row, rms_norm_row
from app.inference.simd import BFloats, Bytes, Floats, Int8s, dot_int8
from app.inference.simd_int4 import dot_int4

_CONTRACT = {"contract"}


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def project(
    x: Floats,
    gain: Floats,
    eps: float,
    first: Int8s,
    first_scale: Floats,
    first_bias: Floats,
    second: Int8s,
    second_scale: Floats,
    second_bias: Floats,
    third: Int8s,
    third_scale: Floats,
    third_bias: Floats,
    out: Floats,
) -> None:
    """norm(x) (d,) times up to three matrices (o, d), joined in out (sum of o,); one that is not there has no rows."""
    n, words = np.empty_like(x), np.empty(x.size, np.int16)
    rms_norm_row(x, gain, eps, n)
    scale = quantize_row(n, words)
    one, two = first.shape[0], first.shape[0] + second.shape[0]
    for row in prange(two + third.shape[0]):
        if row < one:
            out[row] = np.float32(dot_int8(words, first, row)) * scale * first_scale[row] + first_bias[row]
        elif row < two:
            at = row - one
            out[row] = np.float32(dot_int8(words, second, at)) * scale * second_scale[at] + second_bias[at]
        else:
            at = row - two
            out[row] = np.float32(dot_int8(words, third, at)) * scale * third_scale[at] + third_bias[at]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def add_product(inner: Floats, weight: Int8s, w_scale: Floats, bias: Floats, x: Floats) -> None:
    """x (d,) += inner (e,) times weight (d, e)."""
    words = np.empty(inner.size, np.int16)
    scale = quantize_row(inner, words)
    for row in prange(weight.shape[0]):
        x[row] += np.float32(dot_int8(words, weight, row)) * scale * w_scale[row] + bias[row]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def add_mlp(
    x: Floats,
    gain: Floats,
    eps: float,
    gate: Int8s,
    gate_scale: Floats,
    gate_bias: Floats,
    up: Int8s,
    up_scale: Floats,
    up_bias: Floats,
    down: Int8s,
    down_scale: Floats,
    down_bias: Floats,
    silu: bool,
) -> None:
    """x (d,) += down(act(gate(n)) * up(n)) with n = norm(x)."""
    n, words = np.empty_like(x), np.empty(x.size, np.int16)
    rms_norm_row(x, gain, eps, n)
    scale = quantize_row(n, words)
    inner, other = np.empty(gate.shape[0], np.float32), np.empty(gate.shape[0], np.float32)
    for row in prange(gate.shape[0]):
        inner[row] = np.float32(dot_int8(words, gate, row)) * scale * gate_scale[row] + gate_bias[row]
        other[row] = np.float32(dot_int8(words, up, row)) * scale * up_scale[row] + up_bias[row]
    gate_row(inner, other, silu)
    inner_words = np.empty(inner.size, np.int16)
    inner_scale = quantize_row(inner, inner_words)
    for row in prange(down.shape[0]):
        x[row] += np.float32(dot_int8(inner_words, down, row)) * inner_scale * down_scale[row] + down_bias[row]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def project_int4(
    x: Floats,
    gain: Floats,
    eps: float,
    group: int,
    first: Bytes,
    first_scale: BFloats,
    first_offset: BFloats,
    first_bias: Floats,
    second: Bytes,
    second_scale: BFloats,
    second_offset: BFloats,
    second_bias: Floats,
    out: Floats,
) -> None:
    """norm(x) (d,) times two matrices in int4 groups (o, d / 2), joined in out (sum of o,)."""
    n, words, ordered = np.empty_like(x), np.empty(x.size, np.int16), np.empty(x.size, np.int16)
    rms_norm_row(x, gain, eps, n)
    scale = quantize_row(n, words)
    sums = np.empty(x.size // group, np.float32)
    order_groups(words, group, ordered, sums)
    one = first.shape[0]
    for row in prange(one + second.shape[0]):
        if row < one:
            out[row] = dot_int4(ordered, sums, first, first_scale, first_offset, row) * scale + first_bias[row]
        else:
            at = row - one
            out[row] = dot_int4(ordered, sums, second, second_scale, second_offset, at) * scale + second_bias[at]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def add_product_int4(
    inner: Floats, group: int, codes: Bytes, w_scale: BFloats, offset: BFloats, bias: Floats, x: Floats
) -> None:
    """x (d,) += inner (e,) times a matrix in int4 groups (d, e / 2)."""
    words, ordered = np.empty(inner.size, np.int16), np.empty(inner.size, np.int16)
    scale = quantize_row(inner, words)
    sums = np.empty(inner.size // group, np.float32)
    order_groups(words, group, ordered, sums)
    for row in prange(codes.shape[0]):
        x[row] += dot_int4(ordered, sums, codes, w_scale, offset, row) * scale + bias[row]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def add_mlp_int4(
    x: Floats,
    gain: Floats,
    eps: float,
    group: int,
    gate: Bytes,
    gate_scale: BFloats,
    gate_offset: BFloats,
    gate_bias: Floats,
    up: Bytes,
    up_scale: BFloats,
    up_offset: BFloats,
    up_bias: Floats,
    down: Bytes,
    down_scale: BFloats,
    down_offset: BFloats,
    down_bias: Floats,
    silu: bool,
) -> None:
    """As add_mlp, of matrices in int4 groups."""
    n, words, ordered = np.empty_like(x), np.empty(x.size, np.int16), np.empty(x.size, np.int16)
    rms_norm_row(x, gain, eps, n)
    scale = quantize_row(n, words)
    sums = np.empty(x.size // group, np.float32)
    order_groups(words, group, ordered, sums)
    inner, other = np.empty(gate.shape[0], np.float32), np.empty(gate.shape[0], np.float32)
    for row in prange(gate.shape[0]):
        inner[row] = dot_int4(ordered, sums, gate, gate_scale, gate_offset, row) * scale + gate_bias[row]
        other[row] = dot_int4(ordered, sums, up, up_scale, up_offset, row) * scale + up_bias[row]
    gate_row(inner, other, silu)
    inner_words, inner_ordered = np.empty(inner.size, np.int16), np.empty(inner.size, np.int16)
    inner_scale = quantize_row(inner, inner_words)
    inner_sums = np.empty(inner.size // group, np.float32)
    order_groups(inner_words, group, inner_ordered, inner_sums)
    for row in prange(down.shape[0]):
        product = dot_int4(inner_ordered, inner_sums, down, down_scale, down_offset, row)
        x[row] += product * inner_scale + down_bias[row]
