"""The layers' functions on values worked out by hand."""

import math
from decimal import Decimal, getcontext

import pytest
import torch
from torch import Tensor

from app.inference.config import Activation
from app.inference.layers import (
    BlockDiagonal,
    activate,
    attend,
    attend_step,
    causal_conv,
    rg_lru,
    rms_norm,
    rotary_angles,
    rotate,
    window_mask,
)

PI = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899")


def test_rms_norm() -> None:
    """[3, 4] has a mean square of 12.5; the gain comes on top; zeros stay zeros."""
    x = torch.tensor([[[3.0, 4.0], [0.0, 0.0]]])
    root = math.sqrt(12.5)
    expected = torch.tensor([[[3 / root * 2, 4 / root * 0.5], [0.0, 0.0]]])
    assert torch.allclose(rms_norm(x, torch.tensor([2.0, 0.5]), 1e-12), expected, rtol=1e-6)


def test_rms_norm_is_computed_in_float32() -> None:
    """bfloat16 input: squares of 300 would lose digits; only the result is rounded."""
    x = torch.tensor([[[300.0, 1.0, 1.0, 1.0]]], dtype=torch.bfloat16)
    out = rms_norm(x, torch.ones(4), 1e-6)
    expected = torch.tensor([[[300.0, 1.0, 1.0, 1.0]]]) / math.sqrt(90_003 / 4)
    assert out.dtype == torch.bfloat16 and torch.equal(out, expected.to(torch.bfloat16))


@pytest.mark.parametrize("x", [-3.0, -0.5, 0.0, 1.0, 4.0])
def test_activations(x: float) -> None:
    """SiLU and the tanh form of GELU."""
    gelu = 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    assert float(activate(torch.tensor(x), Activation.GELU_TANH)) == pytest.approx(gelu, abs=1e-6)
    assert float(activate(torch.tensor(x), Activation.SILU)) == pytest.approx(x / (1 + math.exp(-x)), abs=1e-6)


def _exact_angle(position: int, exponent: Decimal, base: int) -> float:
    """position * base ** -exponent modulo 2 pi, by 60-digit arithmetic."""
    getcontext().prec = 60
    return float((position * (-exponent * Decimal(base).ln()).exp()) % (2 * PI))


@pytest.mark.parametrize("base", [10_000, 100_000])
@pytest.mark.parametrize("position", [0, 1, 2049, 1_000_003, 10_000_000])
def test_rotary_angles_stay_exact(position: int, base: int) -> None:
    """At position 10 million as at 1: to float32 rounding, where float32 angles would be off by half a radian."""
    cos, sin = rotary_angles(torch.tensor([position]), 128, float(base))
    assert cos.shape == sin.shape == (1, 64) and cos.dtype == sin.dtype == torch.float32
    angles = [_exact_angle(position, Decimal(2 * j) / 128, base) for j in range(64)]
    assert float((cos[0].double() - torch.tensor([math.cos(angle) for angle in angles])).abs().max()) < 1.2e-7
    assert float((sin[0].double() - torch.tensor([math.sin(angle) for angle in angles])).abs().max()) < 1.2e-7


