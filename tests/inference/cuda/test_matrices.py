"""Matrices of any format in the kernels' form: what they hold, what is cut and joined, what is turned down."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from app.inference.cuda.matrices import FLOATS, INT4_GROUPS, INT8_ROWS, Matrix, UnsupportedError, tiles
from app.inference.int4_linear import Int4GroupLinear
from app.inference.int8_rows import quantize_weight
from app.inference.kernels import PLAIN_KERNELS
from app.inference.linear import DenseLinear, Int8RowLinear, Linear, Prepared
from app.inference.quantize.nearest import round_to_nearest
from tests.inference.cuda.samples import Random


def _dense(random: Random, rows: int = 6, *, bias: bool = True) -> DenseLinear:
    return DenseLinear(random(rows, 64), random(rows) if bias else None)


def _int8(random: Random, rows: int = 6) -> Int8RowLinear:
    return Int8RowLinear(*quantize_weight(random(rows, 64).cpu()), random(rows).cpu(), PLAIN_KERNELS)


def _int4(random: Random, rows: int = 6, group: int = 32) -> Int4GroupLinear:
    groups = round_to_nearest(random(rows, 64).cpu(), group)
    return Int4GroupLinear(groups.codes, groups.scale, groups.offset, random(rows).cpu(), group, PLAIN_KERNELS)


def _tensors(matrix: Matrix) -> list[Tensor | None]:
    return [matrix.weight, matrix.scale, matrix.offset, matrix.bias]


@pytest.mark.parametrize(
    ("make", "form", "group", "parts"),
    [(_dense, FLOATS, 2, "wb"), (_int8, INT8_ROWS, 2, "wsb"), (_int4, INT4_GROUPS, 32, "wsob")],
)
def test_of(make: type, form: int, group: int, parts: str, random: Random) -> None:
    """Sizes in weights, the parts that the format has, in its own memory; the bias in the dtype that was asked for."""
    linear = make(random)
    matrix = Matrix.of(linear, torch.bfloat16)
    assert (matrix.form, matrix.rows, matrix.width, matrix.group) == (form, 6, 64, group)
    assert "".join(name for name, part in zip("wsob", _tensors(matrix), strict=True) if part is not None) == parts
    assert matrix.is_float == (form == FLOATS)
    codes = linear.codes if isinstance(linear, Int4GroupLinear) else linear.weight
    assert matrix.weight.data_ptr() == codes.data_ptr()
    assert matrix.bias is not None and torch.equal(matrix.bias, linear.bias.bfloat16())
    other = Matrix.of(linear).bias
    assert other is not None and other.dtype == torch.float32


def test_no_bias(random: Random) -> None:
    """A map without one gives a matrix without one."""
    assert Matrix.of(_dense(random, bias=False), torch.bfloat16).bias is None


class _Other:
    """A linear map of a format to come."""

    nbytes, out_features = 0, 6

    def prepare(self, x: Tensor) -> Prepared:
        """x itself."""
        return x

    def __call__(self, x: Prepared) -> Tensor:
        """Nothing."""
        raise NotImplementedError


@pytest.mark.parametrize(
    ("linear", "named"),
    [
        (DenseLinear(torch.zeros(2, 2, dtype=torch.float16), None), "torch.float16 weights"),
        (DenseLinear(torch.zeros(2, 2, dtype=torch.float64), None), "torch.float64 weights"),
        (_Other(), "weights held as _Other"),
    ],
)
def test_formats_without_a_kernel(linear: Linear, named: str) -> None:
    """The error names the format."""
    with pytest.raises(UnsupportedError, match=f"^{named}$"):
        Matrix.of(linear)


@pytest.mark.parametrize("make", [_dense, _int8, _int4])
def test_part(make: type, random: Random) -> None:
    """Some rows with all that belongs to them, in the same memory."""
    matrix = Matrix.of(make(random))
    part = matrix.part(2, 5)
    assert (part.form, part.rows, part.width, part.group) == (matrix.form, 3, 64, matrix.group)
    for cut, whole in zip(_tensors(part), _tensors(matrix), strict=True):
        assert (cut is None) == (whole is None)
        assert cut is None or whole is None or (torch.equal(cut, whole[2:5]) and cut.data_ptr() == whole[2].data_ptr())


@pytest.mark.parametrize("make", [_dense, _int8, _int4])
def test_joined(make: type, random: Random) -> None:
    """One below the other; each is a part of the whole."""
    matrices = [Matrix.of(make(random, rows)) for rows in (4, 1, 3)]
    joined = Matrix.joined(matrices)
    assert (joined.rows, joined.width, joined.form, joined.group) == (8, 64, matrices[0].form, matrices[0].group)
    for matrix, (start, end) in zip(matrices, ((0, 4), (4, 5), (5, 8)), strict=True):
        for found, expected in zip(_tensors(joined.part(start, end)), _tensors(matrix), strict=True):
            assert (found is None) == (expected is None)
            assert found is None or expected is None or torch.equal(found, expected)


def test_joined_formats_have_to_agree(random: Random) -> None:
    """Neither other codes, nor other groups, nor a bias for some rows only."""
    pairs = [
        (_dense(random), _int8(random)),
        (_int4(random), _int8(random)),
        (_int4(random), _int4(random, group=64)),
        (_dense(random), _dense(random, bias=False)),
    ]
    for pair in pairs:
        with pytest.raises(UnsupportedError, match="different formats"):
            Matrix.joined([Matrix.of(linear) for linear in pair])


@pytest.mark.parametrize(("width", "bytes_", "expected"), [(2560, 2560, 512), (96, 96, 128), (8, 8, 16)])
def test_tiles_are_no_wider_than_a_row(width: int, bytes_: int, expected: int, random: Random) -> None:
    """A power of two of columns, 16 at least: what Triton can take."""
    weight = torch.zeros((4, bytes_), device=random.device)
    assert tiles(Matrix(FLOATS, weight, None, None, None, 4, width), twice=False).block_k == expected


def test_tiles_hold_whole_groups() -> None:
    """A row of one int4 group of 64 weights is 32 bytes: one tile."""
    codes, scale = torch.zeros((4, 32), dtype=torch.uint8), torch.zeros((4, 1), dtype=torch.bfloat16)
    assert tiles(Matrix(INT4_GROUPS, codes, scale, scale, None, 4, 64, 64), twice=True).block_k == 32


def test_tiles_of_large_products() -> None:
    """Two products at once take the same sizes as one with many rows."""
    weight = torch.zeros((1, 1)).expand(20_000, 2560)
    few, many = (Matrix(FLOATS, weight, None, None, None, rows, 2560) for rows in (2560, 20_000))
    assert tiles(few, twice=True) == tiles(many, twice=False) != tiles(few, twice=False)
