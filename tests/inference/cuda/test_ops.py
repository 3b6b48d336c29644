"""The passes of many tokens against plain torch in float32 on the same inputs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from app.inference.config import Activation
from app.inference.cuda.ops import SCAN_AHEAD, SCAN_RUN, SCAN_RUNS, CudaOps, largest_power_of_two_in, power_of_two
from app.inference.layers import BlockDiagonal, attend, rotary_angles, window_mask
from app.inference.ops import TorchOps
from app.inference.state import WindowState
from tests.inference.cuda.samples import LIMITS, Random, error

PLAIN = TorchOps()
CHUNK = SCAN_RUN * SCAN_RUNS

in_both_dtypes = pytest.mark.parametrize("dtype", LIMITS, ids=str)


@pytest.fixture(scope="module")
def ops() -> CudaOps:
    """The passes under test."""
    return CudaOps()


def test_powers_of_two() -> None:
    """The sizes of tiles: the next power of two, and the largest that divides a width."""
    assert [power_of_two(number) for number in (0, 1, 2, 3, 96, 128)] == [1, 1, 2, 4, 128, 128]
    assert power_of_two(3, 16) == 16
    assert [largest_power_of_two_in(number, 64) for number in (12, 96, 256, 7)] == [4, 32, 64, 1]


@in_both_dtypes
@pytest.mark.parametrize("width", [1, 96, 128])
def test_rms_norm(width: int, dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """Rows of any width, also one that lies in memory with gaps."""
    x, gain = random(2, 2 * width, 3, dtype=dtype).transpose(1, 2)[..., ::2], random(width)
    found = ops.rms_norm(x, gain, 1e-5)
    assert found.dtype == dtype
    assert error(found, PLAIN.rms_norm(x.float(), gain, 1e-5)) < LIMITS[dtype]


@in_both_dtypes
@pytest.mark.parametrize("activation", Activation)
def test_gate(activation: Activation, dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """More elements than one program takes, and not a multiple of them."""
    x, up = random(3, 1, 700, dtype=dtype), random(3, 1, 700, dtype=dtype)
    expected = PLAIN.gate(x.float(), up.float(), activation)
    found = ops.gate(x, up, activation)
    assert found.dtype == dtype and error(found, expected) < LIMITS[dtype]


@in_both_dtypes
@pytest.mark.parametrize(("width", "rotary_dim"), [(20, 10), (16, 16), (6, 2)])
def test_rotate(width: int, rotary_dim: int, dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """Half a head, a whole one and two of six elements, far into a text."""
    x = random(2, 3, 2, width, dtype=dtype)
    angles = rotary_angles(torch.arange(1_000_000, 1_000_003, device=x.device), rotary_dim, 10_000.0)
    found = ops.rotate(x, *angles)
    assert found.dtype == dtype and error(found, PLAIN.rotate(x.float(), *angles)) < LIMITS[dtype]


def test_nothing_to_rotate(ops: CudaOps, random: Random) -> None:
    """Heads without rotated elements are handed on."""
    x = random(2, 3, 2, 8)
    assert torch.equal(ops.rotate(x, x.new_empty(3, 0), x.new_empty(3, 0)), x.transpose(1, 2))


@in_both_dtypes
@pytest.mark.parametrize(("steps", "taps"), [(1, 4), (2, 4), (3, 4), (5, 2), (31, 4), (32, 4), (33, 4), (70, 3)])
def test_causal_conv(steps: int, taps: int, dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """Fewer tokens than the tail holds, and around a program's 32 steps; 72 channels are no multiple of 64."""
    x, tail = random(2, steps, 72, dtype=dtype), random(2, taps - 1, 72, dtype=dtype)
    weight, bias = random(taps, 72, dtype=dtype), random(72, dtype=dtype)
    before = tail.clone()
    found, new_tail = ops.causal_conv(x, weight, bias, tail)
    expected, expected_tail = PLAIN.causal_conv(x.float(), weight.float(), bias.float(), tail.float())
    assert found.dtype == dtype and error(found, expected) < LIMITS[dtype]
    assert new_tail.dtype == dtype and torch.equal(new_tail.float(), expected_tail)
    assert torch.equal(tail, before)


def _gates(random: Random, channels: int, size: int, dtype: torch.dtype) -> tuple[BlockDiagonal, BlockDiagonal]:
    """Gates in blocks of `size` channels, their weights numbers that the dtype holds."""
    blocks = channels // size

    def gate() -> BlockDiagonal:
        weight = (random(blocks, size, size) * size**-0.5).to(dtype).float()
        return BlockDiagonal(weight, random(blocks, size))

    return gate(), gate()


def _decays(channels: int, device: torch.device) -> Tensor:
    """From memories of millions of tokens to none."""
    return -torch.logspace(-7, 1.5, channels, device=device)


