"""A chunk that is given up between two layers leaves the state as it was."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.device_names import CHUNK_TOKENS
from app.inference.engine import Engine
from app.inference.generator import ReadCancelled
from app.inference.interruption import read_chunk
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, write_chat_model
from tests.contracts.text_generator import counted
from tests.inference.test_engine import RAW


@pytest.fixture(scope="module")
def tiny(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model with the starter's tokenizer and template."""
    return write_chat_model(tmp_path_factory.mktemp("tiny"), starter_model_path, RAW, random_tensors(RAW))


@pytest.mark.parametrize("layers_done", [0, 1, 2])
def test_state_is_as_before(tiny: Path, layers_done: int) -> None:
    """Whatever layers had been advanced: reading on gives what an uninterrupted reading gives, to the bit."""
    checkpoint = open_checkpoint(tiny)
    first, second = torch.arange(3, 23)[None], torch.arange(30, 55)[None]
    with torch.inference_mode():
        model = build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)
        state, expected = model.fresh_state(), model.fresh_state()
        for one in (state, expected):
            model.hidden(first, one)
        with pytest.raises(ReadCancelled):
            read_chunk(model, second, state, counted(layers_done))
        assert state.position == 20
        assert torch.equal(read_chunk(model, second, state, lambda: False), model.hidden(second, expected))


def test_engine_reads_on(tiny: Path) -> None:
    """A reading stopped within its second chunk holds the first one, and can be scored and read on."""
    engine, chunk = Engine.load(tiny, device="cpu"), CHUNK_TOKENS["cpu"]
    ids = [5 + i % 40 for i in range(2 * chunk)]
    state, whole = engine.new_state(), engine.new_state()
    done: list[int] = []
    with pytest.raises(ReadCancelled):
        engine.read(state, ids, on_progress=done.append, interrupted=lambda: bool(done))
    assert done == [chunk] and engine.position(state) == chunk
    engine.read(whole, ids[:chunk])
    assert engine.score(state, [7, 8]) == engine.score(whole, [7, 8])
