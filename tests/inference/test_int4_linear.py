"""Products with int4 groups against the dequantised weights in float64, with and without compiled passes."""

import pytest
import torch

from app.inference.compiled import Compiled, load_compiled
from app.inference.int4_groups import dequantize_groups
from app.inference.int4_linear import Int4GroupLinear
from app.inference.int8_rows import quantize_weight
from app.inference.kernels import TOKEN_ROW, KernelChoice
from app.inference.linear import Int8RowLinear

TORCH = {1: "int_mm", 8: "int_mm", 256: "int_mm"}


@pytest.fixture(scope="module", params=["compiled", "torch"])
def kernels(request: pytest.FixtureRequest) -> KernelChoice:
    """The choice on a machine with numba, and on one without."""
    compiled: Compiled | None = load_compiled() if request.param == "compiled" else None
    return KernelChoice({**TORCH, 1: TOKEN_ROW} if compiled else TORCH, {}, compiled)


def _linear(rows: int, columns: int, group: int, kernels: KernelChoice) -> Int4GroupLinear:
    generator = torch.Generator().manual_seed(rows + columns)
    codes = torch.randint(0, 256, (rows, columns // 2), dtype=torch.uint8, generator=generator)
    scale = torch.rand((rows, columns // group), generator=generator).bfloat16()
    offset = -8 * scale + torch.randn(scale.shape, generator=generator).bfloat16()
    return Int4GroupLinear(codes, scale, offset, torch.randn(rows, generator=generator), group, kernels)


@pytest.mark.parametrize(("rows", "columns", "group"), [(7, 64, 32), (7, 96, 32), (200, 25_600, 64)])
@pytest.mark.parametrize("tokens", [1, 2, 9])
def test_product(rows: int, columns: int, group: int, tokens: int, kernels: KernelChoice) -> None:
    """One token and many, in one piece and in several; many pay for int8 rows, half a step of a 127th."""
    linear = _linear(rows, columns, group, kernels)
    x = torch.randn((1, tokens, columns), generator=torch.Generator().manual_seed(2))
    expected = x.double() @ dequantize_groups(linear.codes, linear.scale, linear.offset).double().t() + linear.bias
    error = (linear(linear.prepare(x)).double() - expected).norm() / expected.norm()
    exact = tokens == 1 and kernels.compiled is not None
    assert float(error) < (1e-4 if exact else 1e-2)
    assert linear.out_features == rows and linear.nbytes == rows * (columns // 2 + columns // group * 4)


@pytest.mark.parametrize("tokens", [1, 9])
def test_shares_its_input_with_int8_rows(tokens: int, kernels: KernelChoice) -> None:
    """What one format has prepared, the other multiplies: a file may hold both beside one another."""
    four = _linear(40, 128, 32, kernels)
    weight, scale = quantize_weight(dequantize_groups(four.codes, four.scale, four.offset))
    eight = Int8RowLinear(weight, scale, four.bias, kernels)
    x = torch.randn((1, tokens, 128), generator=torch.Generator().manual_seed(3))
    for ours, other in ((four, eight), (eight, four)):
        assert torch.equal(ours(other.prepare(x)), ours(ours.prepare(x)))


def test_nothing_is_kept_of_rows_that_come_and_go() -> None:
    """Reading on and on with int4 weights takes no more memory: the int8 rows made for a chunk are gone after it."""
    compiled = load_compiled()
    assert compiled is not None
    kernels = KernelChoice({**TORCH, 1: TOKEN_ROW}, {}, compiled)
    linear = _linear(64, 128, 32, kernels)
    x = torch.randn((1, 9, 128), generator=torch.Generator().manual_seed(4))
    linear(linear.prepare(x))
    kept = len(compiled._arrays)
    for _ in range(3):
        linear(linear.prepare(x))
    assert len(compiled._arrays) == kept
