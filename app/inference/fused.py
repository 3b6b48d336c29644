"""The passes around the matrix products, each over its data once, compiled by numba.

layers.py and activations.py hold the same operations in plain torch; these are used where numba works and the data lies
in the CPU's memory as float32. Imported by compiled.load_compiled and other compiled passes: numba takes half a second.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from app.inference.simd import BFloats, Bytes, Floats, Int8s, Words, dot_int8
from app.inference.simd_int4 import bfloat16_bits, dot_int4, order_for_int4

Int32s = NDArray[np.int32]

LARGEST_CODE = 127 * 256
_RUN_STEPS = 16
"""Steps of the recurrence whose gates are worked out together."""
# Sums may be taken in any order; NaN and infinity keep their meaning.
_ANY_ORDER = {"reassoc", "contract", "arcp", "nsz"}
_CONTRACT = {"contract"}


@njit(cache=True, error_model="numpy", nogil=True)
def _code_scale(x: Floats) -> np.float32:
    """What one step of a row's 16-bit codes stands for; NaN where the row holds a number that is not finite.

    The largest magnitude is found among the numbers' bits: for the maximum of floats LLVM uses no vectors.
    """
    bits = x.view(np.int32)
    largest = np.int32(0)
    for k in range(bits.size):
        largest = np.int32(max(largest, np.int32(bits[k] & np.int32(0x7FFFFFFF))))
    magnitude = np.int32(largest).view(np.float32)
    # The floor keeps a row of zeros from dividing by zero. Damaged numbers must stay visible behind integer codes:
    # infinity and NaN times zero are NaN.
    floor = np.float32(1e-30)
    return (floor if magnitude < floor else magnitude) * np.float32(1.0 / LARGEST_CODE) + magnitude * np.float32(0.0)


@njit(cache=True, error_model="numpy", fastmath=_ANY_ORDER, nogil=True)
def _split_codes(x: Floats, inverse: np.float32, low: Int8s, high: Int8s) -> None:
    """x (i,) over a step -> 16-bit codes, 256 * high + low. Rows of their own, which LLVM can tell apart."""
    for k in range(x.size):
        code = np.int32(np.rint(x[k] * inverse))
        low[k] = np.int8(code)
        high[k] = np.int8((code + np.int32(128)) >> np.int32(8))


@njit(cache=True, error_model="numpy", fastmath=_ANY_ORDER, parallel=True, nogil=True)
def quantize_rows(x: Floats, codes: Int8s, scales: Floats) -> None:
    """x (n, i) -> codes (2n, i), low ones then high ones, and scales (n, 1); see activations.quantize_rows."""
    n = x.shape[0]
    for row in prange(n):
        scale = _code_scale(x[row])
        scales[row, 0] = scale
        _split_codes(x[row], np.float32(1.0) / scale, codes[row], codes[n + row])


# In this order and no other: the process that compiles it took another one than those that load the code later.
@njit(cache=True, error_model="numpy", parallel=True, nogil=True)
def scale_sums(sums: Int32s, x_scales: Floats, w_scale: Floats, bias: Floats, out: Floats) -> None:
    """sums (2n, o) of low and high codes -> out (n, o) = (low + 256 high) * x_scale * w_scale + bias."""
    n, width = out.shape
    for row in prange(n):
        x_scale = x_scales[row, 0]
        for k in range(width):
            total = np.float32(sums[row, k]) + np.float32(256.0) * np.float32(sums[n + row, k])
            out[row, k] = total * x_scale * w_scale[k] + bias[k]


@njit(cache=True, error_model="numpy", fastmath=_ANY_ORDER, nogil=True)
def quantize_row(x: Floats, words: Words) -> np.float32:
    """One token: x (i,) -> words (i,) int16 and the scale that is returned, as quantize_rows has them."""
    scale = _code_scale(x)
    inverse = np.float32(1.0) / scale
    for k in range(x.size):
        words[k] = np.int16(np.int32(np.rint(x[k] * inverse)))
    return scale


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def multiply_row(words: Words, x_scale: float, weight: Int8s, w_scale: Floats, bias: Floats, out: Floats) -> None:
    """One token: words (i,), weight (o, i) int8 -> out (o,), reading the weights once."""
    scale = np.float32(x_scale)
    for row in prange(weight.shape[0]):
        out[row] = np.float32(dot_int8(words, weight, row)) * scale * w_scale[row] + bias[row]


@njit(cache=True, error_model="numpy", nogil=True)
def order_groups(words: Words, group: int, ordered: Words, sums: Floats) -> None:
    """What multiply_row_int4 needs of one token: its words reordered, and their sums over each group."""
    order_for_int4(words, group, ordered)
    for g in range(sums.size):
        total = np.int32(0)
        for k in range(g * group, (g + 1) * group):
            total = np.int32(total + np.int32(words[k]))
        sums[g] = np.float32(total)


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def multiply_row_int4(
    ordered: Words,
    sums: Floats,
    x_scale: float,
    codes: Bytes,
    scales: BFloats,
    offsets: BFloats,
    bias: Floats,
    out: Floats,
) -> None:
    """One token: ordered (i,), codes (o, i/2) -> out (o,), reading the weights once; see simd_int4.dot_int4."""
    scale = np.float32(x_scale)
    for row in prange(codes.shape[0]):
        out[row] = dot_int4(ordered, sums, codes, scales, offsets, row) * scale + bias[row]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def int8_rows(codes: Bytes, scales: BFloats, offsets: BFloats, out: Int8s, row_scales: Floats) -> None:
    """int4 groups -> out (o, i) int8 and row_scales (o,); see int4_linear.py.

    The scale of a row is the least that holds the two ends of every group's range, used or not.
    """
    rows, groups = scales.shape
    half = codes.shape[1] // groups
    for row in prange(rows):
        largest = np.float32(1e-30)
        for group in range(groups):
            low = bfloat16_bits(offsets[row, group])
            high = low + np.float32(15.0) * bfloat16_bits(scales[row, group])
            largest = max(largest, abs(low), abs(high))
        row_scales[row] = largest * np.float32(1.0 / 127.0)
        inverse = np.float32(127.0) / largest
        for group in range(groups):
            a = bfloat16_bits(scales[row, group]) * inverse
            b = bfloat16_bits(offsets[row, group]) * inverse
            first = group * half
            for k in range(half):
                low_code = np.float32(np.uint8(codes[row, first + k] & np.uint8(15)))
                out[row, 2 * first + k] = np.int8(np.int32(np.rint(low_code * a + b)))
            for k in range(half):
                high_code = np.float32(np.uint8(codes[row, first + k] >> np.uint8(4)))
                out[row, 2 * first + half + k] = np.int8(np.int32(np.rint(high_code * a + b)))


@njit(cache=True, error_model="numpy", inline="always", fastmath=_CONTRACT)
def _expm1_parts(x: np.float32) -> tuple[np.float32, np.float32]:
    """m and s with e^x - 1 = s * m + (s - 1), s a power of two: Cephes' expf, to 1e-7; x is cut at +-87."""
    # Written so that NaN stays NaN, and without min and max, which would keep LLVM from using vectors.
    x = np.float32(-87.0) if x < np.float32(-87.0) else x
    x = np.float32(87.0) if x > np.float32(87.0) else x
    n = np.rint(x * np.float32(1.4426950408889634))
    f = (x - n * np.float32(0.693359375)) + n * np.float32(2.12194440e-4)
    p = np.float32(1.9875691500e-4)
    p = p * f + np.float32(1.3981999507e-3)
    p = p * f + np.float32(8.3334519073e-3)
    p = p * f + np.float32(4.1665795894e-2)
    p = p * f + np.float32(1.6666665459e-1)
    p = p * f + np.float32(5.0000001201e-1)
    return p * f * f + f, np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(np.float32)


