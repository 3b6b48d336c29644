"""One token of every sequence of a batch: what stands between the matrix products, each block in one compiled pass.

The same results as layers.recurrent_step and layers.attend_step to rounding. Imported only where numba works.
"""

from __future__ import annotations

import numpy as np
from numba import get_num_threads, njit, prange
from numpy.typing import NDArray

from app.inference.fused import _activate, _expm1_parts, _sigmoid

Floats = NDArray[np.float32]
Int64s = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Sums may be taken in any order; NaN and infinity keep their meaning.
_ANY_ORDER = {"reassoc", "contract", "arcp", "nsz"}


def threads() -> int:
    """Threads that a pass runs on just now."""
    return int(get_num_threads())


@njit(cache=True, error_model="numpy", fastmath=_ANY_ORDER, inline="always")
def _multiply(x: Floats, weight: Floats, bias: Floats, out: Floats) -> None:
    """x (n,), weight (n, n) as (in, out), bias (n,) -> out (n,)."""
    for j in range(out.size):
        out[j] = bias[j]
    for i in range(x.size):
        value = x[i]
        for j in range(out.size):
            out[j] += value * weight[i, j]


@njit(cache=True, error_model="numpy", fastmath=_ANY_ORDER, parallel=True, nogil=True)
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


@njit(cache=True, error_model="numpy", fastmath={"contract"}, inline="always")
def _rotate(x: Floats, cos: Floats, sin: Floats, out: Floats) -> None:
    """One head: x (k,), cos and sin (half,); see layers.rotate."""
    half = cos.size
    for k in range(half):
        out[k] = x[k] * cos[k] - x[half + k] * sin[k]
        out[half + k] = x[half + k] * cos[k] + x[k] * sin[k]
    for k in range(2 * half, x.size):
        out[k] = x[k]


_BLOCK_SLOTS = 64


@njit(cache=True, error_model="numpy", fastmath=_ANY_ORDER, nogil=True)
def _attend_slots(q: Floats, k: Floats, v: Floats, largest: Floats, sums: Floats, out: Floats) -> None:
    """Attention of the heads that share keys to some slots, as a running softmax over blocks of slots.

    q: (n, k), scaled; k, v: (s, k) -> per head the largest score (n,), the sum of exp(score - largest) (n,) and the
    values weighted by these exponentials, not yet divided by their sum, (n, k).
    """
    heads, width = q.shape
    scores = np.empty((heads, _BLOCK_SLOTS), np.float32)
    largest[:] = np.float32(-np.inf)
    sums[:] = np.float32(0.0)
    out[:] = np.float32(0.0)
    for first in range(0, k.shape[0], _BLOCK_SLOTS):
        count = min(_BLOCK_SLOTS, k.shape[0] - first)
        for s in range(count):
            for head in range(heads):
                total = np.float32(0.0)
                for i in range(width):
                    total += q[head, i] * k[first + s, i]
                scores[head, s] = total
        for head in range(heads):
            before = largest[head]
            for s in range(count):
                largest[head] = max(largest[head], scores[head, s])
            m, power = _expm1_parts(before - largest[head])
            shrink = power * m + power
            total = sums[head] * shrink
            for s in range(count):
                m, power = _expm1_parts(scores[head, s] - largest[head])
                scores[head, s] = power * m + power
            for s in range(count):
                total += scores[head, s]
            sums[head] = total
            for i in range(width):
                out[head, i] *= shrink
            # Four slots at a time: the sums are read and written once for all of them.
            whole = count - count % 4
            for s in range(0, whole, 4):
                p0, p1, p2, p3 = scores[head, s], scores[head, s + 1], scores[head, s + 2], scores[head, s + 3]
                at = first + s
                for i in range(width):
                    out[head, i] += p0 * v[at, i] + p1 * v[at + 1, i] + p2 * v[at + 2, i] + p3 * v[at + 3, i]
            for s in range(whole, count):
                for i in range(width):
                    out[head, i] += scores[head, s] * v[first + s, i]


@njit(cache=True, error_model="numpy", fastmath={"contract"}, nogil=True)
def _merge(largest: Floats, sums: Floats, parts: Floats, out: Floats) -> None:
    """One head's attention from its parts: largest, sums (p,), parts (p, k) -> out (k,)."""
    top = np.float32(-np.inf)
    for part in range(largest.size):
        top = max(top, largest[part])
    out[:] = np.float32(0.0)
    total = np.float32(0.0)
    for part in range(largest.size):
        # A part without slots has nothing to add, and no largest score to subtract.
        if sums[part] != np.float32(0.0):
            factor = np.exp(largest[part] - top)
            total += factor * sums[part]
            for i in range(out.size):
                out[i] += factor * parts[part, i]
    for i in range(out.size):
        out[i] /= total


@njit(cache=True, error_model="numpy", fastmath={"contract"}, parallel=True, nogil=True)
def attend_step(
    q: Floats,
    k: Floats,
    v: Floats,
    positions: Int64s,
    cos: Floats,
    sin: Floats,
    window_k: Floats,
    window_v: Floats,
    parts: int,
    out: Floats,
) -> None:
    """Attention of one token per sequence, whose key and value are written into the window; see Ops.attend_step.

    q, out: (b, h, k); k, v: (b, g, k); positions: (b,); cos, sin: (b, half); windows: (b, g, w, k). Only slots in use
    are visited, each once for all heads that share it; `parts` pieces of a window are worked on side by side.
    """
    batch, groups, slots, width = window_k.shape
    heads = q.shape[1]
    shared = heads // groups
    factor = np.float32(1.0) / np.sqrt(np.float32(width))
    queries = np.empty((batch, heads, width), np.float32)
    for row in range(batch):
        slot = positions[row] % slots
        for group in range(groups):
            _rotate(k[row, group], cos[row], sin[row], window_k[row, group, slot])
            window_v[row, group, slot] = v[row, group]
        for head in range(heads):
            _rotate(q[row, head], cos[row], sin[row], queries[row, head])
    queries *= factor
    largest = np.empty((batch, heads, parts), np.float32)
    sums = np.empty((batch, heads, parts), np.float32)
    pieces = np.empty((parts, batch, heads, width), np.float32)
    for job in prange(batch * groups * parts):
        part, pair = job % parts, job // parts
        row, group = pair // groups, pair % groups
        used = min(positions[row] + 1, slots)
        first, last = used * part // parts, used * (part + 1) // parts
        mine = slice(group * shared, (group + 1) * shared)
        _attend_slots(
            queries[row, mine],
            window_k[row, group, first:last],
            window_v[row, group, first:last],
            largest[row, mine, part],
            sums[row, mine, part],
            pieces[part, row, mine],
        )
    for row in range(batch):
        for head in range(heads):
            _merge(largest[row, head], sums[row, head], pieces[:, row, head], out[row, head])
