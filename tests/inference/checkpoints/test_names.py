"""The tensors that a checkpoint must hold, against what transformers builds."""

from collections.abc import Mapping
from math import prod

import pytest
import torch
from transformers import RecurrentGemmaConfig, RecurrentGemmaForCausalLM

from app.inference.checkpoints.names import HEAD, expected_shapes
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
