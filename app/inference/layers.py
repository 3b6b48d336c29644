"""The mathematics of Griffin's layers as functions of tensors: norm, rotary angles, convolution, RG-LRU, attention."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)
from torch import Tensor

from app.inference.config import Activation
from app.inference.scan import Scan, rnn_scan
from app.inference.shapes import ConvTail, Expanded, Heads, Hidden, RNNState

RG_LRU_C = 8.0
"""The constant c of the RG-LRU (Griffin, section 2.4)."""

WITHOUT_FLOAT64 = frozenset({"mps"})
"""Device types that have no float64."""
WITHOUT_GROUPED_ATTENTION = frozenset({"mps"})
"""Device types whose attention is given one key and value for every query head: not every torch groups them there."""


def rms_norm(x: Hidden, gain: Tensor, eps: float) -> Hidden:
    """RMSNorm with the gain already as 1 + scale, in float32 whatever x's dtype; (b, t, d) -> (b, t, d)."""
    wide = x.float()
    scale = torch.rsqrt((wide * wide).mean(-1, keepdim=True).add_(eps))
    return (wide * scale).mul_(gain).to(x.dtype)


def activate(x: Tensor, kind: Activation) -> Tensor:
    """The gate's nonlinearity, elementwise."""
    if kind is Activation.SILU:
        return F.silu(x)
    return F.gelu(x, approximate="tanh")


def rotary_angles(positions: Tensor, rotary_dim: int, base: float) -> tuple[Tensor, Tensor]:
    """Cosine and sine of the rotary embedding (arXiv:2104.09864), (t, rotary_dim / 2) float32 each.

    Angles are formed in float64: in float32, position times frequency is off by 0.06 rad at position one million.
    Where the device has no float64 (MPS), on the CPU.
    """
    device = positions.device
    if device.type in WITHOUT_FLOAT64:
        positions = positions.cpu()
    exponents = torch.arange(0, rotary_dim, 2, dtype=torch.float64, device=positions.device) / rotary_dim
    angles = positions.to(torch.float64)[:, None] * torch.pow(base, -exponents)
    return angles.cos().float().to(device), angles.sin().float().to(device)


def rotate(x: Heads, cos: Tensor, sin: Tensor) -> Heads:
    """Rotate the first 2 * cos.shape[-1] elements of each head, pairing element i with i + half."""
    half = cos.shape[-1]
    if half == 0:
        return x
    first, second, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((first * cos - second * sin, second * cos + first * sin, rest), dim=-1)


def causal_conv(x: Expanded, weight: Tensor, bias: Tensor, tail: ConvTail) -> tuple[Expanded, ConvTail]:
    """Depthwise causal convolution over time: y[t] = bias + sum_s weight[c-1-s] * x[t-s], s = 0 .. c-1.

    Args:
        x: (b, t, e).
        weight: (c, e), the last row for the current token.
        bias: (e,).
        tail: (b, c-1, e), inputs before x (zeros before the first token).
    Returns:
        y (b, t, e) and the new tail.
    """
    t = x.shape[1]
    padded = torch.cat((tail, x), dim=1)
    y = torch.addcmul(bias, padded[:, :t], weight[0])
    for tap in range(1, weight.shape[0]):
        y.addcmul_(padded[:, tap : tap + t], weight[tap])
    return y, padded[:, t:].clone()