@in_both_dtypes
@pytest.mark.parametrize(
    ("steps", "starts"),
    [(1, True), (1, False), (CHUNK - 1, False), (CHUNK, True), (CHUNK + 1, False), (300, True), (300, False)],
)
def test_rg_lru(steps: int, starts: bool, dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """Two sequences from a state that is not zero, around the chunks' edges; h0 stays as it was."""
    x, h0 = random(2, steps, 96, dtype=dtype), random(2, 96)
    before, gates, decay = h0.clone(), _gates(random, 96, 48, dtype), _decays(96, x.device)
    found, last = ops.rg_lru(x, *gates, decay, h0, starts_sequence=starts)
    expected, expected_last = PLAIN.rg_lru(x.float(), *gates, decay, before, starts_sequence=starts)
    assert found.dtype == last.dtype == torch.float32
    assert error(found, expected) < LIMITS[dtype] and error(last, expected_last) < LIMITS[dtype]
    assert torch.equal(h0, before)


@in_both_dtypes
@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize(("channels", "size"), [(24, 12), (96, 96), (14, 7), (128, 128)])
def test_gated_rg_lru(
    channels: int, size: int, activation: Activation, dtype: torch.dtype, ops: CudaOps, random: Random
) -> None:
    """The product with the branch, written over it; blocks of the gates of any width."""
    x, branch, h0 = random(1, 130, channels, dtype=dtype), random(1, 130, channels, dtype=dtype), random(1, channels)
    gates, decay = _gates(random, channels, size, dtype), _decays(channels, x.device)
    h, expected_last = PLAIN.rg_lru(x.float(), *gates, decay, h0, starts_sequence=False)
    expected = PLAIN.gate(branch.float(), h, activation)
    found, last = ops.gated_rg_lru(x, branch, *gates, decay, h0, activation, starts_sequence=False)
    assert found.dtype == dtype and found.data_ptr() == branch.data_ptr()
    assert error(found, expected) < LIMITS[dtype] and error(last, expected_last) < LIMITS[dtype]


@in_both_dtypes
def test_rg_lru_over_many_chunks(dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """More of them than a program looks back over at once; the last bit of a decay counts 1,400 times."""
    steps = (SCAN_AHEAD + 3) * CHUNK + 5
    x, h0, gates = random(1, steps, 16, dtype=dtype), random(1, 16), _gates(random, 16, 16, dtype)
    decay = _decays(16, x.device)
    found, last = ops.rg_lru(x, *gates, decay, h0, starts_sequence=True)
    expected, expected_last = PLAIN.rg_lru(x.float(), *gates, decay, h0, starts_sequence=True)
    assert error(found, expected) < 3 * LIMITS[dtype] and error(last, expected_last) < 3 * LIMITS[dtype]


@in_both_dtypes
def test_extreme_decays_are_exact(dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """A channel that keeps everything and one that forgets everything: h + 0 and sqrt(1 - 0) * x / 2."""
    x, h0 = random(1, 300, 2, dtype=dtype), random(1, 2)
    zeros = torch.zeros((1, 2, 2), device=x.device)
    gates = BlockDiagonal(zeros, zeros[:, 0]), BlockDiagonal(zeros, zeros[:, 0])
    found, last = ops.rg_lru(x, *gates, torch.tensor([0.0, -1e3], device=x.device), h0, starts_sequence=False)
    assert torch.equal(found[0, :, 0], h0[0, 0].expand(300))
    assert torch.equal(found[0, :, 1], x[0, :, 1].float() / 2)
    assert torch.equal(last, found[:, -1])


@in_both_dtypes
def test_inputs_enter_with_the_right_factor(dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """sqrt(1 - a^2) of every channel by itself, from decays where a^2 is one in float32 to none that is left."""
    x, h0 = random(1, 1, 64, dtype=dtype), torch.zeros((1, 64), device=random.device)
    zeros = torch.zeros((1, 64, 64), device=x.device)
    gates, decay = (BlockDiagonal(zeros, zeros[:, 0]),) * 2, -torch.logspace(-9, 2, 64, device=x.device)
    found, _ = ops.rg_lru(x, *gates, decay, h0, starts_sequence=False)
    expected = (-torch.expm1(decay.double())).sqrt() * x.double() / 2
    # In bfloat16 a GPU takes a shorter series and fast instructions.
    assert torch.allclose(found.double(), expected, rtol=1e-6 if dtype == torch.float32 else 1e-4, atol=0)


def test_effects_are_packed_without_loss(device: torch.device) -> None:
    """Each is one word that is never 0, which stands for one that is not there yet."""
    from tests.inference.cuda import kernels

    a = torch.tensor([0.0, 1.0, 1e-38, 0.5, 0.0, 0.999999, 1e-45, 0.25], device=device)
    b = torch.tensor([0.0, -1.0, 1e-38, -3e38, -0.0, 7.5, -1e-45, float("inf")], device=device)
    words = torch.zeros(8, dtype=torch.int64, device=device)
    found_a, found_b = torch.empty_like(a), torch.empty_like(b)
    kernels.pack[(1,)](a, b, words, block=8)
    kernels.unpack[(1,)](words, found_a, found_b, block=8)
    assert (words != 0).all() and torch.equal(found_a, a) and torch.equal(found_b, b)


@pytest.mark.parametrize("ahead", [2, 8])
@pytest.mark.parametrize("chunk", [1, 2, 4, 11])
def test_looking_back_over_chunks_whose_end_is_not_known(
    chunk: int, ahead: int, device: torch.device, random: Random
) -> None:
    """The end before them and their effects give the state; what lies before that end does not count."""
    from tests.inference.cuda import kernels

    a, b = random(12, 4).sigmoid(), random(12, 4)
    end = max(0, chunk - ahead)
    a[end] = 0.0
    words = torch.zeros((12, 4), dtype=torch.int64, device=device)
    for row in range(max(0, end - 1), chunk):
        kernels.pack[(1,)](a[row], b[row], words[row], block=4)
    expected = torch.full((4,), torch.nan, device=device)
    for row in range(end, chunk):
        expected = b[row] if row == end else a[row] * expected + b[row]
    found = torch.empty_like(expected)
    kernels.look_back[(1,)](words, found, chunk, block=4, ahead=ahead)
    assert error(found, expected) < 1e-6


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_state_that_is_no_number(value: float, ops: CudaOps, random: Random) -> None:
    """It is handed from chunk to chunk as it is, and nobody waits for a better one; the other channels are right."""
    x, h0, gates = random(1, 300, 4), random(1, 4), _gates(random, 4, 1, torch.float32)
    decay = torch.full((4,), -1e-3, device=x.device)
    x[0, 5, 1] = value
    found, last = ops.rg_lru(x, *gates, decay, h0, starts_sequence=False)
    assert not found[0, 5:, 1].isfinite().any() and not last[0, 1].isfinite()
    others = [0, 2, 3]
    expected, _ = PLAIN.rg_lru(x, *gates, decay, h0, starts_sequence=False)
    assert error(found[..., others], expected[..., others]) < LIMITS[torch.float32]


def _attention(
    ops: CudaOps, random: Random, dtype: torch.dtype, *, heads: int, groups: int, width: int, window: int,
    position: int, steps: int,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """What the kernel makes of new tokens and a ring, and what attention to all tokens under a mask makes of them."""
    q = random(2, heads, steps, width, dtype=dtype)
    k, v = (random(2, groups, position + steps, width, dtype=dtype) for _ in range(2))
    # What no token has been written to is not to be read either.
    ring = WindowState(*(torch.full((2, groups, window, width), torch.nan, device=q.device, dtype=dtype),) * 2)
    ring = ring.clone()
    ring.write(k[:, :, :position], v[:, :, :position], 0)
    at = torch.arange(position + steps, device=q.device)
    mask = window_mask(at[position:], at, window)
    found = ops.attend_window(q, k[:, :, position:], v[:, :, position:], ring.k, ring.v, position)
    return found, attend(q.float(), k.float(), v.float(), mask)


@in_both_dtypes
@pytest.mark.parametrize(("heads", "groups"), [(4, 1), (4, 2), (6, 2), (3, 3)])
@pytest.mark.parametrize(("position", "steps"), [(0, 1), (0, 20), (3, 20), (8, 1), (9, 20), (45, 7)])
def test_attention(
    position: int, steps: int, heads: int, groups: int, dtype: torch.dtype, ops: CudaOps, random: Random
) -> None:
    """Rings of 8 slots that are empty, partly filled, just full and often overwritten; heads of 20 elements."""
    sizes = {"heads": heads, "groups": groups, "width": 20, "window": 8}
    found, expected = _attention(ops, random, dtype, **sizes, position=position, steps=steps)
    assert found.dtype == dtype and error(found, expected) < LIMITS[dtype]


@in_both_dtypes
@pytest.mark.parametrize("position", [0, 50, 150])
def test_attention_over_many_tiles(position: int, dtype: torch.dtype, ops: CudaOps, random: Random) -> None:
    """A window of 70 slots and 75 tokens: several tiles of keys from the ring and of new ones, and of queries."""
    found, expected = _attention(
        ops, random, dtype, heads=3, groups=1, width=16, window=70, position=position, steps=75
    )
    assert error(found, expected) < LIMITS[dtype]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs many programs at once: a CUDA device")
def test_rg_lru_is_right_every_time(ops: CudaOps, random: Random) -> None:
    """Programs that wait for one another: a word read too early by some threads shows in a few runs of many."""
    x, h0, gates = random(1, 8192, 2560), random(1, 2560), _gates(random, 2560, 256, torch.float32)
    decay = _decays(2560, x.device)
    expected, _ = PLAIN.rg_lru(x, *gates, decay, h0, starts_sequence=False)
    errors = [
        float((ops.rg_lru(x, *gates, decay, h0, starts_sequence=False)[0] - expected).abs().max()) for _ in range(50)
    ]
    # A word read too early showed as 4e-3; rounding in another order is 1.3e-4 after 8,192 steps.
    assert max(errors) < 5e-4 * float(expected.abs().max())
