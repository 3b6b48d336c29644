"""States of a model on a CUDA device are saved, restored and go on there. Skipped where there is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.inference.engine import Engine
from app.inference.generator import Sampling
from tests.checkpoints import random_tensors, raw_config, write_chat_model

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")

RAW = raw_config("starter", vocab_size=49_152, attention_window_size=2048)


@pytest.mark.parametrize("weight_format", ["float32", "bfloat16"])
def test_a_restored_state_goes_on(weight_format: str, starter_model_path: Path, tmp_path: Path) -> None:
    """Bit for bit, also around the window's edge and after a state whose pages were known in part."""
    folder = write_chat_model(tmp_path / "model", starter_model_path, RAW, random_tensors(RAW))
    engine = Engine.load(folder, device="cuda", weight_format=weight_format)
    ids = torch.randint(100, 40_000, (5000,), generator=torch.Generator().manual_seed(0)).tolist()
    state, at = engine.new_state(), 0
    pages: dict[str, bytes] = {}
    for position in (1, 4, 127, 2047, 2049, 2673, 5000):
        engine.read(state, ids[at:position])
        at = position
        wait = engine.begin_save(state, known=pages.keys())
        expected = engine.fork(state)
        engine.read(state, ids[:3])
        saved = wait()
        pages |= {page.digest: page.data for page in saved.pages if page.data is not None}
        whole = replace(saved, pages=tuple(replace(page, data=pages[page.digest]) for page in saved.pages))
        restored = engine.load_state(whole)
        assert engine.save_state(restored) == engine.save_state(expected)
        answers = [
            engine.generate(one, [], sampling=Sampling(temperature=1.0, seed=3), max_new_tokens=8)
            for one in (restored, expected)
        ]
        assert answers[0] == answers[1]
        assert engine.save_state(restored) == engine.save_state(expected)
        engine.drop(state)
        state = engine.load_state(whole)
        engine.drop(restored)
        engine.drop(expected)
