"""Norm, gate, rotary embedding and temporal convolution, each in one pass over its data."""

from __future__ import annotations

import triton
import triton.language as tl

from app.inference.cuda.kernels.device_functions import activate, soft_cap


@triton.jit
def rms_norm_rows(
    x,
    update,
    gain,
    out,
    width,
    eps,
    adds: tl.constexpr,
    block: tl.constexpr,
):
    """out (n, width) = rms_norm(x) * gain; where `adds`, x += update comes first, in place."""
    at = tl.arange(0, block)
    inside = at < width
    row = tl.program_id(0).to(tl.int64) * width
    value = tl.load(x + row + at, mask=inside, other=0.0)
    if adds:
        total = value.to(tl.float32) + tl.load(update + row + at, mask=inside, other=0.0).to(tl.float32)
        value = total.to(x.dtype.element_ty)
        tl.store(x + row + at, value, mask=inside)
    wide = value.to(tl.float32)
    scale = tl.rsqrt(tl.sum(wide * wide, axis=0) / width + eps)
    wide = wide * scale * tl.load(gain + at, mask=inside, other=0.0)
    tl.store(out + row + at, wide.to(out.dtype.element_ty), mask=inside)


@triton.jit
def gate_elements(
    x,
    up,
    out,
    count,
    silu: tl.constexpr,
    block: tl.constexpr,
):
    """out = act(x) * up, elementwise; out may be x."""
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    inside = at < count
    value = activate(tl.load(x + at, mask=inside, other=0.0).to(tl.float32), silu)
    value *= tl.load(up + at, mask=inside, other=0.0).to(tl.float32)
    tl.store(out + at, value.to(out.dtype.element_ty), mask=inside)


@triton.jit
def rotate_heads(
    x,
    cos,
    sin,
    out,
    steps,
    heads,
    width,
    half,
    block: tl.constexpr,
):
    """out (b, t, heads, k): element i < half of every head is rotated with element half + i; cos, sin (t, half)."""
    vector = tl.program_id(0).to(tl.int64)
    step = (vector // heads) % steps
    at = tl.arange(0, block)
    inside = at < width
    rotated = at < 2 * half
    partner = tl.where(at < half, at + half, at - half)
    angle = step * half + at % half
    value = tl.load(x + vector * width + at, mask=inside, other=0.0).to(tl.float32)
    other = tl.load(x + vector * width + partner, mask=rotated, other=0.0).to(tl.float32)
    c = tl.load(cos + angle, mask=rotated, other=1.0)
    s = tl.load(sin + angle, mask=rotated, other=0.0)
    value = value * c + tl.where(at < half, -other, other) * s
    tl.store(out + vector * width + at, value.to(out.dtype.element_ty), mask=inside)


@triton.jit
def causal_conv_rows(
    x,
    weight,
    bias,
    tail,
    out,
    new_tail,
    steps,
    channels,
    taps: tl.constexpr,
    block_t: tl.constexpr,
    block_e: tl.constexpr,
):
    """out[t] = bias + sum_s weight[taps - 1 - s] * x[t - s]; before x lies `tail` (b, taps - 1, e); see layers."""
    channel = tl.program_id(0) * block_e + tl.arange(0, block_e)
    step = tl.program_id(1) * block_t + tl.arange(0, block_t)
    row = tl.program_id(2).to(tl.int64)
    wide = channel < channels
    inside = (step < steps)[:, None] & wide[None, :]
    total = tl.zeros((block_t, block_e), tl.float32) + tl.load(bias + channel, mask=wide, other=0.0)[None, :]
    for tap in tl.static_range(taps):
        source = step - (taps - 1 - tap)
        new = x + (row * steps + source)[:, None] * channels + channel[None, :]
        old = tail + (row * (taps - 1) + source + (taps - 1))[:, None] * channels + channel[None, :]
        past = (source < 0)[:, None]
        value = tl.load(new, mask=inside & (source >= 0)[:, None], other=0.0).to(tl.float32)
        if tl.program_id(1) == 0:
            value += tl.load(old, mask=inside & past, other=0.0).to(tl.float32)
        total += value * tl.load(weight + tap * channels + channel, mask=wide, other=0.0).to(tl.float32)[None, :]
    at = (row * steps + step)[:, None] * channels + channel[None, :]
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)
    if tl.program_id(1) == 0:
        for slot in tl.static_range(taps - 1):
            index = steps - (taps - 1) + slot
            recent = x + (row * steps + index) * channels + channel
            earlier = tail + (row * (taps - 1) + index + (taps - 1)) * channels + channel
            kept = tl.load(recent, mask=wide & (index >= 0), other=0.0)
            kept += tl.load(earlier, mask=wide & (index < 0), other=0.0)
            tl.store(new_tail + (row * (taps - 1) + slot) * channels + channel, kept, mask=wide)


@triton.jit
def conv_step(
    x,
    branch,
    weight,
    bias,
    tail,
    out,
    activated,
    channels,
    silu: tl.constexpr,
    taps: tl.constexpr,
    block: tl.constexpr,
):
    """One token of every row: out = conv(x), activated = act(branch), all (b, e); `tail` moves on in place."""
    channel = tl.program_id(0) * block + tl.arange(0, block)
    inside = channel < channels
    row = tl.program_id(1).to(tl.int64)
    at = row * channels + channel
    newest = tl.load(x + at, mask=inside, other=0.0).to(tail.dtype.element_ty)
    total = tl.load(bias + channel, mask=inside, other=0.0).to(tl.float32)
    total += newest.to(tl.float32) * tl.load(weight + (taps - 1) * channels + channel, mask=inside, other=0.0)
    for tap in tl.static_range(taps - 1):
        slot = tail + (row * (taps - 1) + tap) * channels + channel
        older = tl.load(slot, mask=inside, other=0.0)
        total += older.to(tl.float32) * tl.load(weight + tap * channels + channel, mask=inside, other=0.0)
        if tap > 0:
            tl.store(slot - channels, older, mask=inside)
        if tap == taps - 2:
            tl.store(slot, newest, mask=inside)
    tl.store(out + at, total.to(out.dtype.element_ty), mask=inside)
    value = activate(tl.load(branch + at, mask=inside, other=0.0).to(tl.float32), silu)
    tl.store(activated + at, value.to(activated.dtype.element_ty), mask=inside)


@triton.jit
def cap_elements(x, out, count, cap, block: tl.constexpr):
    """out = cap * tanh(x / cap), float32; no cap where it is 0."""
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    value = tl.load(x + at, mask=at < count, other=0.0).to(tl.float32)
    if cap > 0:
        value = soft_cap(value, cap)
    tl.store(out + at, value, mask=at < count)
