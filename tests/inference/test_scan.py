"""The linear recurrence against a plain loop in float64."""

import numpy as np
import pytest
import torch
from torch import Tensor

from app.inference.scan import rnn_scan


def _loop(x: Tensor, a: Tensor, h0: Tensor) -> Tensor:
    h, out = h0.double(), []
    for t in range(x.shape[1]):
        h = a[:, t].double() * h + x[:, t].double()
        out.append(h)
    return torch.stack(out, dim=1)


DECAYS = {"near 0": (0.0, 1e-6), "middling": (0.2, 0.95), "near 1": (1 - 1e-6, 1.0), "anything": (0.0, 1.0)}


@pytest.mark.parametrize("t", [1, 2, 3, 31, 32, 33, 1000])
@pytest.mark.parametrize("decay", DECAYS)
def test_equals_a_plain_loop(t: int, decay: str) -> None:
    """Two sequences of five channels from a state that is not zero, at every length around the segments' edges."""
    generator = torch.Generator().manual_seed(t)
    low, high = DECAYS[decay]
    x = torch.randn((2, t, 5), generator=generator)
    a = low + (high - low) * torch.rand((2, t, 5), generator=generator)
    h0 = 3 * torch.randn((2, 5), generator=generator)
    expected = _loop(x, a, h0)
    h, last = rnn_scan(x.clone(), a.clone(), h0.clone())
    assert h.dtype == last.dtype == torch.float32
    assert h.shape == (2, t, 5) and torch.equal(last, h[:, -1])
    assert float((h - expected).abs().max()) <= 2e-6 * float(expected.abs().max())


def test_extreme_decays_are_exact() -> None:
    """a = 0 forgets everything, a = 1 keeps everything."""
    x = torch.arange(1.0, 41.0)[None, :, None].repeat(1, 1, 2)
    a = torch.stack((torch.zeros(40), torch.ones(40)), dim=-1)[None]
    h, _ = rnn_scan(x.clone(), a.clone(), torch.tensor([[100.0, 100.0]]))
    assert h[0, :, 0].tolist() == list(range(1, 41))
    assert h[0, :, 1].tolist() == (100 + np.arange(1, 41).cumsum()).tolist()


def test_long_decays_do_not_underflow_to_noise() -> None:
    """Products of 1,000 small decays vanish; what they multiply must vanish too, not turn into NaN."""
    h, last = rnn_scan(torch.ones(1, 1000, 1), torch.full((1, 1000, 1), 1e-30), torch.tensor([[1e30]]))
    assert h[0, 0, 0].item() == pytest.approx(2.0)
    assert torch.equal(h[0, 2:, 0], torch.ones(998)) and last.item() == 1.0


def test_h0_is_left_as_it_was() -> None:
    """A fork shares nothing with the state it came from."""
    h0 = torch.ones(1, 2)
    for t in (1, 40):
        _, last = rnn_scan(torch.ones(1, t, 2), torch.full((1, t, 2), 0.5), h0)
        last += 1
    assert h0.tolist() == [[1.0, 1.0]]
