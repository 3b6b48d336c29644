"""One token of every sequence of a batch: what stands between the matrix products, each block in one compiled pass.

The same results as layers.recurrent_step and layers.attend_step to rounding. Imported only by compiled_steps.py.
"""

from __future__ import annotations

import numpy as np
from numba import njit, prange
from numpy.typing import NDArray

from app.inference.fused import _activate, _expm1_parts, _sigmoid

Floats = NDArray[np.float32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Sums may be taken in any order; NaN and infinity keep their meaning.
_ANY_ORDER = {"reassoc", "contract", "arcp", "nsz"}


@njit(cache=True, fastmath=_ANY_ORDER, inline="always")
def _multiply(x: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """x (n,), weight (n, n) as (in, out), bias (n,) -> out (n,)."""
    for j in range(out.size):
        out[j] = bias[j]
    for i in range(x.size):
        value = x[i]
        for j in range(out.size):
            out[j] += value * weight[i, j]


@njit(cache=True, fastmath=_ANY_ORDER, parallel=True, nogil=True)
def recurrent_step(
    x: Floats,
    branch: Floats,
    conv_weight: Floats,
    conv_bias: Floats,
    i_weight: Floats,
    i_bias: Floats,
    r_weight: Floats,
    r_bias: Floats,
    log_decay: Floats,
    starts: Bools,
    silu: bool,
    h: Floats,
    tail: Floats,
    out: Floats,
) -> None:
    """act(branch) * RG-LRU(conv(x)), each block of channels on its own; see Ops.recurrent_step.

    x, branch, out: (b, e); conv_weight: (c, e); gate weights (blocks, e/blocks, e/blocks) as (in, out), their biases
    (blocks, e/blocks); starts: (b,); h: (b, e) and tail: (b, c-1, e), advanced in place.
    """
    batch, taps = x.shape[0], conv_weight.shape[0]
    blocks, size, _ = i_weight.shape
    one = np.float32(1.0)
    for block in prange(blocks):
        first = block * size
        # Arrays of this job's own: with them LLVM sees that the loops below are free of overlaps, and uses vectors.
        c, decay, value = np.empty(size, np.float32), np.empty(size, np.float32), np.empty(size, np.float32)
        i_logits, r_logits = np.empty(size, np.float32), np.empty(size, np.float32)
        for row in range(batch):
            for k in range(size):
                at = first + k
                total = conv_bias[at] + conv_weight[taps - 1, at] * x[row, at]
                for tap in range(taps - 1):
                    total += conv_weight[tap, at] * tail[row, tap, at]
                c[k] = total
            for tap in range(taps - 2):
                for k in range(size):
                    tail[row, tap, first + k] = tail[row, tap + 1, first + k]
            if taps > 1:
                for k in range(size):
                    tail[row, taps - 2, first + k] = x[row, first + k]
            _multiply(c, i_weight[block], i_bias[block], i_logits)
            _multiply(c, r_weight[block], r_bias[block], r_logits)
            for k in range(size):
                m, s = _expm1_parts(_sigmoid(r_logits[k]) * log_decay[first + k])
                # u = a - 1 is exact near a = 1, where memory is longest; 1 - a^2 = -u (2 + u).
                u = s * m + (s - one)
                decay[k] = one + u
                value[k] = np.sqrt(-u * (np.float32(2.0) + u))
            if starts[row]:
                value[:] = one
            for k in range(size):
                value[k] = decay[k] * h[row, first + k] + value[k] * (_sigmoid(i_logits[k]) * c[k])
            for k in range(size):
                h[row, first + k] = value[k]
                out[row, first + k] = _activate(branch[row, first + k], silu) * value[k]


@njit(cache=True, fastmath={"contract"}, inline="always")
def _rotate(x: Floats, cos: Floats, sin: Floats, out: Floats) -> None:
    """One head: x (k,), cos and sin (half,); see layers.rotate."""
    half = cos.size
    for k in range(half):
        out[k] = x[k] * cos[k] - x[half + k] * sin[k]
        out[half + k] = x[half + k] * cos[k] + x[k] * sin[k]
    for k in range(2 * half, x.size):
        out[k] = x[k]


@njit(cache=True, fastmath=_ANY_ORDER, parallel=True, nogil=True)
def attend_step(
    q: Floats,
    k: Floats,
    v: Floats,
    positions: Int64s,
    cos: Floats,
    sin: Floats,
    window_k: Floats,
    window_v: Floats,
    out: Floats,
) -> None:
    """Attention of one token per sequence, whose key and value are written into the window; see Ops.attend_step.

    q, out: (b, h, k); k, v: (b, g, k); positions: (b,); cos, sin: (b, half); windows: (b, g, w, k). Only slots in use
    are visited, each once for all heads that share it.
    """
    batch, groups, slots, width = window_k.shape
    shared = q.shape[1] // groups
    factor = np.float32(1.0) / np.sqrt(np.float32(width))
    for job in prange(batch * groups):
        row, group = job // groups, job % groups
        slot = positions[row] % slots
        used = min(positions[row] + 1, slots)
        keys, values = window_k[row, group], window_v[row, group]
        _rotate(k[row, group], cos[row], sin[row], keys[slot])
        for i in range(width):
            values[slot, i] = v[row, group, i]
        queries = np.empty((shared, width), np.float32)
        scores = np.empty((shared, used), np.float32)
        sums = np.zeros((shared, width), np.float32)
        for head in range(shared):
            _rotate(q[row, group * shared + head], cos[row], sin[row], queries[head])
        for s in range(used):
            for head in range(shared):
                total = np.float32(0.0)
                for i in range(width):
                    total += queries[head, i] * keys[s, i]
                scores[head, s] = total * factor
        for head in range(shared):
            largest = np.float32(-np.inf)
            for s in range(used):
                largest = max(largest, scores[head, s])
            total = np.float32(0.0)
            for s in range(used):
                m, power = _expm1_parts(scores[head, s] - largest)
                scores[head, s] = power * m + power
                total += scores[head, s]
            for s in range(used):
                scores[head, s] /= total
        for s in range(used):
            for head in range(shared):
                weight = scores[head, s]
                for i in range(width):
                    sums[head, i] += weight * values[s, i]
        for head in range(shared):
            for i in range(width):
                out[row, group * shared + head, i] = sums[head, i]