@njit(cache=True, error_model="numpy", inline="always", fastmath=_CONTRACT)
def _sigmoid(x: np.float32) -> np.float32:
    m, s = _expm1_parts(-x)
    return np.float32(1.0) / (np.float32(1.0) + (s * m + s))


@njit(cache=True, error_model="numpy", inline="always", fastmath=_CONTRACT)
def _activate(x: np.float32, silu: bool) -> np.float32:
    """SiLU, or GELU in its tanh form: x * sigmoid(2 sqrt(2/pi) (x + 0.044715 x^3))."""
    if silu:
        return x * _sigmoid(x)
    return x * _sigmoid(np.float32(1.5957691216057308) * (x + np.float32(0.044715) * x * x * x))


@njit(cache=True, error_model="numpy", fastmath=_ANY_ORDER, nogil=True)
def rms_norm_row(x: Floats, gain: Floats, eps: float, out: Floats) -> None:
    """One token: x (d,) -> out (d,) over its root mean square, times gain (d,)."""
    total = np.float32(0.0)
    for k in range(x.size):
        total += x[k] * x[k]
    scale = np.float32(1.0) / np.sqrt(total / np.float32(x.size) + np.float32(eps))
    for k in range(x.size):
        out[k] = x[k] * scale * gain[k]


@njit(cache=True, error_model="numpy", parallel=True, nogil=True)
def rms_norm(x: Floats, gain: Floats, eps: float, out: Floats) -> None:
    """x (n, d) -> out (n, d), each row as rms_norm_row has it."""
    for row in prange(x.shape[0]):
        rms_norm_row(x[row], gain, eps, out[row])


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, nogil=True)
def gate_row(x: Floats, up: Floats, silu: bool) -> None:
    """One token: x = act(x) * up, both (m,), in place: with an output that is x itself LLVM's vectors are not used."""
    for k in range(x.size):
        x[k] = _activate(x[k], silu) * up[k]


