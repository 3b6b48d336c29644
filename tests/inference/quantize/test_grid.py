"""Grids of groups: the range exactly, and the least squares no worse than it."""

import pytest
import torch

from app.inference.quantize.grid import fitted_grid, range_grid


def test_range_grid_by_hand() -> None:
    """The least weight is code 0, the largest code 15; a group of equal weights is its offset."""
    weights = torch.tensor([[0.0, 1.0, 7.4, 15.0], [-2.0, -2.0, -2.0, -2.0]])
    grid = range_grid(weights)
    assert grid.scale[0].item() == 1.0 and grid.offset[:, 0].tolist() == [0.0, -2.0]
    assert grid.codes(weights)[0].tolist() == [0.0, 1.0, 7.0, 15.0]
    assert torch.equal(grid.values(grid.codes(weights))[1], weights[1])


def test_grids_are_what_bfloat16_holds() -> None:
    """Scales and offsets come back unchanged from what is stored."""
    weights = torch.randn((50, 32), generator=torch.Generator().manual_seed(0))
    for grid in (range_grid(weights), fitted_grid(weights, torch.ones(32))):
        assert torch.equal(grid.scale.bfloat16().float(), grid.scale)
        assert torch.equal(grid.offset.bfloat16().float(), grid.offset)
        assert bool((grid.scale > 0).all())


@pytest.mark.parametrize("spread", [0.0, 3.0])
def test_fitted_grid_is_never_worse(spread: float) -> None:
    """By the weighted error of each group, and clearly better in sum; also where some inputs hardly matter."""
    generator = torch.Generator().manual_seed(1)
    weights = torch.randn((400, 32), generator=generator)
    importance = torch.exp(spread * torch.randn(32, generator=generator))

    def error(grid_of: object) -> torch.Tensor:
        grid = range_grid(weights) if grid_of is range_grid else fitted_grid(weights, importance)
        return ((weights - grid.values(grid.codes(weights))) ** 2 * importance).sum(-1)

    plain, fitted = error(range_grid), error(fitted_grid)
    assert bool((fitted <= plain).all())
    assert float(fitted.sum()) < 0.9 * float(plain.sum())


def test_fitted_grid_with_inputs_that_never_move() -> None:
    """No importance at all: still finite numbers."""
    weights = torch.randn((3, 32), generator=torch.Generator().manual_seed(2))
    grid = fitted_grid(weights, torch.zeros(32))
    assert bool(torch.isfinite(grid.values(grid.codes(weights))).all())
