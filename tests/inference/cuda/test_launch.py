"""The kernels of a decode step against plain torch in float32 on the same inputs."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from app.inference.batch import DecodeStep
from app.inference.config import Activation
from app.inference.cuda import launch
from app.inference.cuda.launch import ADD, CAP, CONVOLVE, GATE, STORE, StepInput, StepKernels, split_slots
from app.inference.cuda.matrices import Matrix
from app.inference.int4_groups import dequantize_groups
from app.inference.int4_linear import Int4GroupLinear
from app.inference.int8_rows import quantize_weight
from app.inference.kernels import PLAIN_KERNELS
from app.inference.layers import BlockDiagonal, RecurrentCell, activate, causal_conv, rg_lru, rms_norm, rotary_angles
from app.inference.linear import DenseLinear, Int8RowLinear, Linear
from app.inference.ops import TorchOps
from app.inference.quantize.nearest import round_to_nearest
from app.inference.state import RecurrentState, WindowState
from tests.inference.cuda.samples import LIMITS, Random, error

PLAIN = TorchOps()
FORMS = ("float32", "bfloat16", "int8", "int4 by 32", "int4 by 64")
GELU, SILU = Activation.GELU_TANH, Activation.SILU

in_both_dtypes = pytest.mark.parametrize("dtype", LIMITS, ids=str)
in_all_forms = pytest.mark.parametrize("form", FORMS)


def _linear(random: Random, form: str, rows: int, width: int, *, bias: bool = True) -> tuple[Linear, Tensor]:
    """A linear map of one form, and its weights as float32."""
    weight = random(rows, width) * width**-0.5
    offset = random(rows) if bias else None
    if form in ("float32", "bfloat16"):
        weight = weight.to(getattr(torch, form))
        return DenseLinear(weight, offset), weight.float()
    zeros = torch.zeros(rows, device=random.device) if offset is None else offset
    if form == "int8":
        codes, scale = (part.to(random.device) for part in quantize_weight(weight.cpu()))
        return Int8RowLinear(codes, scale, zeros, PLAIN_KERNELS), codes.float() * scale[:, None]
    group = int(form.split()[-1])
    groups = round_to_nearest(weight.cpu(), group)
    parts = [part.to(random.device) for part in (groups.codes, groups.scale, groups.offset)]
    return Int4GroupLinear(*parts, zeros, group, PLAIN_KERNELS), dequantize_groups(*parts)


def _matrix(
    random: Random, form: str, rows: int, width: int, dtype: torch.dtype, *, bias: bool = True
) -> tuple[Matrix, Tensor, Tensor]:
    """A matrix, and its weights and bias as float32; bias is zero where there is none."""
    linear, weight = _linear(random, form, rows, width, bias=bias)
    matrix = Matrix.of(linear, dtype)
    zeros = torch.zeros(rows, device=random.device)
    return matrix, weight, zeros if matrix.bias is None else matrix.bias.float()


def _cell(random: Random, channels: int, size: int, dtype: torch.dtype, taps: int = 4) -> RecurrentCell:
    """As Layers makes it: gates in the dtype of activations, their biases flat."""
    blocks = channels // size

    def gate() -> BlockDiagonal:
        return BlockDiagonal((random(blocks, size, size) * size**-0.5).to(dtype), random(channels))

    decay = -torch.logspace(-7, 1.5, channels, device=random.device)
    return RecurrentCell(random(taps, channels), random(channels), gate(), gate(), decay)


@in_all_forms
@pytest.mark.parametrize("normed", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_project(bias: bool, normed: bool, form: str, random: Random) -> None:
    """One row times 640 columns, more than a tile, and 21 rows, no multiple of one."""
    kernels = StepKernels(torch.float32, GELU)
    matrix, weight, offset = _matrix(random, form, 21, 640, torch.float32, bias=bias)
    x, gain = random(1, 640), random(640) if normed else None
    n = x if gain is None else rms_norm(x, gain, 1e-5)
    found = kernels.project(x, matrix, kernels.empty(x, 21), gain=gain, eps=1e-5)
    assert error(found, n @ weight.t() + offset) < LIMITS[torch.float32]


@in_both_dtypes
@in_all_forms
def test_project_and_add(form: str, dtype: torch.dtype, random: Random) -> None:
    """To the residual stream, in place, from activations of either type."""
    matrix, weight, offset = _matrix(random, form, 21, 128, dtype)
    x, out = random(1, 128, dtype=dtype), random(1, 21)
    expected = out + x.float() @ weight.t() + offset
    StepKernels(dtype, GELU).project(x, matrix, out, after=ADD)
    assert error(out, expected) < LIMITS[torch.float32]


@in_both_dtypes
@in_all_forms
@pytest.mark.parametrize("activation", Activation)
def test_project_and_gate(activation: Activation, form: str, dtype: torch.dtype, random: Random) -> None:
    """Two products of a normed row, act(first) * second."""
    (gate, wide_gate, gate_bias), (up, wide_up, up_bias) = (_matrix(random, form, 13, 640, dtype) for _ in range(2))
    x, gain = random(1, 640), random(640)
    n = rms_norm(x, gain, 1e-5)
    expected = activate(n @ wide_gate.t() + gate_bias, activation) * (n @ wide_up.t() + up_bias)
    kernels = StepKernels(dtype, activation)
    found = kernels.project(x, gate, kernels.empty(x, 13), second=up, after=GATE, gain=gain, eps=1e-5)
    assert found.dtype == dtype and error(found, expected) < LIMITS[dtype]


@in_both_dtypes
@in_all_forms
@pytest.mark.parametrize("taps", [2, 4])
def test_project_and_convolve(taps: int, form: str, dtype: torch.dtype, random: Random) -> None:
    """conv(first) and act(second); the tail moves on by a token, in place."""
    (first, wide, bias), (second, wide2, bias2) = (_matrix(random, form, 21, 128, dtype) for _ in range(2))
    x, gain, cell = random(1, 128), random(128), _cell(random, 21, 7, dtype, taps)
    tail = random(1, taps - 1, 21, dtype=dtype)
    n = rms_norm(x, gain, 1e-5)
    expected, new_tail = causal_conv(
        (n @ wide.t() + bias)[:, None], cell.conv_weight, cell.conv_bias, tail.clone().float()
    )
    kernels = StepKernels(dtype, SILU)
    out, out2 = kernels.empty(x, 21), kernels.empty(x, 21)
    kernels.project(x, first, out, second=second, out2=out2, after=CONVOLVE, cell=cell, tail=tail, gain=gain, eps=1e-5)
    assert error(out, expected[:, 0]) < LIMITS[dtype]
    assert error(out2, activate(n @ wide2.t() + bias2, SILU)) < LIMITS[dtype]
    assert error(tail, new_tail) < LIMITS[dtype] and torch.equal(tail[:, :-1].float(), new_tail[:, :-1])


@in_all_forms
@pytest.mark.parametrize("cap", [30.0, 0.5])
def test_project_and_cap(cap: float, form: str, random: Random) -> None:
    """Scores as float32, cap * tanh(y / cap)."""
    matrix, weight, offset = _matrix(random, form, 21, 128, torch.bfloat16, bias=False)
    x, scores = random(1, 128), random(1, 21)
    StepKernels(torch.bfloat16, GELU).project(x, matrix, scores, after=CAP, cap=cap)
    assert error(scores, cap * torch.tanh((x @ weight.t() + offset) / cap)) < LIMITS[torch.float32]


def test_project_reads_no_more_rows_than_there_are(random: Random) -> None:
    """A part of a matrix, between rows of NaN."""
    weight = random(24, 64)
    weight[:3] = weight[16:] = torch.nan
    x = random(1, 64)
    kernels = StepKernels(torch.float32, GELU)
    part = Matrix.of(DenseLinear(weight, None)).part(3, 16)
    out = torch.full((1, 24), -1.0, device=x.device)
    kernels.project(x, part, out[:, 3:16], after=STORE)
    assert error(out[:, 3:16], x @ weight[3:16].t()) < LIMITS[torch.float32]
    assert (out[:, :3] == -1).all() and (out[:, 16:] == -1).all()


@in_both_dtypes
@in_all_forms
@pytest.mark.parametrize("shape", [(1, 1), (2, 3)])
def test_multiply(shape: tuple[int, int], form: str, dtype: torch.dtype, random: Random) -> None:
    """One row and many, the weights as they are or widened."""
    if form in ("float32", "bfloat16"):
        form = str(dtype).removeprefix("torch.")  # weights of floats are in the type of the activations
    matrix, weight, offset = _matrix(random, form, 21, 128, dtype)
    x = random(*shape, 128, dtype=dtype)
    found = StepKernels(dtype, GELU).multiply(x, matrix)
    assert found.dtype == dtype and error(found, x.float() @ weight.t() + offset) < LIMITS[dtype]


@pytest.mark.parametrize("form", FORMS[2:])
def test_multiply_by_parts(form: str, random: Random, monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rows widen a part of the matrix at a time, the last one smaller; for many it is widened at once."""
    monkeypatch.setattr(launch, "_WIDENED_WEIGHTS", 8 * 128)
    monkeypatch.setattr(launch, "_MANY_ROWS", 4)
    kernels = StepKernels(torch.float32, GELU)
    matrix, weight, offset = _matrix(random, form, 21, 128, torch.float32)
    rows = []
    widen = kernels.widen
    monkeypatch.setattr(kernels, "widen", lambda part: rows.append(part.rows) or widen(part))
    for tokens, parts in ((4, [8, 8, 5]), (5, [21])):
        x = random(1, tokens, 128)
        assert error(kernels.multiply(x, matrix), x @ weight.t() + offset) < LIMITS[torch.float32]
        assert rows == parts
        rows.clear()


