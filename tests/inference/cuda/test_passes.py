"""A whole model through the CUDA passes against the same one in plain torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
from torch import Tensor

from app.inference.batch import DecodeBatch, gather, scatter
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.cuda.passes import CudaHead, accelerated
from app.inference.griffin import Griffin
from app.inference.kernels import PLAIN_KERNELS
from app.inference.state import ModelState, RecurrentState
from app.inference.state_container import freeze_state, guards_of, load_state
from app.inference.weight_format import WeightFormat
from tests.checkpoints import (
    ATTENTION,
    KINDS,
    RECURRENT,
    int4_tensors,
    int8_tensors,
    random_tensors,
    raw_config,
    write_checkpoint,
)
from tests.inference.cuda.samples import error

TOLERANCE = 1e-4
"""Of float32 logits, relative to the largest one."""
MOST_KL = 5e-3
"""Mean divergence in nats that bfloat16 activations may cost."""
IDS = torch.randint(0, 97, (3, 21), generator=torch.Generator().manual_seed(8))
"""More than two windows of eight tokens."""

Build = Callable[..., Griffin]


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory, device: torch.device) -> Build:
    """build(kind, stored format[, format to hold the weights in]) -> a tiny model on the device."""

    def make(kind: str, form: WeightFormat, held: WeightFormat | None = None) -> Griffin:
        # Half the model where the interpreter would turn row after row of integers into floats.
        small = {"num_hidden_layers": 2, "intermediate_size": 64, "block_types": [RECURRENT, ATTENTION]}
        raw = raw_config(kind, **(small if form.is_integer else {}))
        tensors = random_tensors(raw)
        if form is WeightFormat.INT8:
            tensors = int8_tensors(tensors)
        elif form is WeightFormat.INT4:
            tensors = int4_tensors(tensors)
        elif form is WeightFormat.BFLOAT16:
            tensors = {name: tensor.bfloat16() for name, tensor in tensors.items()}
        checkpoint = open_checkpoint(write_checkpoint(tmp_path_factory.mktemp(kind), raw, tensors))
        return build_griffin(checkpoint.config, checkpoint.source, held or form, device, PLAIN_KERNELS)

    return make


@pytest.fixture(scope="module", params=KINDS)
def pair(request: pytest.FixtureRequest, build: Build) -> tuple[Griffin, Griffin]:
    """The plain model of each kind in float32, and the accelerated one."""
    with torch.inference_mode():
        plain = build(request.param, WeightFormat.FLOAT32)
        return plain, accelerated(plain)


def _ids(model: Griffin) -> Tensor:
    return IDS.to(model.device)


def _assert_close(found: Tensor, expected: Tensor) -> None:
    assert found.shape == expected.shape and found.dtype == torch.float32
    assert float((found - expected).abs().max()) <= TOLERANCE * float(expected.abs().max())


def _assert_same_state(found: ModelState, expected: ModelState) -> None:
    """Positions, and of the windows the slots in use."""
    assert found.position == expected.position
    for layer, other in zip(found.layers, expected.layers, strict=True):
        if isinstance(layer, RecurrentState):
            assert isinstance(other, RecurrentState)
            assert error(layer.h, other.h) < TOLERANCE and error(layer.conv_tail, other.conv_tail) < TOLERANCE
        else:
            assert not isinstance(other, RecurrentState)
            used = other.filled(expected.position)
            assert error(layer.k[:, :, :used], other.k[:, :, :used]) < TOLERANCE
            assert error(layer.v[:, :, :used], other.v[:, :, :used]) < TOLERANCE


def _saved_and_loaded(model: Griffin, state: ModelState) -> ModelState:
    guards = guards_of(model, "f" * 64, "t" * 64)
    return load_state(freeze_state(state, guards, {}).pack(), model, guards)


def test_reading(pair: tuple[Griffin, Griffin]) -> None:
    """Two sequences in one piece: logits of every token, and the state after them."""
    plain, model = pair
    ids = _ids(model)[:2]
    state, expected_state = model.fresh_state(batch=2), plain.fresh_state(batch=2)
    _assert_close(model.forward(ids, state), plain.forward(ids, expected_state))
    _assert_same_state(state, expected_state)


@pytest.mark.parametrize("chunks", [[3, 1, 9, 8]])
def test_reading_in_chunks(chunks: list[int], pair: tuple[Griffin, Griffin]) -> None:
    """Odd pieces, the state saved and loaded between them: as the plain model in one piece."""
    plain, model = pair
    ids = _ids(model)[:1]
    state, expected_state, parts = model.fresh_state(), plain.fresh_state(), []
    for part in ids.split(chunks, dim=1):
        parts.append(model.forward(part, state))
        state = _saved_and_loaded(model, state)
    _assert_close(torch.cat(parts, dim=1), plain.forward(ids, expected_state))
    _assert_same_state(state, expected_state)


def _decoded(model: Griffin, batch: DecodeBatch, rows: Sequence[int], read: Sequence[int], steps: int) -> list[Tensor]:
    """Logits (steps, v) of each row, decoded on from the number of tokens that it has read."""
    ids = _ids(model)
    logits = []
    for step in range(steps):
        tokens = torch.stack([ids[row, start + step] for row, start in zip(rows, read, strict=True)])
        logits.append(model.decode(tokens[:, None], batch))
    return list(torch.stack(logits, dim=1))


@pytest.mark.parametrize("read", [[0], [7], [17], [0, 7, 17]])
def test_decoding(read: list[int], pair: tuple[Griffin, Griffin]) -> None:
    """One sequence and three at different positions: logits and states as the plain model reads them.

    The tensors of the batch stay the same ones.
    """
    plain, model = pair
    ids, rows, steps = _ids(model), range(len(read)), 3
    states = []
    for row, start in zip(rows, read, strict=True):
        states.append(plain.fresh_state())
        if start:
            plain.hidden(ids[row : row + 1, :start], states[-1])
    batch = gather(states, model.device)
    places = [tensor.data_ptr() for tensor in _batch_tensors(batch)]
    logits = _decoded(model, batch, rows, read, steps)
    assert [tensor.data_ptr() for tensor in _batch_tensors(batch)] == places
    assert batch.positions.tolist() == [start + steps for start in read]
    for row, start in zip(rows, read, strict=True):
        state = plain.fresh_state()
        expected = plain.forward(ids[row : row + 1, : start + steps], state)
        _assert_close(logits[row], expected[0, start:])
        _assert_same_state(scatter(batch, row), state)


def _batch_tensors(batch: DecodeBatch) -> list[Tensor]:
    tensors = [batch.positions]
    for layer in batch.layers:
        tensors += [layer.h, layer.conv_tail] if isinstance(layer, RecurrentState) else [layer.k, layer.v]
    return tensors


def _divergence(found: Tensor, expected: Tensor) -> float:
    """Mean of KL(expected || found) over tokens, in nats."""
    other, own = found.double().log_softmax(-1), expected.double().log_softmax(-1)
    return float((own.exp() * (own - other)).sum(-1).mean())


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("recurrentgemma", WeightFormat.BFLOAT16),
        ("starter", WeightFormat.BFLOAT16),
        ("griffin", WeightFormat.INT8),
        ("recurrentgemma", WeightFormat.INT4),
    ],
)
def test_other_formats(kind: str, form: WeightFormat, build: Build) -> None:
    """Against the float32 model of the same numbers, which integer weights were dequantised to: read and decoded."""
    expected_model, model = build(kind, form, WeightFormat.FLOAT32), accelerated(build(kind, form))
    assert model.dtype == torch.bfloat16
    ids, start = _ids(model), 18
    expected = expected_model.forward(ids, expected_model.fresh_state(batch=3))
    state = model.fresh_state(batch=3)
    assert _divergence(model.forward(ids[:, :start], state), expected[:, :start]) < MOST_KL
    batch = DecodeBatch(torch.full((3,), start, device=model.device), state.layers)
    alone = gather([scatter(batch, 0)], model.device)
    logits = _decoded(model, batch, range(3), [start] * 3, 1)
    assert _divergence(torch.stack(logits), expected[:, start : start + 1]) < MOST_KL
    (single,) = _decoded(model, alone, [0], [start], 3)
    assert _divergence(single, expected[0, start:]) < MOST_KL


def test_head(build: Build) -> None:
    """The scores of one token come as float32, those of many in the activations' type; sizes as the plain head's."""
    plain = build("recurrentgemma", WeightFormat.INT8)
    head = accelerated(plain).head
    assert isinstance(head, CudaHead)
    assert (head.nbytes, head.out_features) == (plain.head.nbytes, plain.head.out_features)
    x = torch.randn((1, 4, 32), generator=torch.Generator().manual_seed(0)).to(plain.device, torch.bfloat16)
    many = head(head.prepare(x))
    assert many.dtype == torch.bfloat16 and many.shape == (1, 4, 97)
    for token in range(4):
        one = head(head.prepare(x[:, token : token + 1]))
        assert one.dtype == torch.float32 and one.shape == (1, 1, 97) and error(one, many[:, token : token + 1]) < 1e-2


def test_weights_lie_in_the_passes_alone(pair: tuple[Griffin, Griffin]) -> None:
    """The accelerated model has no blocks: some of its matrices are joined or in another type, and once is enough."""
    plain, model = pair
    assert model.blocks == () and plain.blocks and model.config == plain.config
