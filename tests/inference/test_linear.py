"""The weight formats behind one linear map, against float64."""

import pytest
import torch

from app.inference.activations import QuantizedRows, quantize_rows
from app.inference.compiled import Compiled, load_compiled
from app.inference.int8_rows import quantize_weight
from app.inference.kernels import MATMULS, TOKEN_CLASSES, TOKEN_ROW, KernelChoice
from app.inference.linear import (
    DenseEmbedding,
    DenseLinear,
    Int8RowEmbedding,
    Int8RowLinear,
)


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """The compiled passes; on the machines that run the tests numba works."""
    found = load_compiled()
    assert found is not None
    return found


def _restored(rows: QuantizedRows) -> torch.Tensor:
    low, high = rows.codes.double().chunk(2)
    return ((256 * high + low) * rows.scales.double()).reshape(rows.shape)


def test_quantize_rows_by_hand() -> None:
    """The largest magnitude becomes 127 * 256; half of it 64 * 256 - 128; the low code is in -128 .. 127."""
    rows = quantize_rows(torch.tensor([[[127.0, 63.5, -0.001, 0.0]]]))
    assert rows.scales.item() == pytest.approx(1 / 256)
    assert rows.codes.tolist() == [[0, -128, 0, 0], [127, 64, 0, 0]]
    assert rows.shape == (1, 1, 4)


@pytest.mark.parametrize("magnitude", [1e-20, 1e-3, 1.0, 1e4, 1e30])
@pytest.mark.parametrize("with_numba", [False, True])
def test_quantize_rows_within_half_a_step(magnitude: float, with_numba: bool, compiled: Compiled) -> None:
    """Each value comes back within half a step of its token's scale, at any magnitude; tokens do not mix."""
    x = torch.randn((2, 5, 64), generator=torch.Generator().manual_seed(0)) * magnitude
    x[1, 2] *= 1e-6
    rows = QuantizedRows(*compiled.quantize_rows(x.reshape(10, 64)), x.shape) if with_numba else quantize_rows(x)
    assert rows.codes.dtype == torch.int8 and rows.codes.shape == (20, 64)
    error = (_restored(rows) - x.double()).abs().amax(-1).flatten()
    assert bool((error <= 0.5001 * rows.scales.flatten().double()).all())
    assert torch.allclose(rows.scales.flatten(), x.abs().amax(-1).flatten() / (127 * 256), rtol=1e-6)


def test_quantize_rows_of_zeros() -> None:
    """A token of zeros has codes of zero and a scale that is no zero."""
    rows = quantize_rows(torch.zeros(1, 1, 8))
    assert not rows.codes.any() and rows.scales.item() > 0


@pytest.mark.parametrize(
    ("name", "with_numba"), [*((name, numba) for name in MATMULS for numba in (False, True)), (TOKEN_ROW, True)]
)
@pytest.mark.parametrize("tokens", [1, 2, 7])
@pytest.mark.parametrize("bias", [0.0, 1.0])
def test_int8_linear_against_float64(name: str, with_numba: bool, tokens: int, bias: float, compiled: Compiled) -> None:
    """The product of the dequantised weights, to what 16-bit activations and float32 sums can give."""
    generator = torch.Generator().manual_seed(0)
    weight, scale = quantize_weight(torch.randn((48, 96), generator=generator))
    offset = bias * torch.randn(48, generator=generator)
    # The float product is for one token; a self-test never chooses it for more.
    chosen = {size: "int_mm" if name == TOKEN_ROW and size > 1 else name for size in TOKEN_CLASSES}
    linear = Int8RowLinear(weight, scale, offset, KernelChoice(chosen, {}, compiled if with_numba else None))
    x = torch.randn((1, tokens, 96), generator=generator)
    x[0, 0, 0] = 50.0  # an outlier, as down_proj's input has them
    actual = linear(linear.prepare(x))
    expected = x.double() @ (weight.double() * scale.double()[:, None]).t() + offset.double()
    assert actual.shape == (1, tokens, 48) and actual.dtype == torch.float32
    assert float((actual - expected).abs().max()) <= 2e-4 * float(expected.abs().max())
    assert (linear.out_features, linear.nbytes) == (48, 48 * 96 + 48 * 4)


@pytest.mark.parametrize("with_numba", [False, True])
def test_int8_linear_with_extreme_codes(with_numba: bool, compiled: Compiled) -> None:
    """8,192 products of 127 with the largest activation: beyond 32 bits once the high code counts 256 times."""
    weight = torch.full((2, 8192), 127, dtype=torch.int8)
    weight[1] = -127
    kernels = KernelChoice(dict.fromkeys(TOKEN_CLASSES, "int_mm"), {}, compiled if with_numba else None)
    linear = Int8RowLinear(weight, torch.ones(2), torch.zeros(2), kernels)
    out = linear(linear.prepare(torch.ones(1, 2, 8192)))
    assert out.flatten().tolist() == pytest.approx([127 * 8192.0, -127 * 8192.0] * 2, rel=1e-6)


def test_dense_linear() -> None:
    """F.linear with the weight as it lies in the file: (out, in)."""
    linear = DenseLinear(torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]), torch.tensor([0.5, 0.0, 0.0]))
    x = torch.tensor([[[10.0, 1.0]]])
    assert linear(linear.prepare(x)).tolist() == [[[12.5, 34.0, 56.0]]]
    assert (linear.out_features, linear.nbytes) == (3, 24)


def test_embeddings() -> None:
    """Rows by id, int8 rows times their scale."""
    ids = torch.tensor([[2, 0]])
    assert DenseEmbedding(torch.tensor([[1.0], [2.0], [3.0]]), torch.float32)(ids).tolist() == [[[3.0], [1.0]]]
    codes = torch.tensor([[1], [2], [-127]], dtype=torch.int8)
    assert Int8RowEmbedding(codes, torch.tensor([0.5, 1.0, 2.0]))(ids).tolist() == [[[-254.0], [0.5]]]
