"""Sliding-window attention of many new tokens to a ring of past keys and to one another, visible keys only."""

from __future__ import annotations

import triton
import triton.language as tl


@triton.jit
def _attend_tile(q, keys, values, visible, scale, largest, total, out, exact: tl.constexpr):
    """One step of the running softmax: scores of q (rows, k) with a tile of keys (columns, k), in base 2."""
    if exact:  # noqa: SIM108 (decided while compiling: one branch is left)
        scores = tl.dot(q, tl.trans(keys), input_precision="ieee")
    else:
        scores = tl.dot(q, tl.trans(keys))
    scores = tl.where(visible, scores * scale, float("-inf"))
    new_largest = tl.maximum(largest, tl.max(scores, axis=1))
    # A row that has seen no key yet: keep infinity minus infinity out.
    reference = tl.where(new_largest == float("-inf"), 0.0, new_largest)
    weights = tl.exp2(scores - reference[:, None])
    shrink = tl.exp2(largest - reference)
    total = total * shrink + tl.sum(weights, axis=1)
    out = out * shrink[:, None]
    if exact:
        out += tl.dot(weights, values, input_precision="ieee")
    else:
        out = tl.dot(weights.to(values.dtype), values, out)
    return new_largest, total, out


# A chunk begins anywhere and ends anywhere: the code must not be compiled anew for numbers that divide by 16.
@triton.jit(do_not_specialize=["position", "steps"])
def window_attention(
    q,
    k,
    v,
    ring_k,
    ring_v,
    out,
    position,
    steps,
    window,
    groups,
    shared,
    scale,
    width: tl.constexpr,
    block_k: tl.constexpr,
    block_rows: tl.constexpr,
    block_keys: tl.constexpr,
    exact: tl.constexpr,
):
    """q (b, t, h, k), k and v (b, t, g, k), rings (b, g, w, k) -> out (b, t, h, k).

    The token at position p lies in slot p % w of the ring; `position` tokens came before. Rows of the product are
    pairs of query and head: the heads that share keys stand side by side, so a tile of keys is read once for them
    all. Keys are visited by position, so the ring's order needs no copy. scale: 1 / sqrt(k), in base 2.
    """
    row = tl.program_id(0) * block_rows + tl.arange(0, block_rows)
    b, group = tl.program_id(1) // groups, tl.program_id(1) % groups
    b = b.to(tl.int64)
    query, head = row // shared, group * shared + row % shared
    heads = groups * shared
    at = tl.arange(0, block_k)
    in_width = at < width
    inside = (query < steps)[:, None] & in_width[None, :]
    q_at = ((b * steps + query) * heads + head)[:, None] * width + at[None, :]
    q_tile = tl.load(q + q_at, mask=inside, other=0.0)

    first_query = (tl.program_id(0) * block_rows) // shared
    last_query = tl.minimum((tl.program_id(0) * block_rows + block_rows - 1) // shared, steps - 1)
    largest = tl.full((block_rows,), float("-inf"), tl.float32)
    total = tl.zeros((block_rows,), tl.float32)
    result = tl.zeros((block_rows, block_k), tl.float32)
    columns = tl.arange(0, block_keys)
    oldest = position + first_query - window + 1

    # Past keys, from the ring.
    for start in range(tl.maximum(oldest, 0), position, block_keys):
        at_position = start + columns
        there = at_position < position
        distance = (position + query)[:, None] - at_position[None, :]
        visible = (distance < window) & there[None, :]
        slot = ((b * groups + group) * window + at_position % window)[:, None] * width + at[None, :]
        load = there[:, None] & in_width[None, :]
        keys = tl.load(ring_k + slot, mask=load, other=0.0)
        values = tl.load(ring_v + slot, mask=load, other=0.0)
        largest, total, result = _attend_tile(q_tile, keys, values, visible, scale, largest, total, result, exact)
    # New keys.
    for start in range(tl.maximum(oldest - position, 0), last_query + 1, block_keys):
        key = start + columns
        there = key <= last_query
        distance = query[:, None] - key[None, :]
        visible = (distance >= 0) & (distance < window)
        at_key = ((b * steps + key) * groups + group)[:, None] * width + at[None, :]
        load = there[:, None] & in_width[None, :]
        keys = tl.load(k + at_key, mask=load, other=0.0)
        values = tl.load(v + at_key, mask=load, other=0.0)
        largest, total, result = _attend_tile(q_tile, keys, values, visible, scale, largest, total, result, exact)
    tl.store(out + q_at, (result / total[:, None]).to(out.dtype.element_ty), mask=inside)