@in_both_dtypes
@pytest.mark.parametrize(("form", "width"), [("int8", 1100), ("int4 by 32", 2080), ("int4 by 64", 2112)])
def test_widen(form: str, width: int, dtype: torch.dtype, random: Random) -> None:
    """Each weight to the nearest number of the type; rows are longer than a program takes."""
    matrix, weight, _ = _matrix(random, form, 3, width, dtype)
    found = StepKernels(dtype, GELU).widen(matrix)
    assert found.dtype == dtype
    # A product and a sum may be rounded once or twice.
    assert torch.allclose(found.float(), weight, rtol=1e-6 if dtype == torch.float32 else 2**-8, atol=1e-7)


@pytest.mark.parametrize("scaled", [False, True])
def test_begin(scaled: bool, random: Random) -> None:
    """Rows of the embedding times the model's factor; positions move on; angles stay exact far into a text."""
    positions = torch.tensor([0, 5, 100_000_007], device=random.device)
    ids = torch.tensor([[96], [0], [13]], device=random.device)
    weight, scale = random(97, 36), None
    expected = weight
    if scaled:
        weight, scale = (part.to(random.device) for part in quantize_weight(weight.cpu()))
        expected = weight.float() * scale[:, None]
    exponents = torch.arange(0, 10, 2, dtype=torch.float64, device=random.device) / 10
    step = StepKernels(torch.bfloat16, GELU).begin(ids, positions, weight, scale, 6.5, 10_000.0**-exponents)
    assert step.x.dtype == torch.float32 and error(step.x, expected[ids[:, 0]] * 6.5) < 1e-6
    assert step.positions.tolist() == [0, 5, 100_000_007] and positions.tolist() == [1, 6, 100_000_008]
    for found, exact in zip((step.cos, step.sin), rotary_angles(step.positions, 10, 10_000.0), strict=True):
        assert torch.allclose(found, exact, rtol=0, atol=5e-7)


