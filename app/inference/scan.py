"""The linear recurrence of the RG-LRU over time, in time linear in t and without a step per token."""

from __future__ import annotations

import math

import torch

from app.inference.shapes import Expanded, RNNState


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
