"""The compiled passes against the torch code they stand in for."""

import sys

import pytest
import torch

from app.inference.compiled import Compiled, load_compiled
from app.inference.linear import quantize_rows
from app.inference.scan import rnn_scan


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    """On the machines that run the tests numba works."""
    found = load_compiled()
    assert found is not None
    return found


@pytest.mark.parametrize("t", [1, 2, 33, 500])
@pytest.mark.parametrize("width", [1, 63, 64, 65, 130])
def test_scan(t: int, width: int, compiled: Compiled) -> None:
    """Two sequences, at widths around the block of channels; the state given in stays."""
    generator = torch.Generator().manual_seed(t)
    x, a = torch.randn((2, t, width), generator=generator), torch.rand((2, t, width), generator=generator)
    h0 = torch.randn((2, width), generator=generator)
    before = h0.clone()
    expected, expected_last = rnn_scan(x.clone(), a.clone(), h0)
    h, last = compiled.rnn_scan(x.clone(), a.clone(), h0)
    assert torch.allclose(h, expected, atol=1e-5) and torch.allclose(last, expected_last, atol=1e-5)
    assert torch.equal(h0, before)


def test_quantize_rows(compiled: Compiled) -> None:
    """The same scales, and codes that differ by a step at most where a value lies between two."""
    x = torch.randn((6, 200), generator=torch.Generator().manual_seed(0))
    x[3] = 0.0
    expected = quantize_rows(x[None])
    codes, scales = compiled.quantize_rows(x)
    assert torch.allclose(scales, expected.scales, rtol=1e-6)
    low, high = (codes.int() - expected.codes.int()).chunk(2)
    assert int((256 * high + low).abs().max()) <= 1


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_damaged_numbers_stay_visible(value: float, compiled: Compiled) -> None:
    """NaN or infinity in a token's input must not vanish behind integer codes; other tokens are not touched."""
    x = torch.ones((2, 64))
    x[0, 5] = value
    codes, scales = compiled.quantize_rows(x)
    out = compiled.scale_sums(
        codes.int() @ torch.ones((64, 3), dtype=torch.int32), scales, torch.ones(3), torch.zeros(3)
    )
    assert bool(out[0].isnan().all()) and out[1].tolist() == pytest.approx([64.0] * 3)


def test_without_numba_torch_does_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without it is slower, nothing more."""
    monkeypatch.setitem(sys.modules, "numba", None)
    assert load_compiled() is None