def _step(random: Random, positions: list[int], rotary_dim: int = 0) -> StepInput:
    at = torch.tensor(positions, device=random.device)
    return StepInput(random(len(positions), 1), at, *rotary_angles(at, rotary_dim, 10_000.0))


@in_both_dtypes
@pytest.mark.parametrize("size", [12, 48, 7])
@pytest.mark.parametrize("positions", [[0], [9], [0, 7, 3000], [0, *range(1, 40)]])
def test_recurrent(positions: list[int], size: int, dtype: torch.dtype, random: Random) -> None:
    """Sequences that start and that go on, side by side; the states move on in place."""
    batch, channels = len(positions), 2 * size
    cell, step = _cell(random, channels, size, dtype), _step(random, positions)
    x, branch = random(batch, channels, dtype=dtype), random(batch, channels, dtype=dtype)
    state = RecurrentState(random(batch, channels), random(batch, 3, channels))
    h = state.h
    gates = [
        BlockDiagonal(gate.weight.float(), gate.bias.view(2, -1))(x.float()[:, None])
        for gate in (cell.input_gate, cell.recurrence_gate)
    ]
    rows = [
        rg_lru(
            x[row : row + 1, None].float(), *(gate[row : row + 1].clone() for gate in gates), cell.log_decay,
            h[row : row + 1].clone(), starts_sequence=position == 0,
        )[1]
        for row, position in enumerate(positions)
    ]  # fmt: skip
    found = StepKernels(dtype, GELU).recurrent(x, branch, cell, state, step)
    assert state.h is h and error(h, torch.cat(rows)) < LIMITS[dtype]
    assert found.dtype == dtype and error(found, torch.cat(rows) * branch.float()) < LIMITS[dtype]


