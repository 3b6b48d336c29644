"""The RG-LRU over many tokens in one pass: gates, decay, scan and the product with the branch.

Time is cut into chunks so that one sequence fills a GPU. A program holds one chunk of some channels in registers,
publishes what its chunk does to the state it starts from, and looks back over the chunks before until it knows that
state (Merrill and Garland's decoupled look-back). Inputs are read once, the output is written once.
"""

from __future__ import annotations

import triton
import triton.language as tl

from app.inference.cuda.kernels.device_functions import (
    activate,
    chain,
    fast_exp2,
    fast_reciprocal,
    fast_root,
    fast_tanh,
    lru_coefficients,
)


@triton.jit
def _pack(a, b):
    """A chunk's effect h -> a * h + b, 0 <= a <= 1, as one 64-bit word that is never 0: a's sign bit is set.

    One word is written and read at once, so a reader needs no other sign that it is there.
    """
    high = a.to(tl.int32, bitcast=True).to(tl.int64) | -2147483648
    low = b.to(tl.int32, bitcast=True).to(tl.int64) & 4294967295
    return (high << 32) | low


@triton.jit
def _unpack(word):
    a = ((word >> 32) & 2147483647).to(tl.int32).to(tl.float32, bitcast=True)
    return a, word.to(tl.int32).to(tl.float32, bitcast=True)


@triton.jit
def _fast_coefficients(input_logits, recurrence_logits, log_decay):
    """As lru_coefficients in few instructions; the decay, which compounds over time, stays good to 1e-6."""
    gate = 0.5 + 0.5 * fast_tanh(0.5 * input_logits)
    sigmoid = fast_reciprocal(1.0 + fast_exp2(recurrence_logits * -1.4426950408889634))
    a = fast_exp2(log_decay * 1.4426950408889634 * sigmoid)
    y = log_decay * -2.0 * sigmoid
    series = y * (1.0 - y * (1 / 2) * (1.0 - y * (1 / 3)))
    return gate, a, fast_root(tl.where(y < 0.1, series, 1.0 - a * a))


@triton.jit
def _look_back(words, chunk, stride, channel, ahead: tl.constexpr):
    """The state before `chunk`: the effects of the chunks before it, as far back as one whose end is known.

    A known end is an effect that forgets what came before, a = 0. words (chunks, stride): 0 until published.

    The words are read once more after they were all there: several threads hold a channel where there are more threads
    than channels, what decides is what one of them saw, and the others may have looked a moment too early.
    """
    looks = 0
    h = tl.zeros(channel.shape, tl.float32)
    while looks < 2:
        a = tl.full(channel.shape, 1.0, tl.float32)
        h = tl.zeros(channel.shape, tl.float32)
        there = tl.full(channel.shape, 1, tl.int32)
        for back in tl.static_range(ahead):
            at = chunk - ahead + back
            word = tl.load(words + at.to(tl.int64) * stride + channel, mask=(channel >= 0) & (at >= 0), other=0,
                           volatile=True)  # fmt: skip
            there &= tl.where((word != 0) | (at < 0), 1, 0)
            step_a, step_h = _unpack(word)
            outside = at < 0
            a, h = tl.where(outside, a, a * step_a), tl.where(outside, h, h * step_a + step_h)
        known = tl.min(tl.where((there != 0) & (a == 0.0), 1, 0), axis=0)
        looks += tl.maximum(looks, known)
    return h


