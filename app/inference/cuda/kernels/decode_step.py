"""One token of every sequence: the start of a step, the RG-LRU's step, and attention to the ring."""

from __future__ import annotations

import triton
import triton.language as tl

from app.inference.cuda.kernels.device_functions import lru_coefficients


@triton.jit
def begin_step(
    ids,
    positions,
    current,
    embedding,
    row_scale,
    frequencies,
    x,
    cos,
    sin,
    width,
    half,
    factor,
    scaled: tl.constexpr,
    block: tl.constexpr,
    block_half: tl.constexpr,
):
    """x (b, d) = embedding[ids] * factor; cos, sin (b, half) of position times frequency, reduced in float64.

    `current` (b,) becomes the positions of these tokens, and `positions` moves on to those of the next.
    """
    b = tl.program_id(0)
    position = tl.load(positions + b)
    tl.store(current + b, position)
    tl.store(positions + b, position + 1)
    token = tl.load(ids + b)
    at = tl.arange(0, block)
    value = tl.load(embedding + token * width + at, mask=at < width, other=0).to(tl.float32)
    if scaled:
        value *= tl.load(row_scale + token)
    tl.store(x + b * width + at, value * factor, mask=at < width)
    i = tl.arange(0, block_half)
    angle = position.to(tl.float64) * tl.load(frequencies + i, mask=i < half, other=0.0)
    turns = angle * 0.15915494309189535
    angle = ((turns - tl.floor(turns)) * 6.283185307179586).to(tl.float32)
    tl.store(cos + b * half + i, tl.cos(angle), mask=i < half)
    tl.store(sin + b * half + i, tl.sin(angle), mask=i < half)


@triton.jit
def recurrent_step(
    x,
    branch,
    input_weight,
    input_bias,
    recurrence_weight,
    recurrence_bias,
    log_decay,
    h,
    positions,
    out,
    batch,
    channels,
    size,
    exact: tl.constexpr,
    block_m: tl.constexpr,
    block_i: tl.constexpr,
    block_j: tl.constexpr,
):
    """out (b, e) = branch * h after one step of the RG-LRU on x (b, e); gates (e / size, size, size) as (in, out)."""
    slices = tl.cdiv(size, block_j)
    block, piece = tl.program_id(0) // slices, tl.program_id(0) % slices
    i, j = tl.arange(0, block_i), piece * block_j + tl.arange(0, block_j)
    in_j = j < size
    at_weight = (block * size + i[:, None]) * size + j[None, :]
    in_weight = (i < size)[:, None] & in_j[None, :]
    m = tl.program_id(1) * block_m + tl.arange(0, block_m)
    in_batch = m < batch
    row = m.to(tl.int64) * channels + block * size
    # All that comes from memory is asked for before the first product waits for any of it.
    channel = block * size + j
    at = row[:, None] + j[None, :]
    inside = in_batch[:, None] & in_j[None, :]
    i_bias = tl.load(input_bias + channel, mask=in_j, other=0.0)[None, :]
    r_bias = tl.load(recurrence_bias + channel, mask=in_j, other=0.0)[None, :]
    decay = tl.load(log_decay + channel, mask=in_j, other=0.0)[None, :]
    first = (tl.load(positions + m, mask=in_batch, other=1) == 0)[:, None]
    own = tl.load(x + at, mask=inside, other=0.0).to(tl.float32)
    before = tl.load(h + at, mask=inside, other=0.0)
    other = tl.load(branch + at, mask=inside, other=0.0).to(tl.float32)
    w_input = tl.load(input_weight + at_weight, mask=in_weight, other=0.0)
    w_recurrence = tl.load(recurrence_weight + at_weight, mask=in_weight, other=0.0)
    value = tl.load(x + row[:, None] + i[None, :], mask=in_batch[:, None] & (i < size)[None, :], other=0.0)
    if block_m == 1:
        wide = tl.trans(value.to(tl.float32))
        input_logits = tl.sum(wide * w_input.to(tl.float32), axis=0)[None, :]
        recurrence_logits = tl.sum(wide * w_recurrence.to(tl.float32), axis=0)[None, :]
    elif exact:
        input_logits = tl.dot(value, w_input, input_precision="ieee")
        recurrence_logits = tl.dot(value, w_recurrence, input_precision="ieee")
    else:
        input_logits = tl.dot(value.to(tl.bfloat16), w_input.to(tl.bfloat16))
        recurrence_logits = tl.dot(value.to(tl.bfloat16), w_recurrence.to(tl.bfloat16))
    gate, a, multiplier = lru_coefficients(input_logits + i_bias, recurrence_logits + r_bias, decay)
    state = a * before + tl.where(first, 1.0, multiplier) * gate * own
    tl.store(h + at, state, mask=inside)
    result = state * other
    tl.store(out + at, result.to(out.dtype.element_ty), mask=inside)


@triton.jit
def _rotated(x, row, at, inside, cos, sin, half):
    """Vectors x[row + at], their first 2 * half elements rotated; float32."""
    rotated = at < 2 * half
    partner = tl.where(at < half, at + half, at - half)
    value = tl.load(x + row + at, mask=inside, other=0.0).to(tl.float32)
    other = tl.load(x + row + partner, mask=inside & rotated, other=0.0).to(tl.float32)
    c = tl.load(cos + at % half, mask=rotated, other=1.0)
    s = tl.load(sin + at % half, mask=rotated, other=0.0)
    return value * c + tl.where(at < half, -other, other) * s


