"""Decoding many sequences in step equals decoding each alone, wherever each of them stands."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.inference.batch import DecodeBatch, gather, scatter, take
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.griffin import Griffin
from app.inference.kernels import KernelChoice
from app.inference.state import ModelState, RecurrentState
from app.inference.state_container import freeze_state, guards_of, load_state
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, random_tensors, raw_config, write_checkpoint
from tests.parity.conftest import Build, load_starter

WINDOW = 8
POSITIONS = (0, 1, 3, WINDOW - 1, WINDOW, WINDOW + 1, 3 * WINDOW + 5)
STEPS = 2 * WINDOW + 3


def _ids(rows: int, columns: int, vocabulary: int = 97) -> Tensor:
    return torch.randint(0, vocabulary, (rows, columns), generator=torch.Generator().manual_seed(7))


def _read(model: Griffin, positions: Sequence[int], vocabulary: int = 97) -> list[ModelState]:
    """A state at each position; 0 is fresh."""
    states = []
    for row, position in enumerate(positions):
        state = model.fresh_state()
        if position:
            model.hidden(_ids(row + 1, position, vocabulary)[-1:], state)
        states.append(state)
    return states


def _tensors(state: ModelState | DecodeBatch) -> list[Tensor]:
    return [
        tensor
        for layer in state.layers
        for tensor in ((layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v))
    ]


def _assert_close(actual: Tensor, expected: Tensor) -> None:
    assert actual.shape == expected.shape
    assert float((actual - expected).abs().max()) <= 1e-5 * float(expected.abs().max())


@pytest.mark.parametrize("extra_key", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_equals_its_sequences(kind: str, extra_key: int, build: Build) -> None:
    """Fresh, in the first window, at its end and after it has wrapped: logits of every step, and the states after."""
    model = build(kind, attention_window_size=WINDOW, attention_window_keys=WINDOW + extra_key)
    states = _read(model, POSITIONS)
    batch = gather(states, model.device)
    ids = _ids(len(POSITIONS), STEPS)
    for column in range(STEPS):
        together = model.decode(ids[:, column : column + 1], batch)
        alone = [model.forward(ids[row : row + 1, [column]], state)[:, -1] for row, state in enumerate(states)]
        _assert_close(together, torch.cat(alone))
    for row, state in enumerate(states):
        left = scatter(batch, row)
        assert left.position == state.position == POSITIONS[row] + STEPS
        for actual, expected in zip(_tensors(left), _tensors(state), strict=True):
            _assert_close(actual, expected)


@pytest.mark.parametrize("kind", KINDS)
def test_compiled_steps_equal_sequences_in_torch(kind: str, compiled_kernels: KernelChoice, tmp_path: Path) -> None:
    """The compiled passes of a batch against plain torch token by token: logits to 1e-5."""
    raw = raw_config(kind, attention_window_size=WINDOW)
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / kind, raw, random_tensors(raw)))
    plain, compiled = (
        build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None, ops)
        for ops in (None, compiled_kernels.compiled)
    )
    states = _read(plain, POSITIONS)
    batch = gather(states, plain.device)
    ids = _ids(len(POSITIONS), STEPS)
    for column in range(STEPS):
        together = compiled.decode(ids[:, column : column + 1], batch)
        alone = [plain.forward(ids[row : row + 1, [column]], state)[:, -1] for row, state in enumerate(states)]
        _assert_close(together, torch.cat(alone))
    for row, state in enumerate(states):
        for actual, expected in zip(_tensors(scatter(batch, row)), _tensors(state), strict=True):
            _assert_close(actual, expected)


def test_gathering_copies(build: Build) -> None:
    """What a batch decodes leaves the states it came from as they were, and what was scattered or taken from it."""
    model = build("starter")
    states = _read(model, POSITIONS)
    before = [state.clone() for state in states]
    batch = gather(states, model.device)
    left, few = scatter(batch, 2), take(batch, [5, 2])
    model.decode(_ids(len(POSITIONS), 1), batch)
    for state, copy in zip([*states, left], [*before, before[2]], strict=True):
        assert state.position == copy.position
        assert all(torch.equal(a, b) for a, b in zip(_tensors(state), _tensors(copy), strict=True))
    assert few.positions.tolist() == [POSITIONS[5], POSITIONS[2]]
    for actual, fifth, second in zip(_tensors(few), _tensors(before[5]), _tensors(before[2]), strict=True):
        assert torch.equal(actual, torch.cat([fifth, second]))


def test_buffers_stay_the_same(build: Build) -> None:
    """A CUDA graph writes where it wrote when it was captured: no step puts another tensor in a buffer's place."""
    model = build("starter")
    batch = gather(_read(model, POSITIONS), model.device)
    buffers = [batch.positions, *_tensors(batch)]
    addresses = [buffer.data_ptr() for buffer in buffers]
    for column in range(STEPS):
        model.decode(_ids(len(POSITIONS), STEPS)[:, [column]], batch)
    assert all(a is b for a, b in zip([batch.positions, *_tensors(batch)], buffers, strict=True))
    assert [buffer.data_ptr() for buffer in buffers] == addresses
    assert all(buffer.is_contiguous() for buffer in buffers)
    assert batch.positions.tolist() == [position + STEPS for position in POSITIONS]


def test_sequences_that_end_leave(build: Build) -> None:
    """The others go on as if nothing had happened, in another order too."""
    model = build("recurrentgemma")
    states = _read(model, POSITIONS)
    batch = gather(states, model.device)
    ids = _ids(len(POSITIONS), 12)
    model.decode(ids[:, :1], batch)
    for row, state in enumerate(states):
        model.forward(ids[row : row + 1, :1], state)
    rows = [6, 0, 4]
    batch = take(batch, rows)
    for column in range(1, 12):
        together = model.decode(ids[rows, column : column + 1], batch)
        alone = [model.forward(ids[row : row + 1, [column]], states[row])[:, -1] for row in rows]
        _assert_close(together, torch.cat(alone))


@pytest.mark.parametrize("position", POSITIONS)
def test_a_sequence_is_saved_and_joins_again(position: int, build: Build) -> None:
    """Out of a batch, through bytes and into another batch: the same as one that never left."""
    model = build("starter")
    guards = guards_of(model, "0" * 64, "1" * 64)
    batch = gather(_read(model, (5, position)), model.device)
    ids = _ids(2, 10)
    for column in range(5):
        model.decode(ids[:, [column]], batch)
    saved = freeze_state(scatter(batch, 1), guards, {}).pack()
    again = gather([load_state(saved, model, guards), model.fresh_state()], model.device)
    for column in range(5, 10):
        expected = model.decode(ids[:, [column]], batch)[1]
        assert torch.equal(model.decode(ids[[1, 0], :][:, [column]], again)[0], expected)


@pytest.mark.parametrize("rows", [1, 2, 3, 8, 9])
def test_starter_in_batches(rows: int, starter_model_path: Path, compiled_kernels: KernelChoice) -> None:
    """int8 rows with the compiled kernels: every sequence sees the model that it sees alone."""
    model = load_starter(starter_model_path, WeightFormat.INT8, compiled_kernels)
    positions = [0, 1, 2, 5, 40, 100, 3, 30, 7][:rows]
    states = _read(model, positions, 49_152)
    batch = gather(states, model.device)
    ids = _ids(rows, 4, 49_152)
    for column in range(4):
        together = model.decode(ids[:, [column]], batch).log_softmax(-1)
        for row, state in enumerate(states):
            alone = model.forward(ids[row : row + 1, [column]], state)[0, -1].log_softmax(-1)
            assert float((alone.exp() * (alone - together[row])).sum()) <= 1e-3
