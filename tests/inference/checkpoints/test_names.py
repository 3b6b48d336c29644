"""The tensors that a checkpoint must hold, against what transformers builds."""

from collections.abc import Mapping
from math import prod

import pytest
import torch
from transformers import RecurrentGemmaConfig, RecurrentGemmaForCausalLM

from app.inference.checkpoints.names import (
    HEAD,
    Form,
    Layout,
    Place,
    deepmind_place,
    deepmind_places,
    expected_shapes,
)
from app.inference.config import config_from_json
from tests.checkpoints import raw_config
from tests.inference.test_config import RAW_2B, RAW_9B


def _of_transformers(raw: Mapping[str, object]) -> dict[str, tuple[int, ...]]:
    raw = {("block_types" if key == "_block_types" else key): value for key, value in raw.items()}
    with torch.device("meta"):
        model = RecurrentGemmaForCausalLM(RecurrentGemmaConfig(**raw))
    return {name: tuple(tensor.shape) for name, tensor in model.state_dict().items() if name != HEAD}


@pytest.mark.parametrize(
    "raw",
    [RAW_2B, RAW_9B, *(raw_config(kind) for kind in ("recurrentgemma", "hawk", "starter")),
     raw_config("starter", attention_bias=True)],
    ids=["2b", "9b", "recurrentgemma", "hawk", "starter", "bias"],
)  # fmt: skip
def test_names_and_shapes_equal_transformers(raw: dict[str, object]) -> None:
    """Every name and shape, of the published sizes and of each small kind; the tied head is no tensor of its own."""
    assert dict(expected_shapes(config_from_json(raw))) == _of_transformers(raw)


def test_parameters_of_the_published_models() -> None:
    """2.683 and 8.580 billion."""
    counts = [sum(prod(shape) for _, shape in expected_shapes(config_from_json(raw))) for raw in (RAW_2B, RAW_9B)]
    assert [round(count / 1e9, 3) for count in counts] == [2.683, 8.58]


@pytest.mark.parametrize("layout", [Layout.DEEPMIND, Layout.ORBAX])
@pytest.mark.parametrize("raw", [RAW_2B, RAW_9B], ids=["2b", "9b"])
def test_every_tensor_has_a_place_in_deepminds_files(layout: Layout, raw: dict[str, object]) -> None:
    """And is found again by it; two of ours share a place only where DeepMind keeps both projections in one."""
    places = {name: deepmind_place(name, layout) for name, _ in expected_shapes(config_from_json(raw))}
    held = {place.name for place in places.values() if place is not None}
    assert deepmind_places(held, layout) == places
    layers = int(str(raw["num_hidden_layers"]))
    assert len(held) == len(places) - 2 * layers


def test_places_in_deepminds_files() -> None:
    """Some by hand, from google-deepmind/recurrentgemma."""
    prefix = "model.layers.12."
    assert deepmind_place(f"{prefix}mlp_block.up_proj.bias") == Place("blocks.12.mlp_block.ffw_up.b", Form.UP_BIAS)
    gate = f"{prefix}temporal_block.rg_lru.recurrent_gate_weight"
    assert deepmind_place(gate) == Place("blocks.12.recurrent_block.rg_lru.a_gate.w", Form.SAME)
    out = f"{prefix}temporal_block.o_proj.weight"
    assert deepmind_place(out) == Place("blocks.12.attention_block.proj_final.weight", Form.DENSE)
    assert deepmind_place(out, Layout.ORBAX) == Place("blocks.12.attention_block.proj_final.kernel", Form.DENSE)
    assert deepmind_place(f"{prefix}temporal_block.q_proj.bias") is None
    assert deepmind_place("lm_head.weight") is None


@pytest.mark.parametrize("name", ["blocks.01.final_norm.scale", "blocks.-1.x", "blocks.1.linear_x.weight", "blocks.1"])
def test_other_names_have_no_place(name: str) -> None:
    """Near misses are not taken for tensors of ours."""
    assert deepmind_places([name], Layout.DEEPMIND) == {}
