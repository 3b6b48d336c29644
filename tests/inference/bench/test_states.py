from __future__ import annotations

import torch

from app.inference.bench.states import random_state

CPU = torch.device("cpu")


def test_state_of_a_length_nobody_read(tiny_config) -> None:
    """Position, filled slots and scores are those after so many tokens; the rest of the window stays empty."""
    state = random_state(tiny_config, 5, dtype=torch.float32, device=CPU)
    window = state.layers[2]
    assert state.position == 5
    assert state.logits is not None and state.logits.shape == (1, tiny_config.vocab_size)
    assert bool((window.k[:, :, :5] != 0).all()) and not bool(window.k[:, :, 5:].any())
    assert bool((state.layers[0].h != 0).all()) and bool((state.layers[0].conv_tail != 0).all())


def test_seeds_give_different_states(tiny_config) -> None:
    """The same seed the same state, another one another."""
    first, again, other = (
        random_state(tiny_config, 1 << 20, dtype=torch.float32, device=CPU, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first.layers[2].v, again.layers[2].v)
    assert not torch.equal(first.layers[2].v, other.layers[2].v)


def test_length_zero_is_a_fresh_state(tiny_config) -> None:
    """Nothing to go on from."""
    state = random_state(tiny_config, 0, dtype=torch.float32, device=CPU)
    assert state.logits is None and state.position == 0
    assert not bool(state.layers[0].h.any())
