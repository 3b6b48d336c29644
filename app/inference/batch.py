"""Many sequences decoded in step, each at its own position: their states side by side in buffers of fixed shape.

Nothing here or in `Griffin.decode` waits for the device or has a shape that depends on a position, so one CUDA graph
per batch size serves sequences of any length.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from app.inference.config import GriffinConfig
from app.inference.layers import rotary_angles
from app.inference.state import LayerState, ModelState, RecurrentState, WindowState


@dataclass(frozen=True, slots=True)
class DecodeBatch:
    """The states of b sequences. The tensors are written in place, and stay the same ones while the batch lives.

    positions: (b,) int64 on the model's device, tokens that each sequence has taken in.
    layers: one entry per block, as in ModelState, with b rows; contiguous.
    """

    positions: Tensor
    layers: list[LayerState]

    @property
    def size(self) -> int:
        """Number of sequences, b."""
        return self.positions.shape[0]


@dataclass(frozen=True, slots=True)
class DecodeStep:
    """What all blocks share while each sequence takes in one token.

    positions: (b,) int64, tokens taken in before this one.
    starts: (b,) bool, True where this token is its sequence's first.
    slots: (b,) int64, the window's slot for this token, positions % w.
    visible: (b, w) bool, the slots that the token may see once its own is written: all in use.
    cos, sin: (b, rotary_dim / 2) float32.
    """

    positions: Tensor
    starts: Tensor
    slots: Tensor
    visible: Tensor
    cos: Tensor
    sin: Tensor

    @classmethod
    def at(cls, positions: Tensor, config: GriffinConfig) -> DecodeStep:
        """The step after so many tokens, worked out on the positions' device."""
        window = config.window_keys
        index = torch.arange(window, device=positions.device)
        cos, sin = rotary_angles(positions, config.rotary_dim, config.rope_base)
        return cls(positions, positions == 0, positions % window, index <= positions[:, None], cos, sin)


def gather(states: Sequence[ModelState], device: torch.device) -> DecodeBatch:
    """Copies of the states of one sequence each, side by side; the states stay as they are."""
    positions = torch.tensor([state.position for state in states], dtype=torch.int64, device=device)
    layers = [_join(layers) for layers in zip(*(state.layers for state in states), strict=True)]
    return DecodeBatch(positions, layers)


def scatter(batch: DecodeBatch, index: int) -> ModelState:
    """The state of one sequence as a value of its own, without logits. Waits for the device."""
    return ModelState(int(batch.positions[index]), take(batch, [index]).layers)


def take(batch: DecodeBatch, rows: Sequence[int]) -> DecodeBatch:
    """A batch of some of the sequences, in this order: so those that have ended leave. A copy; rows may repeat."""
    index = torch.tensor(rows, dtype=torch.int64, device=batch.positions.device)
    return DecodeBatch(batch.positions[index], [_select(layer, index) for layer in batch.layers])


def _join(layers: Sequence[LayerState]) -> LayerState:
    first = layers[0]
    if isinstance(first, RecurrentState):
        rows = [layer for layer in layers if isinstance(layer, RecurrentState)]
        return RecurrentState(torch.cat([row.h for row in rows]), torch.cat([row.conv_tail for row in rows]))
    windows = [layer for layer in layers if isinstance(layer, WindowState)]
    return WindowState(torch.cat([window.k for window in windows]), torch.cat([window.v for window in windows]))


def _select(layer: LayerState, rows: Tensor) -> LayerState:
    if isinstance(layer, RecurrentState):
        return RecurrentState(layer.h[rows], layer.conv_tail[rows])
    return WindowState(layer.k[rows], layer.v[rows])
