"""Logits of our engine against transformers' RecurrentGemma and against the published equations, float32."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import RecurrentGemmaConfig, RecurrentGemmaForCausalLM

from app.inference.checkpoints.registry import open_checkpoint
from app.inference.weight_format import WeightFormat
from tests.checkpoints import KINDS, random_tensors, raw_config
from tests.parity import equations
from tests.parity.conftest import Build, load_starter

TOKENS = 33  # four windows of the tiny models and one token


def _ids(count: int, vocab: int = 97) -> torch.Tensor:
    return torch.randint(0, vocab, (1, count), generator=torch.Generator().manual_seed(7))


def _reference(raw: dict[str, Any], tensors: dict[str, torch.Tensor]) -> RecurrentGemmaForCausalLM:
    raw = dict(raw)
    raw["block_types"] = raw.pop("_block_types", None) or raw["block_types"]
    model = RecurrentGemmaForCausalLM(RecurrentGemmaConfig(**raw))
    model.load_state_dict({**tensors, "lm_head.weight": tensors["model.embed_tokens.weight"]}, strict=True)
    return model.eval()


def _assert_close(actual: torch.Tensor, expected: torch.Tensor) -> None:
    difference = float((actual - expected).abs().max())
    assert difference <= 1e-4 * float(expected.abs().max())


@pytest.mark.parametrize("kind", ["recurrentgemma", "hawk", "starter"])
def test_logits_equal_transformers(kind: str, build: Build) -> None:
    """Every position's logits over four windows, for each kind that transformers can compute."""
    raw = raw_config(kind)
    model = build(kind)
    ids = _ids(TOKENS)
    expected = _reference(raw, random_tensors(raw))(ids, use_cache=False).logits
    _assert_close(model.forward(ids, model.fresh_state()), expected)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("extra_key", [0, 1])
def test_logits_equal_the_published_equations(kind: str, extra_key: int, build: Build) -> None:
    """Both window rules (8 keys as Hugging Face, 9 as DeepMind) for every kind, against float64 equations."""
    raw = raw_config(kind, attention_window_keys=8 + extra_key)
    model = build(kind, attention_window_keys=8 + extra_key)
    ids = _ids(TOKENS)
    weights = {name: t.double().numpy() for name, t in random_tensors(raw).items()}
    expected = equations.logits(raw, weights, ids[0].tolist(), window_keys=8 + extra_key)
    _assert_close(model.forward(ids, model.fresh_state())[0], torch.from_numpy(expected.astype(np.float32)))


def test_window_rules_differ(build: Build) -> None:
    """The ninth key matters: otherwise the switch would be untested above."""
    ids = _ids(TOKENS)
    eight, nine = (
        model.forward(ids, model.fresh_state())
        for model in (build("recurrentgemma"), build("recurrentgemma", attention_window_keys=9))
    )
    assert torch.equal(eight[:, :8], nine[:, :8])
    assert not torch.allclose(eight[:, 8:], nine[:, 8:], atol=1e-3)


def test_dequantised_starter_equals_transformers(starter_model_path: Path) -> None:
    """The starter in float32, 300 tokens, and its perplexity to three digits."""
    source = open_checkpoint(starter_model_path).source
    tensors = {}
    for name in source.names():
        tensor = source.tensor(name)
        if name.endswith("_scale"):
            continue
        tensors[name] = tensor.float() * (source.tensor(f"{name}_scale")[:, None] if tensor.dtype == torch.int8 else 1)
    raw = json.loads((starter_model_path / "config.json").read_text())
    del raw["quantization_config"]
    ids = _ids(300, raw["vocab_size"])
    expected = _reference(raw, tensors)(ids, use_cache=False).logits
    model = load_starter(starter_model_path, WeightFormat.FLOAT32)
    actual = model.forward(ids, model.fresh_state())
    _assert_close(actual, expected)
    losses = [torch.nn.functional.cross_entropy(x[0, :255], ids[0, 1:256]) for x in (actual, expected)]
    assert float(losses[0].exp()) == pytest.approx(float(losses[1].exp()), rel=1e-3)
