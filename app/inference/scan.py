"""The linear recurrence of the RG-LRU over time, in time linear in t and without a step per token."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeAlias

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)

from app.inference.shapes import Expanded, RNNState

Scan: TypeAlias = Callable[[Expanded, Expanded, RNNState], tuple[Expanded, RNNState]]
"""x, a, h0 -> h (b, t, e) and the last state (b, e); see rnn_scan."""

DOUBLING_CHUNK = 128
"""Steps that are scanned by doubling: more take more passes over the data, fewer leave more chunks to be chained."""


def rnn_scan(x: Expanded, a: Expanded, h0: RNNState) -> tuple[Expanded, RNNState]:
    """Run the RG-LRU recurrence h_t = a_t * h_{t-1} + x_t (Griffin, arXiv:2402.19427, section 2.4).

    The sequence is cut into about sqrt(t) segments of about sqrt(t) steps. All segments advance side by side from
    zero while the products of their decays build up, then the segments' last states are chained and what each
    inherits is added in one pass: 2 sqrt(t) small operations and three passes over the data. Products of decays
    only ever shrink towards zero, so nothing overflows, as sums of logarithms would not guarantee.

    Args:
        x: (b, t, e) float32 gated and scaled input; overwritten.
        a: (b, t, e) float32 decay in [0, 1]; overwritten.
        h0: (b, e) float32 state.
    Returns:
        h (b, t, e) and the last state (b, e), float32: bfloat16 would lose it over long inputs.
    """
    b, t, e = x.shape
    if t == 1:
        h = torch.addcmul(x[:, 0], a[:, 0], h0)
        return h[:, None], h
    steps = 1 << math.ceil(math.log2(math.sqrt(t)))
    whole = t - t % steps
    state = h0
    parts = []
    if whole:
        head, state = _scan_segments(
            x[:, :whole].reshape(b, -1, steps, e), a[:, :whole].reshape(b, -1, steps, e), state
        )
        parts.append(head)
    if whole < t:
        tail, state = _scan_segments(x[:, None, whole:], a[:, None, whole:], state)
        parts.append(tail)
    return (parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)), state


def _scan_segments(x: torch.Tensor, a: torch.Tensor, h0: RNNState) -> tuple[Expanded, RNNState]:
    """The recurrence over x, a of shape (b, segments, steps, e), both overwritten."""
    b, segments, steps, e = x.shape
    for i in range(1, steps):
        x[:, :, i].addcmul_(a[:, :, i], x[:, :, i - 1])
        a[:, :, i].mul_(a[:, :, i - 1])
    # inherited[:, n] is the state that segment n starts from; afterwards `state` is that of the last step.
    inherited = torch.empty((b, segments, e), dtype=x.dtype, device=x.device)
    state = h0
    for n in range(segments):
        inherited[:, n] = state
        state = torch.addcmul(x[:, n, -1], a[:, n, -1], state)
    x.addcmul_(a, inherited[:, :, None])
    return x.reshape(b, segments * steps, e), state


def doubling_scan(x: Expanded, a: Expanded, h0: RNNState) -> tuple[Expanded, RNNState]:
    """The same as `rnn_scan`, in few large operations, for devices on which each operation costs a launch.

    Within chunks of 128 steps the reach of every element doubles in each of seven passes (Hillis and Steele,
    doi:10.1145/7902.7903); the chunks' last states are themselves scanned in this way, and what each chunk inherits
    is added in one pass: 512 steps take ten passes of a few operations, where `rnn_scan` takes 64 steps of them.
    As there, products of decays may vanish and cannot overflow. x and a may be overwritten.
    """
    b, t, e = x.shape
    if t == 1:
        h = torch.addcmul(x[:, 0], a[:, 0], h0)
        return h[:, None], h
    steps = min(DOUBLING_CHUNK, t)
    chunks = -(-t // steps)
    # Steps that keep the state as it is fill the last chunk.
    x = F.pad(x, (0, 0, 0, chunks * steps - t)).reshape(b, chunks, steps, e)
    a = F.pad(a, (0, 0, 0, chunks * steps - t), value=1.0).reshape(b, chunks, steps, e)
    reach = 1
    while reach < steps:
        # Both right sides are complete before anything is overwritten: they read what they replace.
        x[:, :, reach:] = torch.addcmul(x[:, :, reach:], a[:, :, reach:], x[:, :, :-reach])
        a[:, :, reach:] = a[:, :, reach:] * a[:, :, :-reach]
        reach *= 2
    inherited = h0[:, None]
    if chunks > 1:
        ends, _ = doubling_scan(x[:, :-1, -1].clone(), a[:, :-1, -1].clone(), h0)
        inherited = torch.cat((inherited, ends), dim=1)
    h = x.addcmul_(a, inherited[:, :, None]).reshape(b, chunks * steps, e)[:, :t]
    return h, h[:, -1].clone()
