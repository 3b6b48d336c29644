"""A config from nothing but the tensors' shapes: the published sizes recognised, all others' sizes right."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import RecurrentGemmaConfig

from app.core.errors import CheckpointError
from app.inference.checkpoints.inferred_config import (
    PAPER,
    RECURRENTGEMMA,
    Traits,
    config_json,
    differences,
    infer_sizes,
    known_traits,
    with_sizes,
)
from app.inference.checkpoints.names import expected_shapes
from app.inference.config import BlockType, GriffinConfig, config_from_json
from tests.checkpoints import raw_config
from tests.inference.test_config import RAW_2B, RAW_9B

R, A = BlockType.RECURRENT, BlockType.ATTENTION
# GRIFFIN_PAPER_7B and HAWK_PAPER_7B of google-deepmind/recurrentgemma, common.py.
RAW_PAPER = RAW_2B | {
    "hidden_size": 4096,
    "intermediate_size": 24_576,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "lru_width": 5632,
    "attention_window_size": 1024,
    "attention_window_keys": 1025,
    "logits_soft_cap": 0.0,
    "scale_embeddings": False,
}


@pytest.mark.parametrize(
    ("raw", "traits"),
    [
        (RAW_2B, RECURRENTGEMMA),
        (RAW_9B, RECURRENTGEMMA),
        (RAW_PAPER, PAPER),
        (RAW_PAPER | {"_block_types": ["recurrent"]}, PAPER),
    ],
    ids=["2b", "9b", "griffin paper", "hawk paper"],
)
def test_published_sizes(raw: dict[str, Any], traits: Traits) -> None:
    """Config and config.json of each preset follow from the shapes alone, 2,049 or 1,025 keys by DeepMind's rule."""
    wanted = config_from_json(raw)
    sizes = infer_sizes(dict(expected_shapes(wanted)))
    assert known_traits(sizes) == traits
    made = config_json(sizes, "bfloat16", traits)
    assert config_from_json(made) == wanted
    assert RecurrentGemmaConfig(**made).attention_window_size == raw["attention_window_size"]


def test_more_rows_than_words() -> None:
    """Rows that pad the vocabulary are kept, and do not hide which size it is."""
    sizes = infer_sizes(dict(expected_shapes(config_from_json(RAW_2B | {"vocab_size": 256_128}))))
    assert sizes.vocab_size == 256_128
    assert known_traits(sizes) == RECURRENTGEMMA
    assert config_from_json(config_json(sizes, "bfloat16", RECURRENTGEMMA)).window_keys == 2049


def test_near_a_published_size() -> None:
    """One layer less, or other heads: not that model, and nothing is known of its window."""
    wanted = config_from_json(RAW_2B)
    for other in (replace(wanted, block_types=wanted.block_types[:-1]), replace(wanted, num_heads=20)):
        assert known_traits(infer_sizes(dict(expected_shapes(other)))) is None


@st.composite
def _configs(draw: st.DrawFn) -> GriffinConfig:
    kv_heads, groups = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    heads = kv_heads * groups
    kinds = draw(st.lists(st.sampled_from([R, A]), min_size=1, max_size=7))
    has_recurrence, has_attention = R in kinds, A in kinds
    width = heads * 4 * draw(st.integers(1, 3))
    return GriffinConfig(
        vocab_size=draw(st.integers(1, 99)),
        width=width,
        mlp_width=draw(st.integers(1, 99)),
        # A model of attention alone shows its heads only where they share one pair of keys and values.
        num_heads=heads,
        num_kv_heads=kv_heads if has_attention and has_recurrence else 1,
        lru_width=heads * draw(st.integers(1, 9)) if has_recurrence else width,
        block_types=tuple(kinds),
        window_tokens=8,
        window_keys=9,
        conv_width=draw(st.integers(2, 6)) if has_recurrence else 4,
        attention_bias=has_attention and draw(st.booleans()),
    )


@given(_configs())
def test_sizes_of_any_model(config: GriffinConfig) -> None:
    """Whatever the sizes and the order of blocks: a config's own shapes give its sizes back."""
    sizes = infer_sizes(dict(expected_shapes(config)))
    assert with_sizes(config, sizes) == config
    assert differences(config, sizes) == []
    read = config_from_json(config_json(sizes, "float32", Traits(8, config.logits_soft_cap, True)))
    assert read == config


@pytest.mark.parametrize(
    ("name", "shape", "message"),
    [
        ("model.embed_tokens.weight", None, "model.embed_tokens.weight is missing"),
        ("model.embed_tokens.weight", (97,), r"has shape \(97,\), expected 2 sizes of 1 or more"),
        ("model.embed_tokens.weight", (0, 32), r"has shape \(0, 32\), expected 2 sizes of 1 or more"),
        ("model.layers.0.temporal_block.conv_1d.weight", (32, 4), "expected 3 sizes of 1 or more"),
        ("model.layers.0.temporal_block.rg_lru.input_gate_weight", None, "input_gate_weight is missing"),
        ("model.layers.2.temporal_block.k_proj.weight", None, "k_proj.weight is missing"),
        ("model.layers.9999.final", (1,), "the files have 10000 blocks, but none with the number 3"),
        ("model.layers.10000.final", (1,), "the files have 10,001 blocks, expected 1 to 10,000"),
    ],
)
def test_what_is_no_model(name: str, shape: tuple[int, ...] | None, message: str) -> None:
    """What the sizes are read from must be there, with as many sizes as it has in any Griffin."""
    shapes = dict(expected_shapes(config_from_json(raw_config("recurrentgemma"))))
    if shape is None:
        shapes.pop(name)
    else:
        shapes[name] = shape
    with pytest.raises(CheckpointError, match=message):
        infer_sizes(shapes)


def test_no_blocks() -> None:
    """An embedding alone."""
    with pytest.raises(CheckpointError, match="the files have 0 blocks, expected 1 to 10,000"):
        infer_sizes({"model.embed_tokens.weight": (97, 32)})