@in_both_dtypes
@pytest.mark.parametrize(("heads", "groups"), [(4, 1), (6, 2), (3, 3)])
@pytest.mark.parametrize("slots", [8, 150])
def test_attend(slots: int, heads: int, groups: int, dtype: torch.dtype, random: Random) -> None:
    """Rings of 8 slots, and of 150 in three shares, at the start, partly filled, around their end and far beyond.

    What no token has been written to is NaN; the new key and value enter the ring in place.
    """
    assert (split_slots(slots, 6 * groups)[1] == 1) == (slots == 8)
    width, step = 20, _step(random, [0, 5, slots - 1, slots, 64, 3 * slots + 2], rotary_dim=10)
    at, batch = step.positions, 6
    qkv = random(batch, (heads + 2 * groups) * width, dtype=dtype)
    unused = (torch.arange(slots, device=at.device) >= at[:, None])[:, None, :, None]
    ring = WindowState(*(random(batch, groups, slots, width, dtype=dtype) for _ in range(2)))
    plain = WindowState(ring.k.float().masked_fill(unused, 0), ring.v.float().masked_fill(unused, 0))
    ring = WindowState(ring.k.masked_fill(unused, torch.nan), ring.v.masked_fill(unused, torch.nan))
    k, v = ring.k, ring.v
    visible = torch.arange(slots, device=at.device) <= at[:, None]
    parts = qkv.float().view(batch, 1, -1, width).split((heads, groups, groups), dim=2)
    expected = PLAIN.attend_step(*parts, plain, DecodeStep(at, at == 0, at % slots, visible, step.cos, step.sin))
    found = StepKernels(dtype, GELU).attend(qkv, ring, step)
    assert found.dtype == dtype and error(found, expected[:, 0]) < LIMITS[dtype]
    assert ring.k is k and ring.v is v
    there = visible[:, None, :, None].expand_as(k)
    assert error(k[there], plain.k[there]) < LIMITS[dtype] and torch.equal(v[there].float(), plain.v[there])
    assert k[~there].isnan().all() and v[~there].isnan().all()