@njit(cache=True, error_model="numpy", parallel=True, nogil=True)
def gate(x: Floats, up: Floats, silu: bool) -> None:
    """x = act(x) * up, both (n, m), in place."""
    for row in prange(x.shape[0]):
        gate_row(x[row], up[row], silu)


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def causal_conv(x: Floats, weight: Floats, bias: Floats, tail: Floats, out: Floats) -> None:
    """x (b, t, e), weight (c, e), tail (b, c-1, e) before x -> out (b, t, e); see layers.causal_conv."""
    batch, steps, width = x.shape
    taps = weight.shape[0]
    for job in prange(batch * steps):
        b, t = job // steps, job % steps
        for k in range(width):
            out[b, t, k] = bias[k]
        for tap in range(taps):
            at = t - (taps - 1) + tap
            if at >= 0:
                for k in range(width):
                    out[b, t, k] += weight[tap, k] * x[b, at, k]
            else:
                for k in range(width):
                    out[b, t, k] += weight[tap, k] * tail[b, at + taps - 1, k]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def rg_lru(
    x: Floats, i_logits: Floats, r_logits: Floats, log_decay: Floats, h: Floats, starts_sequence: bool, out: Floats
) -> None:
    """Gates and recurrence in one pass over time, each block of channels on its own; see layers.rg_lru.

    x, out: (b, t, e); i_logits, r_logits: (blocks, b*t, e/blocks); log_decay: (e,); h: (b, e), advanced in place.
    """
    batch, steps, width = x.shape
    blocks = i_logits.shape[0]
    size = width // blocks
    one = np.float32(1.0)
    for job in prange(batch * blocks):
        b, block = job // blocks, job % blocks
        first = block * size
        # Arrays of this job's own: with them LLVM sees that the loops below are free of overlaps, and uses vectors.
        # Several steps at a time: a block of channels alone is too short for that.
        decay, value = np.empty(_RUN_STEPS * size, np.float32), np.empty(_RUN_STEPS * size, np.float32)
        log_decays, state = np.empty(_RUN_STEPS * size, np.float32), np.empty(size, np.float32)
        for k in range(size):
            state[k] = h[b, first + k]
        for k in range(_RUN_STEPS * size):
            log_decays[k] = log_decay[first + k % size]
        for start in range(0, steps, _RUN_STEPS):
            end = min(steps, start + _RUN_STEPS)
            rows = slice(b * steps + start, b * steps + end)
            r, i = r_logits[block, rows].reshape(-1), i_logits[block, rows].reshape(-1)
            for k in range(r.size):
                m, s = _expm1_parts(_sigmoid(r[k]) * log_decays[k])
                # u = a - 1 is exact near a = 1, where memory is longest; 1 - a^2 = -u (2 + u).
                u = s * m + (s - one)
                decay[k] = one + u
                value[k] = np.sqrt(-u * (np.float32(2.0) + u))
            if starts_sequence and start == 0:
                value[:size] = one
            for k in range(i.size):
                value[k] *= _sigmoid(i[k])
            for t in range(start, end):
                at = (t - start) * size
                for k in range(size):
                    state[k] = decay[at + k] * state[k] + value[at + k] * x[b, t, first + k]
                    out[b, t, first + k] = state[k]
        for k in range(size):
            h[b, first + k] = state[k]


@njit(cache=True, error_model="numpy", fastmath=_CONTRACT, parallel=True, nogil=True)
def rotate(x: Floats, cos: Floats, sin: Floats, out: Floats) -> None:
    """x (b, t, heads, k) -> out (b, heads, t, k), cos and sin (t, half); see layers.rotate."""
    batch, steps, heads, width = x.shape
    half = cos.shape[1]
    for job in prange(batch * steps):
        b, t = job // steps, job % steps
        for head in range(heads):
            for k in range(half):
                first, second = x[b, t, head, k], x[b, t, head, half + k]
                out[b, head, t, k] = first * cos[t, k] - second * sin[t, k]
                out[b, head, t, half + k] = second * cos[t, k] + first * sin[t, k]
            for k in range(2 * half, width):
                out[b, head, t, k] = x[b, t, head, k]
