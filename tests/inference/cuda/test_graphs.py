"""Decoding through graphs: which buffers hold whose sequences. Capture and replay themselves need a GPU."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.core.errors import InternalError
from app.inference.batch import DecodeBatch
from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.cuda import graphs
from app.inference.cuda.graphs import GraphDecoder, StepGraph
from app.inference.griffin import Griffin
from app.inference.state import ModelState, RecurrentState
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, random_tensors, raw_config, write_checkpoint

POSITIONS = (5, 8, 1, 30, 12)
IDS = torch.randint(0, 97, (len(POSITIONS), 24), generator=torch.Generator().manual_seed(7))


class _EagerGraph(StepGraph):
    """The same buffers, stepped by calling the model: what a replay does."""

    def __init__(self, model: Griffin, size: int) -> None:
        positions = torch.zeros(size, dtype=torch.int64)
        self.batch = DecodeBatch(positions, model.fresh_state(batch=size).layers)
        self._ids = torch.zeros((size, 1), dtype=torch.int64)
        self._model = model
        self.user = None

    def step(self, ids: Tensor) -> Tensor:
        """See StepGraph."""
        self._ids[: len(ids)].copy_(ids)
        return self._model.decode(self._ids, self.batch)[: len(ids)]


@pytest.fixture
def decoder(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> GraphDecoder:
    """Of a tiny model: on a GPU where there is one."""
    raw = raw_config(getattr(request, "param", "recurrentgemma"))
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, raw, random_tensors(raw)))
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if device.type == "cpu":
        monkeypatch.setattr(graphs, "StepGraph", _EagerGraph)
    with torch.inference_mode():
        return GraphDecoder(build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, device, None), 4)


@pytest.fixture(autouse=True)
def _no_gradients() -> object:
    with torch.inference_mode():
        yield


def _states(model: Griffin) -> list[ModelState]:
    states = [model.fresh_state() for _ in POSITIONS]
    for row, state in enumerate(states):
        model.hidden(IDS[row : row + 1, : POSITIONS[row] % 9].to(model.device), state)
    return states


def _assert_alike(actual: ModelState, expected: ModelState) -> None:
    assert actual.position == expected.position
    for one, other in zip(actual.layers, expected.layers, strict=True):
        pairs = (
            [(one.h, other.h), (one.conv_tail, other.conv_tail)]
            if isinstance(one, RecurrentState) and isinstance(other, RecurrentState)
            else [(getattr(one, name), getattr(other, name)) for name in ("k", "v")]
        )
        for a, b in pairs:
            assert float((a - b).abs().max()) <= 1e-5 * float(b.abs().max())


@pytest.mark.parametrize("decoder", KINDS, indirect=True)
def test_sequences_leave_one_after_the_other(decoder: GraphDecoder) -> None:
    """Five together, then three of them, then one: every step's logits and the states written back are those alone."""
    model = decoder._model
    states, expected = _states(model), _states(model)
    decoding = decoder.begin(states)
    rows = [0, 1, 2, 3, 4]
    for stay, steps in (([0, 2, 4], 5), ([1], 4), ([0], 3)):
        for step in range(steps):
            ids = IDS[rows, step : step + 1].to(model.device)
            found = decoding.step(ids).clone()
            alone = torch.cat([model.forward(ids[i : i + 1], expected[row])[:, -1] for i, row in enumerate(rows)])
            assert float((found - alone).abs().max()) <= 1e-5 * float(alone.abs().max())
        for i, row in enumerate(rows):
            decoding.write_back(i)
            _assert_alike(states[row], expected[row])
        decoding = decoding.keep(stay)
        rows = [rows[i] for i in stay]


def test_two_answers_at_once_are_refused(decoder: GraphDecoder) -> None:
    """They would write into one another's buffers; after the second began, the first cannot go on."""
    states = _states(decoder._model)
    first, second = decoder.begin(states[:1]), decoder.begin(states[1:2])
    ids = IDS[:1, :1].to(decoder._model.device)
    with pytest.raises(InternalError, match="share one graph"):
        first.step(ids)
    second.step(ids)


@pytest.mark.parametrize(
    ("counts", "kept"), [((1, 2, 3), [1, 2, 4]), ((3, 2, 1), [1, 2, 4]), ((2, 5), [8]), ((5, 2), [2])]
)
def test_buffers_are_bounded(counts: tuple[int, ...], kept: list[int], decoder: GraphDecoder) -> None:
    """Sizes are powers of two; where rows would be too many the largest goes first."""
    model = decoder._model
    for count in counts:
        decoder.begin([model.fresh_state() for _ in range(count)])
    assert sorted(decoder._graphs) == kept