@triton.jit
def attend_ring(
    qkv,
    ring_k,
    ring_v,
    positions,
    cos,
    sin,
    partial,
    largest,
    total,
    out,
    window,
    groups,
    shared,
    half,
    scale,
    slots_each,
    splits,
    split: tl.constexpr,
    exact: tl.constexpr,
    width: tl.constexpr,
    block_k: tl.constexpr,
    block_rows: tl.constexpr,
    block_slots: tl.constexpr,
):
    """One query per head against a share of the ring's slots.

    qkv (b, (h + 2 g) * k), not rotated yet; rings (b, g, w, k). The program whose share holds the new token's slot
    writes it. Where `split`, out comes from combine_splits, of partial (b, splits, h, k) and largest, total
    (b, splits, h), all float32; else it is written here, (b, h, k).
    """
    share = tl.program_id(0)
    b, group = tl.program_id(1) // groups, tl.program_id(1) % groups
    heads = groups * shared
    position = tl.load(positions + b)
    used = tl.minimum(position + 1, window)
    new_slot = position % window
    at = tl.arange(0, block_k)
    in_width = at < width
    member = tl.arange(0, block_rows)
    head = group * shared + member
    in_rows = member < shared
    start_row = b.to(tl.int64) * (heads + 2 * groups) * width
    cos += b * half
    sin += b * half
    inside = in_rows[:, None] & in_width[None, :]
    q = _rotated(qkv, start_row + head[:, None] * width, at[None, :], inside, cos, sin, half)
    ring_dtype = ring_k.dtype.element_ty
    q = q.to(ring_dtype)
    new_k = _rotated(qkv, start_row + (heads + group) * width, at, in_width, cos, sin, half).to(ring_dtype)
    new_v = tl.load(qkv + start_row + (heads + groups + group) * width + at, mask=in_width, other=0.0).to(ring_dtype)
    ring = (b.to(tl.int64) * groups + group) * window * width
    first, last = share * slots_each, tl.minimum(share * slots_each + slots_each, used)
    if (new_slot >= first) & (new_slot < last):
        tl.store(ring_k + ring + new_slot * width + at, new_k, mask=in_width)
        tl.store(ring_v + ring + new_slot * width + at, new_v, mask=in_width)
    high = tl.full((block_rows,), float("-inf"), tl.float32)
    mass = tl.zeros((block_rows,), tl.float32)
    result = tl.zeros((block_rows, block_k), tl.float32)
    for start in range(first, last, block_slots):
        slot = start + tl.arange(0, block_slots)
        there = slot < last
        load = (there & (slot != new_slot))[:, None] & in_width[None, :]
        fresh = (slot == new_slot)[:, None]
        place = ring + slot[:, None] * width + at[None, :]
        keys = tl.where(fresh, new_k[None, :], tl.load(ring_k + place, mask=load, other=0.0))
        values = tl.where(fresh, new_v[None, :], tl.load(ring_v + place, mask=load, other=0.0))
        if exact:
            scores = tl.dot(q, tl.trans(keys), input_precision="ieee") * scale
        else:
            scores = tl.dot(q, tl.trans(keys)) * scale
        scores = tl.where(there[None, :], scores, float("-inf"))
        new_high = tl.maximum(high, tl.max(scores, axis=1))
        weights = tl.exp2(scores - new_high[:, None])
        shrink = tl.exp2(high - new_high)
        mass = mass * shrink + tl.sum(weights, axis=1)
        result *= shrink[:, None]
        if exact:
            result += tl.dot(weights, values, input_precision="ieee")
        else:
            result = tl.dot(weights.to(ring_dtype), values, result)
        high = new_high
    if split:
        row = (b * splits + share) * heads + head
        tl.store(partial + row.to(tl.int64)[:, None] * width + at[None, :], result, mask=inside)
        tl.store(largest + row, high, mask=in_rows)
        tl.store(total + row, mass, mask=in_rows)
    else:
        row = (b * heads + head).to(tl.int64)
        result = (result / mass[:, None]).to(out.dtype.element_ty)
        tl.store(out + row[:, None] * width + at[None, :], result, mask=inside)


@triton.jit
def combine_splits(
    partial,
    largest,
    total,
    out,
    splits,
    width,
    block_splits: tl.constexpr,
    block_k: tl.constexpr,
):
    """partial (b, splits, h, k) with its running softmax -> out (b, h, k); a share without slots counts nothing."""
    head, b, heads = tl.program_id(0), tl.program_id(1), tl.num_programs(0)
    share = tl.arange(0, block_splits)
    there = share < splits
    row = (b * splits + share) * heads + head
    high = tl.load(largest + row, mask=there, other=float("-inf"))
    weight = tl.exp2(high - tl.max(high, axis=0))
    at = tl.arange(0, block_k)
    inside = there[:, None] & (at < width)[None, :]
    values = tl.load(partial + row.to(tl.int64)[:, None] * width + at[None, :], mask=inside, other=0.0)
    mass = tl.sum(weight * tl.load(total + row, mask=there, other=0.0), axis=0)
    result = tl.sum(weight[:, None] * values, axis=0) / mass
    place = (b * heads + head).to(tl.int64) * width + at
    tl.store(out + place, result.to(out.dtype.element_ty), mask=at < width)
