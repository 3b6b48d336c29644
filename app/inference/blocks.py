"""Griffin's residual block and its three parts: recurrent block, local attention, gated MLP."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.inference.batch import DecodeStep
from app.inference.config import Activation
from app.inference.layers import RecurrentCell, attend
from app.inference.linear import Linear
from app.inference.ops import Ops
from app.inference.shapes import Hidden
from app.inference.state import LayerState, RecurrentState, WindowState


@dataclass(frozen=True, slots=True)
class Step:
    """What all blocks of one forward pass share.

    position: tokens taken in before this pass.
    cos, sin: (t, rotary_dim / 2) rotary angles of the new tokens.
    mask: (t, s) bool over past window and new tokens, None where causality says it all (see layers.attend).
    """

    position: int
    cos: Tensor
    sin: Tensor
    mask: Tensor | None


@dataclass(frozen=True, slots=True)
class RecurrentBlock:
    """linear_out(RG-LRU(conv(linear_x(n))) * act(linear_y(n))), Griffin section 2.3."""

    linear_x: Linear
    linear_y: Linear
    linear_out: Linear
    cell: RecurrentCell
    activation: Activation
    ops: Ops

    def __call__(self, x: Hidden, state: LayerState, step: Step) -> Hidden:
        """(b, t, d) -> (b, t, d); `state` is advanced in place."""
        assert isinstance(state, RecurrentState)
        cell = self.cell
        n = self.linear_x.prepare(x)
        c, state.conv_tail = self.ops.causal_conv(self.linear_x(n), cell.conv_weight, cell.conv_bias, state.conv_tail)
        h, state.h = self.ops.rg_lru(
            c,
            cell.input_gate,
            cell.recurrence_gate,
            cell.log_decay,
            state.h,
            starts_sequence=step.position == 0,
        )
        return self.linear_out(self.linear_out.prepare(self.ops.gate(self.linear_y(n), h, self.activation)))

    def decode(self, x: Hidden, state: LayerState, step: DecodeStep) -> Hidden:
        """One token of each sequence, (b, 1, d) -> (b, 1, d); `state` is advanced in place, in its own tensors."""
        assert isinstance(state, RecurrentState)
        n = self.linear_x.prepare(x)
        out = self.ops.recurrent_step(self.linear_x(n), self.linear_y(n), self.cell, self.activation, state, step)
        return self.linear_out(self.linear_out.prepare(out))


@dataclass(frozen=True, slots=True)
class AttentionBlock:
    """Local attention with rotary embedding and grouped keys and values, Griffin section 2.3."""

    q_proj: Linear
    k_proj: Linear
    v_proj: Linear
    o_proj: Linear
    head_dim: int
    ops: Ops

    def __call__(self, x: Hidden, state: LayerState, step: Step) -> Hidden:
        """(b, t, d) -> (b, t, d), t of 2 or more; the window in `state` is advanced in place."""
        assert isinstance(state, WindowState)
        b, t, _ = x.shape
        n = self.q_proj.prepare(x)
        q, k, v = (proj(n).reshape(b, t, -1, self.head_dim) for proj in (self.q_proj, self.k_proj, self.v_proj))
        q, k = self.ops.rotate(q, step.cos, step.sin), self.ops.rotate(k, step.cos, step.sin)
        v = v.transpose(1, 2)
        return self.o_proj(self.o_proj.prepare(self._read(q, k, v, state, step)))

    def decode(self, x: Hidden, state: LayerState, step: DecodeStep) -> Hidden:
        """One token of each sequence, (b, 1, d) -> (b, 1, d); `state` is advanced in place, in its own tensors."""
        assert isinstance(state, WindowState)
        shape = (x.shape[0], 1, -1, self.head_dim)
        n = self.q_proj.prepare(x)
        q, k, v = (proj(n).reshape(shape) for proj in (self.q_proj, self.k_proj, self.v_proj))
        return self.o_proj(self.o_proj.prepare(self.ops.attend_step(q, k, v, state, step)))

    def _read(self, q: Tensor, k: Tensor, v: Tensor, state: WindowState, step: Step) -> Tensor:
        used = state.filled(step.position)
        keys = k if used == 0 else k.new_empty((*k.shape[:2], used + k.shape[2], k.shape[3]))
        values = v if used == 0 else keys.new_empty(keys.shape)
        if used:
            keys[:, :, :used], keys[:, :, used:] = state.k[:, :, :used], k
            values[:, :, :used], values[:, :, used:] = state.v[:, :, :used], v
        out = attend(q, keys, values, step.mask)
        state.write(k, v, step.position)
        return out


@dataclass(frozen=True, slots=True)
class Mlp:
    """down(act(gate(n)) * up(n)), Griffin section 2.2."""

    gate_proj: Linear
    up_proj: Linear
    down_proj: Linear
    activation: Activation
    ops: Ops

    def __call__(self, x: Hidden) -> Hidden:
        """(b, t, d) -> (b, t, d)."""
        n = self.gate_proj.prepare(x)
        gated = self.ops.gate(self.gate_proj(n), self.up_proj(n), self.activation)
        return self.down_proj(self.down_proj.prepare(gated))


@dataclass(frozen=True, slots=True)
class ResidualBlock:
    """x + temporal(norm(x)), then + mlp(norm(.)), Griffin section 2.1. Gains are 1 + scale, (d,) float32."""

    temporal_gain: Tensor
    temporal: RecurrentBlock | AttentionBlock
    channel_gain: Tensor
    mlp: Mlp
    eps: float
    ops: Ops

    def __call__(self, x: Hidden, state: LayerState, step: Step) -> Hidden:
        """(b, t, d) -> (b, t, d); `state` is advanced in place."""
        x = x + self.temporal(self.ops.rms_norm(x, self.temporal_gain, self.eps), state, step)
        return x + self.mlp(self.ops.rms_norm(x, self.channel_gain, self.eps))

    def decode(self, x: Hidden, state: LayerState, step: DecodeStep) -> Hidden:
        """One token of each sequence, (b, 1, d) -> (b, 1, d); `state` is advanced in place, in its own tensors."""
        x = x + self.temporal.decode(self.ops.rms_norm(x, self.temporal_gain, self.eps), state, step)
        return x + self.mlp(self.ops.rms_norm(x, self.channel_gain, self.eps))
