from __future__ import annotations

import math

import pytest
import torch

from app.core.errors import UserError
from app.inference.checkpoints.check import check_tensors
from app.inference.checkpoints.names import EMBEDDING, expected_shapes
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import BlockType, config_from_json
from app.inference.presets import PRESETS, preset
from app.inference.weight_format import WeightFormat
from tests.checkpoints import raw_config, synthetic_model

FORMATS = [WeightFormat.FLOAT32, WeightFormat.BFLOAT16, WeightFormat.INT8, WeightFormat.INT4]


def mid_size():
    """Wide enough for statistics, small enough for a test."""
    raw = raw_config("recurrentgemma", hidden_size=256, intermediate_size=1024, vocab_size=2000, num_hidden_layers=6)
    return config_from_json(raw)


@pytest.mark.parametrize(("name", "parameters"), [("2b", 2.683e9), ("9b", 8.580e9)])
def test_presets_have_the_published_sizes(name: str, parameters: float) -> None:
    """Parameters, layers, heads and window are RecurrentGemma's."""
    config = preset(name)
    assert sum(math.prod(shape) for _, shape in expected_shapes(config)) == pytest.approx(parameters, rel=1e-3)
    assert (config.head_dim, config.gate_block, config.window_keys) == (256, 256, 2049)
    assert config.block_types[:3] == (BlockType.RECURRENT, BlockType.RECURRENT, BlockType.ATTENTION)
    assert config.block_types[-2:] == (BlockType.RECURRENT, BlockType.RECURRENT)


def test_unknown_size_names_the_known() -> None:
    """A size that does not exist is the user's mistake."""
    with pytest.raises(UserError, match=", ".join(PRESETS)):
        preset("7b")


@pytest.mark.parametrize("form", FORMATS)
def test_source_is_a_complete_checkpoint(form: WeightFormat) -> None:
    """It passes the check that files pass, and every tensor is what its header says."""
    source = SyntheticSource(mid_size(), form)
    check_tensors(mid_size(), source)
    kinds = {"F32": torch.float32, "BF16": torch.bfloat16, "I8": torch.int8, "U8": torch.uint8}
    for name in source.names():
        tensor = source.tensor(name)
        assert (tuple(tensor.shape), tensor.dtype) == (source.shape(name), kinds[source.dtype(name)])


def test_tensors_depend_on_name_and_seed_alone() -> None:
    """The same call gives the same numbers, another name or seed others."""
    first, second, other = (SyntheticSource(mid_size(), WeightFormat.INT8, seed=seed) for seed in (0, 0, 1))
    gate, up = (f"model.layers.0.mlp_block.{stem}.weight" for stem in ("gate_proj", "up_proj"))
    second.tensor(up)
    assert torch.equal(first.tensor(gate), second.tensor(gate))
    assert not torch.equal(first.tensor(gate), first.tensor(up))
    assert not torch.equal(first.tensor(gate), other.tensor(gate))


def test_int8_codes_leave_out_the_one_without_a_negative() -> None:
    """Codes fill -127..127 evenly and decode to the standard deviation of the float32 weights."""
    form = SyntheticSource(mid_size(), WeightFormat.INT8)
    codes, scale = form.tensor(EMBEDDING), form.tensor(EMBEDDING + "_scale")
    assert (int(codes.min()), int(codes.max())) == (-127, 127)
    weight = SyntheticSource(mid_size(), WeightFormat.FLOAT32).tensor(EMBEDDING)
    assert float((codes * scale[:, None]).std()) == pytest.approx(float(weight.std()), rel=0.02)


@pytest.mark.parametrize("group", [32, 64])
def test_int4_groups(group: int) -> None:
    """Codes of two nibbles with a scale and an offset a group decode to the spread of the float32 weights."""
    name = "model.layers.0.mlp_block.down_proj.weight"
    source = SyntheticSource(mid_size(), WeightFormat.INT4, group=group)
    codes, scale, offset = (source.tensor(name + suffix).float() for suffix in ("", "_scale", "_offset"))
    assert (codes.shape, scale.shape, offset.shape) == ((256, 256), (256, 512 // group), (256, 512 // group))
    parts = codes.reshape(256, -1, group // 2)
    grouped = torch.cat((parts % 16, parts // 16), dim=-1)
    weight = grouped * scale[..., None] + offset[..., None]
    reference = SyntheticSource(mid_size(), WeightFormat.FLOAT32).tensor(name)
    assert float(weight.std()) == pytest.approx(float(reference.std()), rel=0.1)
    assert float(weight.mean()) == pytest.approx(0.0, abs=0.1 * float(reference.std()))
    assert source.dtype("model.embed_tokens.weight") == "I8"


@pytest.mark.parametrize("form", FORMATS)
def test_model_behaves_like_one(form: WeightFormat) -> None:
    """Finite logits with a spread, whose best token changes with the context, and a state that matters."""
    model = synthetic_model(mid_size(), form)
    ids = torch.randint(0, 2000, (1, 64), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        logits = model.forward(ids, model.fresh_state())[0]
    assert bool(torch.isfinite(logits).all())
    assert 1.0 < float(logits.std()) < 10.0
    best = logits.argmax(-1)
    assert len(set(best.tolist())) > 16
    assert int((best == ids[0]).sum()) < 16
