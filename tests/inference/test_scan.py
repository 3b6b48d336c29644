"""The linear recurrence against a plain loop in float64."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from app.inference.scan import DOUBLING_CHUNK, Scan, doubling_scan, rnn_scan

SCANS = {"segments": rnn_scan, "doubling": doubling_scan}


def _loop(x: Tensor, a: Tensor, h0: Tensor) -> Tensor:
    h, out = h0.double(), []
    for t in range(x.shape[1]):
        h = a[:, t].double() * h + x[:, t].double()
        out.append(h)
    return torch.stack(out, dim=1)


DECAYS = {"near 0": (0.0, 1e-6), "middling": (0.2, 0.95), "near 1": (1 - 1e-6, 1.0), "anything": (0.0, 1.0)}


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
@pytest.mark.parametrize(
    "t", [1, 2, 3, 31, 32, 33, 1000, DOUBLING_CHUNK - 1, DOUBLING_CHUNK, DOUBLING_CHUNK + 1, DOUBLING_CHUNK**2 + 1]
)
@pytest.mark.parametrize("decay", DECAYS)
def test_equals_a_plain_loop(t: int, decay: str, scan: Scan) -> None:
    """Two sequences of five channels from a state that is not zero, at every length around the segments' edges."""
    generator = torch.Generator().manual_seed(t)
    low, high = DECAYS[decay]
    x = torch.randn((2, t, 5), generator=generator)
    a = low + (high - low) * torch.rand((2, t, 5), generator=generator)
    h0 = 3 * torch.randn((2, 5), generator=generator)
    expected = _loop(x, a, h0)
    h, last = scan(x.clone(), a.clone(), h0.clone())
    assert h.dtype == last.dtype == torch.float32
    assert h.shape == (2, t, 5) and torch.equal(last, h[:, -1])
    assert float((h - expected).abs().max()) <= 2e-6 * float(expected.abs().max())


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_extreme_decays_are_exact(scan: Scan) -> None:
    """a = 0 forgets everything, a = 1 keeps everything."""
    x = torch.arange(1.0, 41.0)[None, :, None].repeat(1, 1, 2)
    a = torch.stack((torch.zeros(40), torch.ones(40)), dim=-1)[None]
    h, _ = scan(x.clone(), a.clone(), torch.tensor([[100.0, 100.0]]))
    assert h[0, :, 0].tolist() == list(range(1, 41))
    assert h[0, :, 1].tolist() == (100 + np.arange(1, 41).cumsum()).tolist()


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_long_decays_do_not_underflow_to_noise(scan: Scan) -> None:
    """Products of 1,000 small decays vanish; what they multiply must vanish too, not turn into NaN."""
    h, last = scan(torch.ones(1, 1000, 1), torch.full((1, 1000, 1), 1e-30), torch.tensor([[1e30]]))
    assert h[0, 0, 0].item() == pytest.approx(2.0)
    assert torch.equal(h[0, 2:, 0], torch.ones(998)) and last.item() == 1.0


@pytest.mark.parametrize("scan", SCANS.values(), ids=SCANS)
def test_h0_is_left_as_it_was(scan: Scan) -> None:
    """A fork shares nothing with the state it came from."""
    h0 = torch.ones(1, 2)
    for t in (1, 40, 300):
        _, last = scan(torch.ones(1, t, 2), torch.full((1, t, 2), 0.5), h0)
        last += 1
    assert h0.tolist() == [[1.0, 1.0]]


def test_doubling_takes_no_step_per_token() -> None:
    """The number of operations grows with the logarithm of the length, up to a few for the chaining of chunks."""
    counts = []
    for t in (512, 8192):
        with _Counting() as counter:
            doubling_scan(torch.zeros(1, t, 1), torch.zeros(1, t, 1), torch.zeros(1, 1))
        counts.append(counter.count)
    assert counts[1] < 2 * counts[0] < 300


class _Counting(TorchDispatchMode):
    """Counts the operations that torch runs inside."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.count += 1
        return func(*args, **(kwargs or {}))