def test_attend_without_rotation(random: Random) -> None:
    """Heads of which nothing is rotated: the ring takes the keys as they come."""
    qkv, window = random(1, 3 * 8), WindowState(*(torch.zeros((1, 1, 4, 8), device=random.device) for _ in range(2)))
    found = StepKernels(torch.float32, GELU).attend(qkv, window, _step(random, [0]))
    assert torch.equal(window.k[0, 0, 0], qkv[0, 8:16]) and torch.allclose(found, qkv[:, 16:])


@pytest.mark.parametrize("slots", [1, 8, 64, 65, 128, 2048, 2049, 65_536])
@pytest.mark.parametrize("sequences", [1, 7, 64, 1000])
def test_split_slots(slots: int, sequences: int) -> None:
    """Every slot has one program, every program has slots, whole tiles but for the last; 264 programs at most."""
    each, splits = split_slots(slots, sequences)
    assert (splits - 1) * each < slots <= splits * each and each % 64 == 0
    assert splits == 1 or splits * sequences <= 264


@in_both_dtypes
def test_add_and_norm(dtype: torch.dtype, random: Random) -> None:
    """The residual stream moves on in place; without an update it stays."""
    kernels, gain = StepKernels(dtype, GELU), random(96)
    x, update = random(3, 96), random(3, 96, dtype=dtype)
    total = x + update.float()
    for change in (update, None):
        found = kernels.add_and_norm(x, change, gain, 1e-5)
        assert torch.equal(x, total)
        assert found.dtype == dtype and error(found, rms_norm(total, gain, 1e-5)) < LIMITS[dtype]


@in_both_dtypes
@pytest.mark.parametrize("activation", Activation)
@pytest.mark.parametrize("taps", [2, 4])
def test_convolve(taps: int, activation: Activation, dtype: torch.dtype, random: Random) -> None:
    """Three sequences of 520 channels, more than a program takes; their tails move on in place."""
    cell = _cell(random, 520, 104, dtype, taps)
    x, branch, tail = (random(*shape, dtype=dtype) for shape in ((3, 520), (3, 520), (3, taps - 1, 520)))
    expected, new_tail = causal_conv(x[:, None].float(), cell.conv_weight, cell.conv_bias, tail.float())
    out, activated = StepKernels(dtype, activation).convolve(x, branch, cell, tail)
    assert out.dtype == activated.dtype == dtype
    assert error(out, expected[:, 0]) < LIMITS[dtype] and torch.equal(tail.float(), new_tail)
    assert error(activated, activate(branch.float(), activation)) < LIMITS[dtype]


@in_both_dtypes
@pytest.mark.parametrize("activation", Activation)
def test_gate(activation: Activation, dtype: torch.dtype, random: Random) -> None:
    """In the first one's memory."""
    x, up = random(3, 700, dtype=dtype), random(3, 700, dtype=dtype)
    expected = activate(x.float(), activation) * up.float()
    found = StepKernels(dtype, activation).gate(x, up)
    assert found is x and error(found, expected) < LIMITS[dtype]


@in_both_dtypes
def test_cap(dtype: torch.dtype, random: Random) -> None:
    """float32 scores, small ones as exact as large ones; 0 is no cap."""
    kernels = StepKernels(dtype, GELU)
    logits = torch.cat([random(2, 1100) * size for size in (1e-4, 1.0, 5.0, 60.0)]).to(dtype)
    found = kernels.cap(logits, 30.0)
    assert found.dtype == torch.float32
    assert torch.allclose(found.double(), 30 * torch.tanh(logits.double() / 30), rtol=1e-6, atol=0)
    assert torch.equal(kernels.cap(logits, 0.0), logits.float())


def test_constants_agree() -> None:
    """The numbers of the kernels' ways and forms are those of the code that calls them."""
    from app.inference.cuda import matrices
    from app.inference.cuda.kernels import project

    for name in ("STORE", "ADD", "GATE", "CONVOLVE", "CAP"):
        assert getattr(launch, name) == getattr(project, name).value
    for name in ("FLOATS", "INT8_ROWS", "INT4_GROUPS"):
        assert getattr(matrices, name) == getattr(project, name).value
