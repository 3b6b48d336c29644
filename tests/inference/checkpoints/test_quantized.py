"""The rounding of weights to int8 rows."""

import pytest
import torch

from app.inference.int8_rows import quantize_weight


def test_quantize_weight_by_hand() -> None:
    """The largest magnitude of a row becomes 127."""
    codes, scale = quantize_weight(torch.tensor([[1.27, -0.634, 0.004, 0.006], [0.0, 0.0, 0.0, 0.0]]))
    assert codes.tolist() == [[127, -63, 0, 1], [0, 0, 0, 0]]
    assert scale[0].item() == pytest.approx(0.01)
    assert codes.dtype == torch.int8 and scale.dtype == torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_quantize_weight_within_half_a_step(dtype: torch.dtype) -> None:
    """Each value comes back within half a step of its row's scale; codes stay within 127 of zero."""
    weight = torch.randn((16, 64), generator=torch.Generator().manual_seed(0)).to(dtype)
    codes, scale = quantize_weight(weight)
    error = (codes.double() * scale.double()[:, None] - weight.double()).abs()
    assert bool((error <= 0.5001 * scale.double()[:, None]).all())
    assert int(codes.min()) >= -127 and codes.abs().amax(1).eq(127).all()
