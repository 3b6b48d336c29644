"""The Griffin language model: embedding, residual blocks, final norm, tied head."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from app.inference.batch import DecodeBatch, DecodeStep
from app.inference.blocks import ResidualBlock, Step
from app.inference.config import BlockType, GriffinConfig
from app.inference.layers import rotary_angles, window_mask
from app.inference.linear import Embedding, Linear
from app.inference.ops import Ops
from app.inference.shapes import Hidden, Logits, TokenIds
from app.inference.state import LayerState, ModelState, fresh_state, slot_positions


class Passes(Protocol):
    """A device's own way through all blocks, in place of going from block to block."""

    def read(self, ids: TokenIds, state: ModelState) -> Hidden:
        """As Griffin.hidden; the position stays to be advanced."""
        ...

    def decode(self, ids: TokenIds, batch: DecodeBatch) -> Tensor:
        """See Griffin.decode."""
        ...


class TokenPass(Protocol):
    """A shorter way through all blocks for one token of one sequence."""

    def __call__(self, x: Hidden, layers: Sequence[LayerState], step: DecodeStep) -> Hidden:
        """x (1, 1, d) before the first block -> after the last; the layers' states are advanced in place."""
        ...


@dataclass(frozen=True, slots=True)
class Griffin:
    """A loaded model. Weights only: everything about a sequence is in its ModelState.

    embedding_scale: sqrt(d) rounded to bfloat16, as in training ("cast to match training" in DeepMind's code),
    or 1. head: the embedding matrix as a linear map. passes: a device's own way through the blocks; they may hold the
    weights, and `blocks` be empty.
    """

    config: GriffinConfig
    embedding: Embedding
    embedding_scale: float
    blocks: tuple[ResidualBlock, ...]
    final_gain: Tensor
    head: Linear
    ops: Ops
    dtype: torch.dtype
    device: torch.device
    passes: Passes | None = None
    token_pass: TokenPass | None = None

    def fresh_state(self, batch: int = 1) -> ModelState:
        """A state at position 0."""
        return fresh_state(self.config, batch=batch, dtype=self.dtype, device=self.device)

    def hidden(self, ids: TokenIds, state: ModelState, *, between_layers: Callable[[], None] = lambda: None) -> Hidden:
        """Advance `state` over the tokens and return the last layer's normed output, (b, t) -> (b, t, d).

        Any number of tokens may follow on any state. `state.logits` becomes None. What `between_layers` raises ends
        the pass where it is, with some layers of the state advanced and others not; passes do not call it.
        """
        b, t = ids.shape
        if self.passes is not None:
            hidden = self.passes.read(ids, state)
        elif t == 1:
            positions = torch.full((b,), state.position, device=self.device)
            hidden = self._next_hidden(ids, DecodeBatch(positions, state.layers))
        else:
            step = self._step(state.position, t)
            x = self.embedding(ids) * self.embedding_scale
            for block, layer_state in zip(self.blocks, state.layers, strict=True):
                between_layers()
                x = block(x, layer_state, step)
            hidden = self.ops.rms_norm(x, self.final_gain, self.config.rms_norm_eps)
        state.position += t
        state.logits = None
        return hidden

    def logits(self, hidden: Hidden) -> Logits:
        """Scores of the next token, (b, t, d) -> (b, t, v) float32, soft-capped where the model is."""
        out = self.head(self.head.prepare(hidden)).float()
        cap = self.config.logits_soft_cap
        return out.div_(cap).tanh_().mul_(cap) if cap else out

    def forward(self, ids: TokenIds, state: ModelState) -> Logits:
        """Advance `state` and return the scores after every token, (b, t) -> (b, t, v)."""
        return self.logits(self.hidden(ids, state))

    def decode(self, ids: TokenIds, batch: DecodeBatch) -> Tensor:
        """One token of each sequence, ids (b, 1) -> scores of the next tokens (b, v) float32.

        `batch` is advanced in place, positions included, in its own tensors. Nothing waits for the device and no
        shape depends on a position: a CUDA graph can capture this. Equals `forward` of each sequence to rounding.
        """
        if self.passes is not None:
            return self.passes.decode(ids, batch)
        return self.logits(self._next_hidden(ids, batch))[:, 0]

    def _next_hidden(self, ids: TokenIds, batch: DecodeBatch) -> Hidden:
        step = DecodeStep.at(batch.positions, self.config)
        x = self.embedding(ids) * self.embedding_scale
        if self.token_pass is not None and batch.size == 1:
            x = self.token_pass(x, batch.layers, step)
        else:
            for block, layer_state in zip(self.blocks, batch.layers, strict=True):
                x = block.decode(x, layer_state, step)
        batch.positions.add_(1)
        return self.ops.rms_norm(x, self.final_gain, self.config.rms_norm_eps)

    def _step(self, position: int, t: int) -> Step:
        config = self.config
        new = torch.arange(position, position + t, device=self.device)
        cos, sin = rotary_angles(new, config.rotary_dim, config.rope_base)
        mask = None
        plainly_causal = position == 0 and t <= config.window_keys
        if BlockType.ATTENTION in config.block_types and not plainly_causal:
            past = slot_positions(position, config.window_keys, self.device)
            mask = window_mask(new, torch.cat((past, new)), config.window_keys)
            if self.device.type == "cpu":
                # What attention adds to the scores; of a mask it would make that anew in every layer.
                mask = torch.zeros(mask.shape, dtype=self.dtype).masked_fill_(~mask, -torch.inf)
        return Step(position, cos, sin, mask)


def embedding_scale(config: GriffinConfig) -> float:
    """sqrt(d) rounded to bfloat16 (2B: 50.5, not 50.596), or 1 where the model does not scale."""
    if not config.scale_embeddings:
        return 1.0
    return float(torch.tensor(config.width**0.5, dtype=torch.bfloat16))