# Not compiled anew for lengths that divide by 16, nor for the first chunk of a sequence.
@triton.jit(do_not_specialize=["steps", "batch", "starts_sequence"])
def rg_lru_scan(
    x,
    input_logits,
    recurrence_logits,
    input_bias,
    recurrence_bias,
    log_decay,
    branch,
    h0,
    words,
    ticket,
    out,
    last,
    batch,
    steps,
    channels,
    gate_width,
    starts_sequence,
    gated: tl.constexpr,
    silu: tl.constexpr,
    fast: tl.constexpr,
    run: tl.constexpr,
    runs: tl.constexpr,
    block_e: tl.constexpr,
    ahead: tl.constexpr,
):
    """x (b, t, e), logits (h, b * t, e / h) -> out (b, t, e) = h, or act(branch) * h where `gated`; last (b, e).

    A chunk is `runs` runs of `run` steps; a thread steps through its run alone. words (chunks, b * e) int64 and
    ticket (1,) int32 are 0 at the start. Programs take their chunk by ticket: all before it are under way, so none
    waits for one that cannot start.
    """
    number = tl.atomic_add(ticket, 1)
    blocks = channels // block_e
    chunk, place = number // (blocks * batch), number % (blocks * batch)
    row = place // blocks
    channel = (place % blocks) * block_e + tl.arange(0, block_e)
    r, w = tl.arange(0, run), tl.arange(0, runs)
    # Runs first: Triton spreads them over the threads, and each thread keeps the steps of its runs.
    step = chunk * (run * runs) + w[:, None] * run + r[None, :]
    inside = (step < steps)[:, :, None]
    at = (row * steps + step).to(tl.int64)[:, :, None]
    flat = at * channels + channel[None, None, :]
    # The gates' products come block by block: (h, b * t, e / h); a program's channels lie in one block.
    gate = ((place % blocks) * block_e) // gate_width
    within = channel - gate * gate_width
    logits = gate.to(tl.int64) * batch * steps * gate_width + at * gate_width + within[None, None, :]
    value = tl.load(x + flat, mask=inside, other=0.0).to(tl.float32)
    i = tl.load(input_logits + logits, mask=inside, other=0.0).to(tl.float32)
    i += tl.load(input_bias + channel)[None, None, :]
    g = tl.load(recurrence_logits + logits, mask=inside, other=0.0).to(tl.float32)
    g += tl.load(recurrence_bias + channel)[None, None, :]
    decay = tl.load(log_decay + channel)[None, None, :]
    if fast:
        gate_value, a, multiplier = _fast_coefficients(i, g, decay)
    else:
        gate_value, a, multiplier = lru_coefficients(i, g, decay)
    if (chunk == 0) & (starts_sequence != 0):
        multiplier = tl.where((step == 0)[:, :, None], 1.0, multiplier)
    b = multiplier * gate_value * value
    if chunk == tl.cdiv(steps, run * runs) - 1:
        # Steps past the end leave the state as it is.
        a, b = tl.where(inside, a, 1.0), tl.where(inside, b, 0.0)
    a, b = tl.associative_scan((a, b), 1, chain)

    at_end = (r == run - 1)[None, :, None]
    run_a, run_b = tl.sum(tl.where(at_end, a, 0.0), axis=1), tl.sum(tl.where(at_end, b, 0.0), axis=1)
    run_a, run_b = tl.associative_scan((run_a, run_b), 0, chain)
    at_end = (w == runs - 1)[:, None]
    chunk_a = tl.sum(tl.where(at_end, run_a, 0.0), axis=0)
    chunk_b = tl.sum(tl.where(at_end, run_b, 0.0), axis=0)
    own = words + chunk.to(tl.int64) * (batch * channels) + row * channels
    if chunk == 0:
        h = tl.load(h0 + row * channels + channel)
    else:
        tl.store(own + channel, _pack(chunk_a, chunk_b))
        h = _look_back(words + row * channels, chunk, batch * channels, channel, ahead)
    end = chunk_a * h + chunk_b
    # Not end * 0: that is no zero where the state has become infinite or NaN, and all after it would wait for one.
    tl.store(own + channel, _pack(tl.zeros_like(end), end))
    if chunk == tl.cdiv(steps, run * runs) - 1:
        tl.store(last + row * channels + channel, end)
    before = tl.broadcast_to(tl.maximum(w - 1, 0)[:, None], (runs, block_e))
    start = tl.gather(run_a, before, 0) * h[None, :] + tl.gather(run_b, before, 0)
    start = tl.where((w == 0)[:, None], h[None, :], start)
    states = a * start[:, None, :] + b
    if gated:
        other = tl.load(branch + flat, mask=inside, other=0.0).to(tl.float32)
        if fast and not silu:
            u = other * (0.7978845608 + 0.0356774081 * other * other)
            states *= 0.5 * other * (1.0 + fast_tanh(u))
        else:
            states *= activate(other, silu)
    tl.store(out + flat, states.to(out.dtype.element_ty), mask=inside)
