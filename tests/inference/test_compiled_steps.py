"""One token of every sequence of a batch: compiled passes against plain torch."""

import pytest
import torch

from app.inference.batch import DecodeStep
from app.inference.compiled import load_compiled
from app.inference.config import Activation
from app.inference.layers import BlockDiagonal, RecurrentCell
from app.inference.ops import TorchOps
from app.inference.state import RecurrentState, WindowState


@pytest.mark.parametrize("positions", [[0], [300], [0, 1, 2], [127, 128, 129, 500], [191, 63, 64]])
@pytest.mark.parametrize("groups", [1, 3])
def test_attention_over_any_number_of_slots(positions: list[int], groups: int) -> None:
    """Windows of 192 slots, empty, partly and wholly filled, around the blocks' edges; scores large and small."""
    compiled, plain = load_compiled(), TorchOps()
    assert compiled is not None
    generator = torch.Generator().manual_seed(len(positions) + groups)

    def random(*shape: int) -> torch.Tensor:
        return 4 * torch.randn(shape, generator=generator)

    batch, slots, at = len(positions), 192, torch.tensor(positions)
    angles = random(batch, 8)
    visible = torch.arange(slots) <= at[:, None]
    step = DecodeStep(at, at == 0, at % slots, visible, angles.cos(), angles.sin())
    q, k, v = random(batch, 1, 2 * groups, 32), random(batch, 1, groups, 32), random(batch, 1, groups, 32)
    window = WindowState(random(batch, groups, slots, 32), random(batch, groups, slots, 32))
    other = window.clone()
    assert torch.allclose(
        compiled.attend_step(q, k, v, window, step), plain.attend_step(q, k, v, other, step), atol=1e-4
    )
    assert torch.allclose(window.k, other.k, atol=1e-5) and torch.equal(window.v, other.v)


@pytest.mark.parametrize("activation", Activation)
def test_recurrence(activation: Activation) -> None:
    """Sequences that start and that go on, side by side; state and tail advance alike."""
    compiled, plain = load_compiled(), TorchOps()
    assert compiled is not None
    generator = torch.Generator().manual_seed(0)

    def random(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=generator)

    at = torch.tensor([0, 7, 3000])
    step = DecodeStep(at, at == 0, at % 5, torch.arange(5) <= at[:, None], random(3, 2), random(3, 2))
    gates = [BlockDiagonal(random(3, 32, 32), random(3, 32)) for _ in range(2)]
    cell = RecurrentCell(random(4, 96), random(96), *gates, -torch.logspace(-7, 1.5, 96))
    x, branch = random(3, 1, 96), random(3, 1, 96)
    ours, theirs = (RecurrentState(random(3, 96), random(3, 3, 96)) for _ in range(2))
    theirs.h, theirs.conv_tail = ours.h.clone(), ours.conv_tail.clone()
    found = compiled.recurrent_step(x, branch.clone(), cell, activation, ours, step)
    expected = plain.recurrent_step(x, branch.clone(), cell, activation, theirs, step)
    assert torch.allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert torch.allclose(ours.h, theirs.h, rtol=1e-4, atol=1e-4) and torch.equal(ours.conv_tail, theirs.conv_tail)
