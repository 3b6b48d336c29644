"""Logits from DeepMind's own layouts against the published equations, by DeepMind's window rule, float32."""

from pathlib import Path

import numpy as np
import pytest
import torch

from app.inference.checkpoints.builder import build_griffin
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.weight_format import WeightFormat
from tests.checkpoints import TRAITS, random_tensors, raw_config, write_deepmind, write_orbax
from tests.parity import equations

TOKENS = 33  # four windows of the tiny models and one token


@pytest.mark.parametrize("kind", ["recurrentgemma", "griffin", "hawk"])
@pytest.mark.parametrize("layout", ["deepmind", "orbax"])
def test_logits_equal_the_published_equations(kind: str, layout: str, tmp_path: Path) -> None:
    """With sizes from the shapes, and the window of 8 tokens and the current one that no file names."""
    raw = raw_config(kind)
    tensors = random_tensors(raw)
    traits = {key: raw.get(key, value) for key, value in TRAITS.items()}
    if layout == "orbax":
        pytest.importorskip("tensorstore", reason="the optional package that reads Orbax checkpoints is not installed")
        checkpoint = open_checkpoint(write_orbax(tmp_path / "2b", tensors, traits))
    else:
        checkpoint = open_checkpoint(write_deepmind(tmp_path / "2b.pt", tensors, traits))
    model = build_griffin(checkpoint.config, checkpoint.source, WeightFormat.FLOAT32, torch.device("cpu"), None)
    ids = torch.randint(0, 97, (1, TOKENS), generator=torch.Generator().manual_seed(7))
    weights = {name: tensor.double().numpy() for name, tensor in tensors.items()}
    expected = torch.from_numpy(equations.logits(raw, weights, ids[0].tolist(), window_keys=9).astype(np.float32))
    difference = float((model.forward(ids, model.fresh_state())[0] - expected).abs().max())
    assert difference <= 1e-4 * float(expected.abs().max())
