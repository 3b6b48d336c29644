"""Moments of inputs, exact and behind rounding, and the errors measured with them."""

import pytest
import torch

from app.inference.linear import DenseLinear
from app.inference.quantize.moments import Moments, PairLinear, Recorded, Recorder, largest_error, output_error
from app.inference.quantize.nearest import round_to_nearest


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_moments_by_their_definitions() -> None:
    """Sums over the tokens of all sequences, of any lengths."""
    moments = Moments.none(6)
    pairs = [_random(2, 5, 6, seed=1), _random(2, 3, 6, seed=2)]
    for pair in pairs:
        moments.add(pair)
    exact, rounded = torch.cat(pairs, dim=1)
    torch.testing.assert_close(moments.rounded, rounded.t() @ rounded)
    torch.testing.assert_close(moments.cross, exact.t() @ rounded)
    torch.testing.assert_close(moments.sums, torch.stack((exact.sum(0), rounded.sum(0))))
    assert moments.tokens == 8


def _pair(exact: DenseLinear, stem: str, recorder: Recorder) -> PairLinear:
    return PairLinear(lambda: exact, stem, tuple(exact.weight.shape), recorder)


def test_the_wanted_input_ends_the_pass() -> None:
    """Recorded once, at the map that is wanted; the others go on and leave nothing behind."""
    recorder = Recorder(wanted="b")
    first, second = (_pair(DenseLinear(_random(6, 6), None), stem, recorder) for stem in "ab")
    x = _random(2, 5, 6, seed=1)
    assert torch.equal(first(first.prepare(x)), first.exact(x)) and recorder.moments is None
    with pytest.raises(Recorded):
        second(x)
    assert recorder.moments is not None and recorder.moments.tokens == 5


def test_the_rounded_map_serves_the_second_of_the_pair() -> None:
    """And the exact one the first, after a rest as before it."""
    exact, rounded = (DenseLinear(_random(4, 32, seed=seed), _random(4, seed=seed)) for seed in (1, 2))
    groups, x = round_to_nearest(rounded.weight, 32), _random(2, 5, 32)
    loads = []

    def load() -> DenseLinear:
        loads.append(exact)
        return exact

    map_ = PairLinear(load, "a", (4, 32), Recorder())
    assert torch.equal(map_(x), exact(x))
    map_.round(groups, rounded.bias)
    for _ in range(2):
        out = map_(map_.prepare(x))
        torch.testing.assert_close(out[0], exact(x[0]))
        torch.testing.assert_close(out[1], DenseLinear(groups.dequantize(), rounded.bias)(x[1]))
        map_.rest()
    assert (map_.nbytes, map_.out_features) == (4 * 32 * 4, 4)
    assert len(loads) == 3  # once, again after the first rest, again for nbytes after the second


def test_tracing_finds_who_shares_an_input() -> None:
    """Maps called with the very same tensor belong together; equal numbers in another tensor do not."""
    recorder = Recorder(inputs=[])
    x = _random(1, 2, 6)
    for stem, given in (("q", x), ("k", x), ("v", x), ("o", x.clone())):
        _pair(DenseLinear(_random(6, 6), None), stem, recorder)(given)
    assert recorder.inputs == [["q", "k", "v"], ["o"]]


def test_output_error_by_its_definition() -> None:
    """The norm of the outputs' change over the outputs' norm; 0 for the matrix itself and for a zero matrix."""
    weight, x = _random(4, 6), _random(50, 6, seed=1)
    changed = weight + 0.1 * _random(4, 6, seed=2)
    expected = float((x @ (changed - weight).t()).norm() / (x @ weight.t()).norm())
    assert output_error(weight, changed.__getitem__, x.t() @ x) == pytest.approx(expected, rel=1e-4)
    assert output_error(weight, weight.__getitem__, x.t() @ x) == 0.0
    assert output_error(torch.zeros(4, 6), changed.__getitem__, x.t() @ x) == 0.0


def test_largest_error_by_hand() -> None:
    """As a share of the largest magnitude, wherever in the matrix both are."""
    weight = torch.tensor([[1.0, -4.0], [0.5, 2.0]])
    rounded = torch.tensor([[1.0, -4.0], [0.75, 2.0]])
    assert largest_error(weight, rounded.__getitem__) == pytest.approx(0.0625)
    assert largest_error(torch.zeros(2, 2), torch.zeros(2, 2).__getitem__) == 0.0