@dataclass(frozen=True, slots=True)
class BlockDiagonal:
    """A gate of the RG-LRU: weight (h, e/h, e/h) as (in, out), bias (h, e/h), float32."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x: Expanded) -> Expanded:
        """(b, t, e) float32 -> logits (b, t, e)."""
        b, t, e = x.shape
        blocks = x.reshape(b * t, self.weight.shape[0], -1).transpose(0, 1)
        return torch.baddbmm(self.bias[:, None], blocks, self.weight).transpose(0, 1).reshape(b, t, e)


@dataclass(frozen=True, slots=True)
class RecurrentCell:
    """The weights between a recurrent block's projections: temporal convolution and RG-LRU.

    conv_weight: (c, e), the last row for the current token; conv_bias: (e,); log_decay: (e,) float32, the constant
    -c * softplus(a_param).
    """

    conv_weight: Tensor
    conv_bias: Tensor
    input_gate: BlockDiagonal
    recurrence_gate: BlockDiagonal
    log_decay: Tensor


def recurrent_step(x: Expanded, cell: RecurrentCell, h: RNNState, tail: ConvTail, starts: Tensor) -> Tensor:
    """Convolution and RG-LRU of one token per sequence, x (b, 1, e); `h` and `tail` are advanced in place.

    starts: (b,) bool, True where the token is its sequence's first. Returns the new h as (b, 1, e) float32: the
    state itself, not to be written to.
    """
    taps = torch.cat((tail, x), dim=1)
    tail.copy_(taps[:, 1:])
    c = torch.addcmul(cell.conv_bias, taps[:, :1], cell.conv_weight[0])
    for tap in range(1, taps.shape[1]):
        c.addcmul_(taps[:, tap : tap + 1], cell.conv_weight[tap])
    wide = c.float()
    log_a = cell.recurrence_gate(wide).sigmoid_().mul_(cell.log_decay)
    gated = cell.input_gate(wide).sigmoid_().mul_(wide)
    multiplier = (2.0 * log_a).expm1_().neg_().sqrt_().masked_fill_(starts[:, None, None], 1.0)
    h.mul_(log_a.exp_()[:, 0]).addcmul_(gated[:, 0], multiplier[:, 0])
    return h[:, None]


def rg_lru(
    x: Expanded,
    input_gate: Expanded,
    recurrence_gate: Expanded,
    log_decay: Tensor,
    h0: RNNState,
    *,
    starts_sequence: bool,
    scan: Scan = rnn_scan,
) -> tuple[Expanded, RNNState]:
    """Real-Gated Linear Recurrent Unit (Griffin, section 2.4), all in float32.

        log a = -c * softplus(a_param) * r,   h_t = a * h_{t-1} + sqrt(1 - a^2) * (i * x_t)

    Args:
        x: (b, t, e) float32 output of the convolution.
        input_gate, recurrence_gate: (b, t, e) logits of i and r; both overwritten.
        log_decay: (e,) the constant -c * softplus(a_param) per channel.
        h0: (b, e) float32.
        starts_sequence: the first token is the sequence's first: its input enters with factor 1.
        scan: how the recurrence is run over time.
    """
    log_a = recurrence_gate.sigmoid_().mul_(log_decay)
    gated = input_gate.sigmoid_().mul_(x)
    # expm1 keeps 1 - a^2 accurate where a is close to 1, which is where memory is longest.
    multiplier = (2.0 * log_a).expm1_().neg_().sqrt_()
    if starts_sequence:
        multiplier[:, 0] = 1.0
    return scan(gated.mul_(multiplier), log_a.exp_(), h0)


def window_mask(query_positions: Tensor, key_positions: Tensor, window_keys: int) -> Tensor:
    """(t, s) bool, True where the query may see the key: 0 <= q - k < window_keys. Keys may come in any order."""
    distance = query_positions[:, None] - key_positions[None, :]
    return (distance >= 0) & (distance < window_keys)


def attend(q: Heads, k: Heads, v: Heads, mask: Tensor | None) -> Tensor:
    """Softmax attention with grouped key/value heads: q (b, h, t, k), k and v (b, g, s, k) -> (b, t, h*k).

    mask: (t, s) bool, or what is added to the scores, 0 and -inf; None for plain causality: t queries on their own t
    keys.
    Scores are scaled by 1 / sqrt(k), without soft cap.
    """
    b, heads, t, width = q.shape
    groups = k.shape[1]
    if groups != heads and q.device.type in WITHOUT_GROUPED_ATTENTION:
        k, v = (x.repeat_interleave(heads // groups, dim=1) for x in (k, v))
    out = F.scaled_dot_product_attention(q, k, v, mask, is_causal=mask is None, enable_gqa=k.shape[1] != heads)
    return out.transpose(1, 2).reshape(b, t, heads * width)


def rotate_step(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """One token per sequence: x (b, 1, heads, k), cos and sin (b, half), to the same shape; see rotate."""
    return rotate(x, cos[:, None, None], sin[:, None, None])


def attend_step(q: Tensor, window_k: Heads, window_v: Heads, visible: Tensor) -> Tensor:
    """One token per sequence: q (b, 1, h, k), windows (b, g, w, k), visible (b, w) bool -> (b, 1, h*k); see attend."""
    b, _, heads, width = q.shape
    groups = window_k.shape[1]
    folded = q.reshape(b, groups, heads // groups, width)
    scores = torch.matmul(folded, window_k.transpose(-1, -2)).float().mul_(1.0 / math.sqrt(width))
    scores.masked_fill_(~visible[:, None, None], -math.inf)
    return torch.matmul(torch.softmax(scores, dim=-1).to(window_v.dtype), window_v).reshape(b, 1, heads * width)