def test_rotate_pairs_element_i_with_i_plus_half() -> None:
    """A quarter turn takes (1, 2 | 3, 4) to (-3, -4 | 1, 2) and leaves the rest of the head alone."""
    x = torch.tensor([1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).reshape(1, 1, 1, 6)
    out = rotate(x, torch.zeros(1, 2), torch.ones(1, 2))
    assert out.flatten().tolist() == [-3.0, -4.0, 1.0, 2.0, 5.0, 6.0]
    assert torch.equal(rotate(x, torch.zeros(1, 0), torch.ones(1, 0)), x)


def test_rotated_products_depend_on_distance_only() -> None:
    """q at 5 with k at 2 is q at 10,000,003 with k at 10,000,000."""
    q, k = torch.randn((2, 1, 1, 1, 64), generator=torch.Generator().manual_seed(0))

    def score(at: int, other: int) -> float:
        turned = (rotate(x, *rotary_angles(torch.tensor([p]), 64, 1e4)) for x, p in ((q, at), (k, other)))
        return float(torch.mul(*turned).sum())

    assert score(5, 2) == pytest.approx(score(10_000_003, 10_000_000), abs=1e-5)
    assert score(5, 2) != pytest.approx(score(5, 3), abs=1e-2)


def test_causal_conv() -> None:
    """Two taps: y[t] = 1 + 10 x[t] + 3 x[t-1], the first with the tail; the new tail is the last input."""
    x = torch.tensor([[[1.0], [2.0], [3.0]]])
    weight, bias = torch.tensor([[3.0], [10.0]]), torch.tensor([1.0])
    y, tail = causal_conv(x, weight, bias, torch.tensor([[[100.0]]]))
    assert y.flatten().tolist() == [311.0, 24.0, 37.0]
    assert tail.flatten().tolist() == [3.0]


def test_causal_conv_in_pieces() -> None:
    """Any cut, also into pieces shorter than the tail, gives the same output and tail."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn((2, 9, 3), generator=generator)
    weight, bias = torch.randn((4, 3), generator=generator), torch.randn(3, generator=generator)
    expected, expected_tail = causal_conv(x, weight, bias, torch.zeros(2, 3, 3))
    for sizes in ([1] * 9, [2, 1, 6], [4, 5]):
        tail, parts = torch.zeros(2, 3, 3), []
        for piece in x.split(sizes, dim=1):
            y, tail = causal_conv(piece, weight, bias, tail)
            parts.append(y)
        assert torch.allclose(torch.cat(parts, dim=1), expected, atol=1e-6)
        assert torch.equal(tail, expected_tail)


def test_block_diagonal() -> None:
    """Two blocks of two: each mixes its own half, weights are (in, out)."""
    x = torch.tensor([[[1.0, 2.0, 3.0, 4.0]]])
    weight = torch.tensor([[[1.0, 10.0], [100.0, 1000.0]], [[1.0, 0.0], [0.0, 1.0]]])
    bias = torch.tensor([[0.5, 0.25], [-3.0, -4.0]])
    assert BlockDiagonal(weight, bias)(x).flatten().tolist() == [201.5, 2010.25, 0.0, 0.0]


def _rg_lru(t: int, *, starts: bool, log_decay: float, r_logit: float = 0.0) -> Tensor:
    h, _ = rg_lru(
        torch.full((1, t, 1), 2.0),
        torch.zeros(1, t, 1),
        torch.full((1, t, 1), r_logit),
        torch.tensor([log_decay]),
        torch.full((1, 1), 8.0),
        starts_sequence=starts,
    )
    return h.flatten()


def test_rg_lru() -> None:
    """Gates of one half, a = exp(2 ln 0.6 / 2) = 0.6, so sqrt(1 - a^2) = 0.8: h = 0.6 h + 0.8 * 0.5 * 2."""
    decay = 2 * math.log(0.6)
    assert _rg_lru(3, starts=False, log_decay=decay).tolist() == pytest.approx([5.6, 4.16, 3.296], rel=1e-6)
    # The sequence's first input enters with factor 1: 0.6 * 8 + 1.
    assert _rg_lru(2, starts=True, log_decay=decay).tolist() == pytest.approx([5.8, 4.28], rel=1e-6)


def test_rg_lru_keeps_long_memories() -> None:
    """a = 1 - 1e-8: 1 - a^2 is 2e-8, which 1 - a * a in float32 would make 0."""
    h = _rg_lru(1, starts=False, log_decay=-1e-8, r_logit=100.0)
    assert float(h) - 8.0 == pytest.approx(math.sqrt(2e-8), rel=1e-2)


def test_window_mask() -> None:
    """Three keys: the query itself and two before; keys in any order."""
    mask = window_mask(torch.tensor([5, 6]), torch.tensor([6, 3, 4, 5]), 3)
    assert mask.tolist() == [[False, True, True, True], [True, False, True, True]]


def test_attend_by_hand() -> None:
    """Two query heads share one key/value head; scores are divided by sqrt(4)."""
    q = torch.tensor([[2.0, 0, 0, 0], [0.0, 0, 0, 0]]).reshape(1, 2, 1, 4)
    k = torch.tensor([[math.log(3.0), 0, 0, 0], [0.0, 0, 0, 0]]).reshape(1, 1, 2, 4)
    v = torch.tensor([[4.0, 0, 0, 0], [8.0, 0, 0, 0]]).reshape(1, 1, 2, 4)
    # Head 0: scores ln 3 and 0, weights 3/4 and 1/4; head 1: even.
    mask = torch.ones((1, 2), dtype=torch.bool)
    assert attend(q, k, v, mask)[0, 0, [0, 4]].tolist() == pytest.approx([5.0, 6.0], rel=1e-6)


def test_one_token_of_a_batch_attends_as_many_do() -> None:
    """The path for a single token gives what the path for several gives, with slots that it may not see."""
    generator = torch.Generator().manual_seed(0)
    q = torch.randn((2, 6, 3, 8), generator=generator)
    k, v = torch.randn((2, 2, 2, 5, 8), generator=generator)
    mask = torch.tensor([[True, False, True, True, False]] * 3)
    many = attend(q, k, v, mask)
    for t in range(3):
        assert torch.allclose(attend_step(q[:, None, :, t], k, v, mask[t].expand(2, -1))[:, 0], many[:, t], atol=1e-6)
