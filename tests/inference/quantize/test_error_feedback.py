"""Rounding with the inputs' second moments: a better product than rounding alone."""

import pytest
import torch

from app.core.errors import CheckpointError
from app.inference.int4_groups import Int4Groups
from app.inference.quantize.error_feedback import DAMPINGS, Feedback, round_with_feedback
from app.inference.quantize.nearest import round_to_nearest


def _case(columns: int, tokens: int = 2000) -> tuple[torch.Tensor, torch.Tensor]:
    """A matrix and correlated inputs, some a hundred times larger than others."""
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn((24, columns), generator=generator)
    mixed = torch.randn((tokens, columns // 4), generator=generator) @ torch.randn(
        (columns // 4, columns), generator=generator
    )
    x = (mixed + 0.3 * torch.randn((tokens, columns), generator=generator)) * torch.logspace(-1, 1, columns)
    return weight, x


def _error(weight: torch.Tensor, groups: Int4Groups, x: torch.Tensor) -> float:
    wanted = x @ weight.t()
    return float((x @ groups.dequantize().t() - wanted).norm() / wanted.norm())


@pytest.mark.parametrize("columns", [64, 192])
@pytest.mark.parametrize("group", [32, 64])
def test_the_product_is_nearer(columns: int, group: int) -> None:
    """By a tenth at least against rounding to the nearest, on inputs of the kind that the moments are of."""
    weight, x = _case(columns)
    calibration, held_out = x[:1500], x[1500:]
    with_feedback = _rounded(weight, Feedback.of(calibration.t() @ calibration), group)
    assert with_feedback.group == group
    assert _error(weight, with_feedback, held_out) < 0.9 * _error(weight, round_to_nearest(weight, group), held_out)


def _rounded(weight: torch.Tensor, feedback: Feedback, group: int) -> Int4Groups:
    return round_with_feedback(weight.t().contiguous(), feedback, group)


def test_moments_are_left_as_they_were() -> None:
    """They belong to the caller; the same call gives the same codes."""
    weight, x = _case(64)
    moments = x.t() @ x
    before = moments.clone()
    first, second = (_rounded(weight, Feedback.of(moments), 32) for _ in range(2))
    assert torch.equal(moments, before)
    assert torch.equal(first.codes, second.codes) and torch.equal(first.scale, second.scale)


@pytest.mark.parametrize("tokens", [0, 1, 10])
def test_less_text_than_inputs(tokens: int) -> None:
    """Moments of no full rank, as of a short text, or of no text at all: still near the weights."""
    weight, x = _case(128)
    groups = _rounded(weight, Feedback.of(x[:tokens].t() @ x[:tokens]), 32)
    assert bool(torch.isfinite(groups.dequantize()).all())
    assert float((groups.dequantize() - weight).norm() / weight.norm()) < 0.5


def test_solve_by_its_definition() -> None:
    """Rows times the inverse of the moments, damped."""
    _, x = _case(64)
    moments = x.t() @ x
    damped = moments + DAMPINGS[0] * moments.diagonal().mean() * torch.eye(64)
    rows = torch.randn((3, 64), generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(Feedback.of(moments).solve(rows) @ damped, rows, rtol=1e-3, atol=1e-3)


def test_one_input_far_above_all_others() -> None:
    """float32 cannot invert such moments with little damping: more is taken, and the weights stay near."""
    weight, x = _case(64)
    x[:, 5] *= 1e6
    groups = _rounded(weight, Feedback.of(x.t() @ x), 32)
    assert float((groups.dequantize() - weight).norm() / weight.norm()) < 0.5


def test_moments_that_are_not_finite() -> None:
    """Are told, not worked with."""
    with pytest.raises(CheckpointError, match="not finite"):
        Feedback.of(torch.full((32, 32), torch.nan))
