"""Rounding to the nearest code of a group's range."""

import pytest
import torch

from app.inference.quantize.nearest import round_to_nearest


@pytest.mark.parametrize("group", [32, 64])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_within_half_a_step(group: int, dtype: torch.dtype) -> None:
    """Of the group's scale, but for what the rounding of scale and offset to bfloat16 moves."""
    weight = torch.randn((9, 128), generator=torch.Generator().manual_seed(0)).to(dtype)
    groups = round_to_nearest(weight, group)
    assert groups.group == group and groups.codes.dtype == torch.uint8
    step = groups.scale.float().repeat_interleave(group, 1)
    error = (groups.dequantize() - weight.float()).abs()
    assert bool((error <= 0.55 * step).all())


def test_rows_in_blocks_equal_rows_alone() -> None:
    """A matrix larger than a block of work is rounded row by row all the same."""
    weight = torch.randn((70, 65_536), generator=torch.Generator().manual_seed(1))
    whole, alone = round_to_nearest(weight, 32), round_to_nearest(weight[66:67], 32)
    assert torch.equal(whole.dequantize(slice(66, 67)), alone.dequantize())
