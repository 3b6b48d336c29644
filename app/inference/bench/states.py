"""States of sequences that nobody read: random values in place of a long input's."""

from __future__ import annotations

import torch

from app.inference.config import GriffinConfig
from app.inference.state import ModelState, RecurrentState, fresh_state


def random_state(
    config: GriffinConfig, position: int, *, dtype: torch.dtype, device: torch.device, seed: int = 0
) -> ModelState:
    """A state as after `position` tokens, its recurrences and the filled part of its windows uniform in -1..1.

    With random logits too, so that writing can begin at once. Position 0 gives a fresh state, without logits.
    """
    state = fresh_state(config, dtype=dtype, device=device)
    if position == 0:
        return state
    generator = torch.Generator(device).manual_seed(seed)
    for layer in state.layers:
        if isinstance(layer, RecurrentState):
            for tensor in (layer.h, layer.conv_tail):
                tensor.uniform_(-1.0, 1.0, generator=generator)
        else:
            filled = layer.filled(position)
            for tensor in (layer.k, layer.v):
                tensor[:, :, :filled].uniform_(-1.0, 1.0, generator=generator)
    state.position = position
    state.logits = torch.rand((1, config.vocab_size), device=device, generator=generator)
    return state
