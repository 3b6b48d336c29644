"""Products on Intel's matrix unit against integers in 64 bits; the rest of the choice needs no such unit."""

from types import SimpleNamespace

import pytest
import torch
from torch import Tensor

from app.inference import amx
from app.inference.compiled import Compiled, load_compiled
from app.inference.kernels import MATRIX_UNIT, KernelChoice, self_test


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """The compiled passes on a processor that has the unit."""
    found = load_compiled()
    assert found is not None
    if not found.has_matrix_unit:
        pytest.skip("this processor has no AMX, or the system does not allow it")
    return found


def _inputs(tokens: int, rows: int, columns: int) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Codes, weights, and the scales and bias, with rows of the largest codes among them."""
    generator = torch.Generator().manual_seed(tokens + rows + columns)
    codes = torch.randint(-128, 128, (2 * tokens, columns), dtype=torch.int8, generator=generator)
    weight = torch.randint(-127, 128, (rows, columns), dtype=torch.int8, generator=generator)
    codes[0], codes[-1], weight[0], weight[-1] = 127, -128, 127, -127
    return codes, torch.rand((tokens, 1), generator=generator), weight, *torch.rand((2, rows), generator=generator)


@pytest.mark.parametrize("tokens", [1, 2, 15, 16, 17, 33, 100])
@pytest.mark.parametrize(("rows", "columns"), [(32, 32), (32, 64), (96, 96), (64, 1216), (160, 2048)])
def test_product(tokens: int, rows: int, columns: int, compiled: Compiled) -> None:
    """Whole tiles and parts of them, one part of a row and several; only the float32 result is rounded."""
    codes, x_scales, weight, w_scale, bias = _inputs(tokens, rows, columns)
    low, high = (codes.long() @ weight.long().t()).double().chunk(2)
    expected = (low + 256 * high) * x_scales * w_scale + bias
    found = compiled.multiply_rows(codes, x_scales, weight, w_scale, bias)
    assert float((found - expected).abs().max()) <= 1e-6 * float(expected.abs().max())


def test_rows_do_not_depend_on_their_neighbours(compiled: Compiled) -> None:
    """A token's result is the same to the bit alone and among others: how a text is cut changes nothing."""
    codes, x_scales, weight, w_scale, bias = _inputs(40, 64, 192)
    together = compiled.multiply_rows(codes, x_scales, weight, w_scale, bias)
    for token in (0, 15, 16, 39):
        alone = compiled.multiply_rows(codes[token::40].contiguous(), x_scales[token, None], weight, w_scale, bias)
        assert torch.equal(alone[0], together[token])


def test_damaged_numbers_stay_visible(compiled: Compiled) -> None:
    """A token whose activations held NaN gives NaN, and the others give numbers."""
    codes, x_scales, weight, w_scale, bias = _inputs(3, 32, 64)
    x_scales[1] = torch.nan
    found = compiled.multiply_rows(codes, x_scales, weight, w_scale, bias)
    assert found.isnan().any(dim=1).tolist() == [False, True, False]


def test_shapes_that_fit(compiled: Compiled) -> None:
    """Multiples of 32 both ways."""
    shapes = [(32, 32), (64, 96), (33, 32), (32, 48)]
    fits = [compiled.fits_matrix_unit(torch.empty(shape, dtype=torch.int8)) for shape in shapes]
    assert fits == [True, True, False, False]


def test_a_wrong_unit_is_never_chosen(compiled: Compiled, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that drops the high codes, say."""
    right = Compiled.multiply_rows

    def wrong(self: Compiled, codes: Tensor, *others: Tensor) -> Tensor:
        half = codes.shape[0] // 2
        return right(self, torch.cat((codes[:half], torch.zeros_like(codes[half:]))), *others)

    monkeypatch.setattr(Compiled, "multiply_rows", wrong)
    choice = self_test(128, 64, compiled)
    assert MATRIX_UNIT not in choice.chosen.values()
    assert choice.seconds[f"256 {MATRIX_UNIT}"] is None


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ({"256 int_mm": 1.0, "256 float_mm": 2.0}, "int_mm"),
        ({"256 int_mm": None, "256 float_mm": 2.0}, "float_mm"),
        ({"8 int_mm": 1.0}, "float_mm"),
    ],
)
def test_other_shapes_take_the_next_best(seconds: dict[str, float | None], expected: str) -> None:
    """Of the products that were timed for so many tokens; float_mm does whatever there is."""
    no_shape = SimpleNamespace(fits_matrix_unit=lambda weight: False)
    choice = KernelChoice({1: "int_mm", 8: MATRIX_UNIT, 256: MATRIX_UNIT}, seconds, no_shape)  # type: ignore[arg-type]
    weight = torch.empty((33, 33), dtype=torch.int8)
    assert choice.for_product(300, weight) == expected
    every_shape = SimpleNamespace(fits_matrix_unit=lambda weight: True)
    choice = KernelChoice(choice.chosen, seconds, every_shape)  # type: ignore[arg-type]
    assert choice.for_product(300, weight) == choice.for_product(2, weight) == MATRIX_UNIT


@pytest.mark.parametrize(
    ("outputs", "width", "threads", "expected"),
    [(7680, 2560, 2, 192), (64, 64, 2, 32), (32, 64, 8, 32), (1536, 576, 2, 768), (2560, 100_000, 2, 32)],
)
def test_rows_of_a_job(outputs: int, width: int, threads: int, expected: int) -> None:
    """Half a MiB of weights, some for every thread, 32 at least."""
    assert amx.rows_of_a_job(outputs, width, threads) == expected
