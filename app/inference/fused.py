"""The parts around the int8 products, each in one pass over its data, compiled by numba.

linear.py and scan.py hold the same operations in plain torch, and use these where numba works and the data lies in
the CPU's memory as float32. Imported only by kernels.load_fused: numba takes half a second.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Int8s = NDArray[np.int8]
Int32s = NDArray[np.int32]

LARGEST_CODE = 127 * 256
# Sums may be taken in any order; NaN and infinity keep their meaning.
_ANY_ORDER = {"reassoc", "contract", "arcp", "nsz"}
_CHANNELS = 64


@njit(cache=True, fastmath={"nnan", "nsz"}, nogil=True)
def _largest(x: Floats) -> np.float32:
    """The largest magnitude in a row; what NaN does here is undefined."""
    largest = np.float32(0.0)
    for k in range(x.size):
        largest = max(largest, abs(x[k]))
    return largest


@njit(cache=True, fastmath={"reassoc", "contract"}, nogil=True)
def _poison(x: Floats) -> np.float32:
    """0 for a row of finite numbers, else NaN: damaged numbers must stay visible behind integer codes."""
    total = np.float32(0.0)
    for k in range(x.size):
        total += x[k] * np.float32(0.0)
    return total


@njit(cache=True, fastmath=_ANY_ORDER, parallel=True, nogil=True)
def quantize_rows(x: Floats, codes: Int8s, scales: Floats) -> None:
    """x (n, i) -> codes (2n, i), low ones then high ones, and scales (n, 1); see linear.quantize_rows."""
    n, width = x.shape
    for row in prange(n):
        scale = max(_largest(x[row]), np.float32(1e-30)) * np.float32(1.0 / LARGEST_CODE) + _poison(x[row])
        scales[row, 0] = scale
        inverse = np.float32(1.0) / scale
        for k in range(width):
            code = np.int32(np.rint(x[row, k] * inverse))
            codes[row, k] = np.int8(code)
            codes[n + row, k] = np.int8((code + np.int32(128)) >> np.int32(8))


@njit(cache=True, fastmath=_ANY_ORDER, parallel=True, nogil=True)
def scale_sums(sums: Int32s, x_scales: Floats, w_scale: Floats, bias: Floats, out: Floats) -> None:
    """sums (2n, o) of low and high codes -> out (n, o) = (low + 256 high) * x_scale * w_scale + bias."""
    n, width = out.shape
    for row in prange(n):
        x_scale = x_scales[row, 0]
        for k in range(width):
            total = np.float32(sums[row, k]) + np.float32(256.0) * np.float32(sums[n + row, k])
            out[row, k] = total * x_scale * w_scale[k] + bias[k]


@njit(cache=True, fastmath=_ANY_ORDER, nogil=True)
def multiply_row(x: Floats, weight: Int8s, w_scale: Floats, bias: Floats, out: Floats) -> None:
    """One token: x (i,), weight (o, i) int8 -> out (o,) = weight @ x * w_scale + bias, reading the weights once."""
    rows, width = weight.shape
    for row in range(rows):
        total = np.float32(0.0)
        for k in range(width):
            total += x[k] * np.float32(weight[row, k])
        out[row] = total * w_scale[row] + bias[row]


@njit(cache=True, parallel=True, nogil=True)
def scan(x: Floats, a: Floats, h: Floats) -> None:
    """h_t = a_t * h_{t-1} + x_t over (b, t, e), in place: x becomes every h_t, h (b, e) the last."""
    batch, steps, width = x.shape
    blocks = (width + _CHANNELS - 1) // _CHANNELS
    for job in prange(batch * blocks):
        row = job // blocks
        first = (job % blocks) * _CHANNELS
        last = min(first + _CHANNELS, width)
        for t in range(steps):
            for k in range(first, last):
                h[row, k] = a[row, t, k] * h[row, k] + x[row, t, k]
                x[row, t, k] = h[row, k]
