"""The passes around a block's matrix products, behind one seam: plain torch here, compiled in compiled.py."""

from __future__ import annotations

from typing import Protocol

from torch import Tensor

from app.inference import layers
from app.inference.batch import DecodeStep
from app.inference.config import Activation
from app.inference.layers import BlockDiagonal, RecurrentCell
from app.inference.shapes import ConvTail, Expanded, Heads, Hidden, RNNState
from app.inference.state import RecurrentState, WindowState


class Ops(Protocol):
    """What a block does between two matrix products. Every implementation gives the same to float32 rounding."""

    def rms_norm(self, x: Hidden, gain: Tensor, eps: float) -> Hidden:
        """See layers.rms_norm."""
        ...

    def gate(self, x: Tensor, up: Tensor, activation: Activation) -> Tensor:
        """act(x) * up, elementwise, in x's dtype; x may be overwritten."""
        ...

    def causal_conv(self, x: Expanded, weight: Tensor, bias: Tensor, tail: ConvTail) -> tuple[Expanded, ConvTail]:
        """See layers.causal_conv."""
        ...

    def rg_lru(
        self,
        x: Expanded,
        input_gate: BlockDiagonal,
        recurrence_gate: BlockDiagonal,
        log_decay: Tensor,
        h0: RNNState,
        *,
        starts_sequence: bool,
    ) -> tuple[Expanded, RNNState]:
        """See layers.rg_lru: h (b, t, e) float32 and the last state."""
        ...

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Heads:
        """x (b, t, heads, k) -> (b, heads, t, k), rotated; see layers.rotate."""
        ...

    def recurrent_step(
        self,
        x: Expanded,
        branch: Expanded,
        cell: RecurrentCell,
        activation: Activation,
        state: RecurrentState,
        step: DecodeStep,
    ) -> Expanded:
        """One token of each sequence of a batch: act(branch) * RG-LRU(conv(x)), all (b, 1, e).

        `branch` may be overwritten. `state` is advanced in place, in its own tensors; nothing waits for the device.
        """
        ...

    def attend_step(self, q: Tensor, k: Tensor, v: Tensor, window: WindowState, step: DecodeStep) -> Tensor:
        """One token of each sequence of a batch: q (b, 1, h, k), k and v (b, 1, g, k) -> (b, 1, h*k).

        Rotates q and k, writes k and v into the window at step.slots, in place, and attends to step.visible.
        """
        ...


class TorchOps:
    """Plain torch, for any device and dtype."""

    def rms_norm(self, x: Hidden, gain: Tensor, eps: float) -> Hidden:
        """See Ops."""
        return layers.rms_norm(x, gain, eps)

    def gate(self, x: Tensor, up: Tensor, activation: Activation) -> Tensor:
        """See Ops."""
        return layers.activate(x, activation).mul_(up)

    def causal_conv(self, x: Expanded, weight: Tensor, bias: Tensor, tail: ConvTail) -> tuple[Expanded, ConvTail]:
        """See Ops."""
        return layers.causal_conv(x, weight, bias, tail)

    def rg_lru(
        self,
        x: Expanded,
        input_gate: BlockDiagonal,
        recurrence_gate: BlockDiagonal,
        log_decay: Tensor,
        h0: RNNState,
        *,
        starts_sequence: bool,
    ) -> tuple[Expanded, RNNState]:
        """See Ops."""
        wide = x.float()
        i_logits, r_logits = input_gate(wide), recurrence_gate(wide)
        return layers.rg_lru(wide, i_logits, r_logits, log_decay, h0, starts_sequence=starts_sequence)

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Heads:
        """See Ops."""
        return layers.rotate(x.transpose(1, 2), cos, sin)

    def recurrent_step(
        self,
        x: Expanded,
        branch: Expanded,
        cell: RecurrentCell,
        activation: Activation,
        state: RecurrentState,
        step: DecodeStep,
    ) -> Expanded:
        """See Ops."""
        return self.gate(branch, layers.recurrent_step(x, cell, state.h, state.conv_tail, step.starts), activation)

    def attend_step(self, q: Tensor, k: Tensor, v: Tensor, window: WindowState, step: DecodeStep) -> Tensor:
        """See Ops."""
        window.write_each(layers.rotate_step(k, step.cos, step.sin), v, step.slots)
        return layers.attend_step(layers.rotate_step(q, step.cos, step.sin), window.k, window.v, step.visible)
