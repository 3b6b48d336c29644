"""config.json: the published models' read right, everything that makes no model refused in one sentence."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import CheckpointError
from app.inference.config import (
    MAX_WINDOW_TOKENS,
    Activation,
    BlockType,
    GriffinConfig,
    config_from_json,
    read_config_json,
)

R, A = BlockType.RECURRENT, BlockType.ATTENTION

# As in google/recurrentgemma-2b and -9b.
RAW_2B: dict[str, Any] = {
    "model_type": "recurrent_gemma",
    "vocab_size": 256_000,
    "hidden_size": 2560,
    "intermediate_size": 15_360,
    "num_hidden_layers": 26,
    "num_attention_heads": 10,
    "num_key_value_heads": 1,
    "lru_width": 2560,
    "attention_window_size": 2048,
    "conv1d_width": 4,
    "logits_soft_cap": 30.0,
    "rms_norm_eps": 1e-6,
    "hidden_activation": "gelu_pytorch_tanh",
    "rope_theta": 10_000.0,
    "partial_rotary_factor": 0.5,
    "_block_types": ["recurrent", "recurrent", "attention"],
}
RAW_9B = RAW_2B | {
    "hidden_size": 4096,
    "intermediate_size": 24_576,
    "num_hidden_layers": 38,
    "num_attention_heads": 16,
    "lru_width": None,
}


def test_recurrentgemma_2b() -> None:
    """The published 2B: 18 recurrent and 8 attention blocks, half-rotated heads of 256, 2,049 keys."""
    assert config_from_json(RAW_2B) == GriffinConfig(
        vocab_size=256_000,
        width=2560,
        mlp_width=7680,
        num_heads=10,
        num_kv_heads=1,
        lru_width=2560,
        block_types=(R, R, A) * 8 + (R, R),
        window_tokens=2048,
        window_keys=2049,
        conv_width=4,
        logits_soft_cap=30.0,
        rms_norm_eps=1e-6,
        activation=Activation.GELU_TANH,
        rope_base=10_000.0,
        rotary_fraction=0.5,
        scale_embeddings=True,
        attention_bias=False,
    )
    config = config_from_json(RAW_2B)
    assert (config.head_dim, config.rotary_dim, config.gate_block) == (256, 128, 256)


def test_recurrentgemma_9b() -> None:
    """38 layers are built for a pattern of three: 26 recurrent, 12 attention, the last two recurrent."""
    config = config_from_json(RAW_9B)
    assert config.block_types == (R, R, A) * 12 + (R, R)
    assert (config.lru_width, config.window_keys, config.mlp_width) == (4096, 2049, 12_288)


def test_starter(starter_model_path: Path) -> None:
    """The starter's own traits, and the plain window rule."""
    config = config_from_json(read_config_json(starter_model_path))
    assert config.block_types == (R, R, A) * 10
    assert (config.num_kv_heads, config.head_dim, config.rotary_dim, config.lru_width) == (3, 64, 64, 864)
    assert (config.window_tokens, config.window_keys) == (2048, 2048)
    assert (config.activation, config.rope_base, config.logits_soft_cap) == (Activation.SILU, 100_000.0, 1000.0)


def test_window_rule_is_a_switch() -> None:
    """Published sizes have one key more than others; `attention_window_keys` says otherwise."""
    assert config_from_json(RAW_2B | {"vocab_size": 256_001}).window_keys == 2048
    assert config_from_json(RAW_2B | {"attention_window_keys": 2048}).window_keys == 2048
    assert config_from_json(RAW_9B | {"vocab_size": 9, "attention_window_keys": 2049}).window_keys == 2049
    with pytest.raises(CheckpointError, match="window_keys is 2050, expected 2048 or 2049"):
        config_from_json(RAW_2B | {"attention_window_keys": 2050})


@pytest.mark.parametrize("key", ["block_types", "_block_types"])
def test_both_spellings_of_the_pattern(key: str) -> None:
    """Transformers renamed the key; without either, the published pattern holds."""
    raw = {name: value for name, value in RAW_2B.items() if name != "_block_types"}
    assert config_from_json(raw | {key: ["attention", "recurrent"]}).block_types == (A, R) * 13
    assert config_from_json(raw).block_types == (R, R, A) * 8 + (R, R)


def test_rope_parameters() -> None:
    """Transformers 5 moved the rotary settings into an object, which wins."""
    raw = RAW_2B | {"rope_parameters": {"rope_type": "default", "rope_theta": 5000, "partial_rotary_factor": 1.0}}
    config = config_from_json(raw)
    assert (config.rope_base, config.rotary_dim) == (5000.0, 256)


def test_null_means_absent() -> None:
    """Python writes what is not set as null."""
    names = ("num_key_value_heads", "conv1d_width", "rms_norm_eps", "rope_parameters", "rope_scaling", "attention_bias")
    config = config_from_json(RAW_2B | dict.fromkeys(names))
    assert (config.num_kv_heads, config.conv_width, config.rms_norm_eps, config.attention_bias) == (10, 4, 1e-6, False)


NUMBERS = [
    "vocab_size",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "lru_width",
    "attention_window_size",
    "attention_window_keys",
    "conv1d_width",
]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0, -1, 10**9, 10**400, 2.5, float("nan"), float("inf"), "2560", True, [1], {}])
def test_sizes_must_be_sensible_whole_numbers(name: str, value: object) -> None:
    """Whatever stands there, the error names the key, and nothing of the claimed size is made."""
    with pytest.raises(CheckpointError, match=rf"config\.json: {name} is .*, expected a whole number") as caught:
        config_from_json(RAW_2B | {name: value})
    assert len(caught.value.message) < 200


@pytest.mark.parametrize("name", ["logits_soft_cap", "rms_norm_eps", "rope_theta", "partial_rotary_factor"])
@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 10**400, "1", False, []])
def test_numbers_must_be_finite(name: str, value: object) -> None:
    """NaN and infinity are JSON to Python, and no number to a model."""
    with pytest.raises(CheckpointError, match=rf"config\.json: {name} is .*, expected a number"):
        config_from_json(RAW_2B | {name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "llama"}, "model_type is 'llama', expected 'recurrent_gemma'"),
        ({"model_type": None}, "model_type is None"),
        ({"model_type": "x" * 10_000}, "model_type is 'xxx"),
        ({"num_hidden_layers": 10_001}, "num_hidden_layers is 10001, expected a whole number from 1 to 10,000"),
        ({"attention_window_size": MAX_WINDOW_TOKENS + 1}, "attention_window_size is 65537"),
        ({"intermediate_size": 15_361}, "intermediate_size is odd"),
        ({"hidden_size": 2561}, "hidden_size is 2561, expected a multiple of the 10 attention heads"),
        ({"lru_width": 2565}, "lru_width is 2565, expected a multiple of the 10 attention heads"),
        ({"num_key_value_heads": 3}, "num_attention_heads is 10, expected a multiple of the 3 key/value heads"),
        ({"num_key_value_heads": 20}, "num_attention_heads is 10, expected a multiple of the 20 key/value heads"),
        ({"conv1d_width": 1}, "conv1d_width is 1, expected 2 or more"),
        ({"hidden_activation": "relu"}, "hidden_activation is 'relu', expected one of gelu_pytorch_tanh"),
        ({"hidden_activation": ["silu"]}, r"hidden_activation is \['silu'\]"),
        ({"hidden_activation": "gelu"}, "hidden_activation is 'gelu'"),
        ({"_block_types": ["recurrent", "mamba"]}, "block_types holds 'mamba', expected recurrent or attention"),
        ({"_block_types": [["recurrent"]]}, "block_types holds"),
        ({"_block_types": "recurrent"}, "block_types is 'recurrent', expected a list"),
        ({"rope_parameters": "default"}, "rope_parameters is 'default', expected an object"),
        ({"rope_parameters": {"rope_type": "yarn"}}, "rope_type is 'yarn', expected 'default'"),
        ({"rope_scaling": {"type": "linear", "factor": 2}}, "rope_type is 'linear', expected 'default'"),
        ({"rope_theta": 0}, r"rope_theta is 0\.0, expected 1 or more"),
        ({"partial_rotary_factor": 1.5}, r"partial_rotary_factor is 1\.5, expected 0 to 1"),
        ({"partial_rotary_factor": 3 / 256}, "3 rotated elements per head, expected an even number"),
        ({"scale_embeddings": "false"}, "scale_embeddings is 'false', expected true or false"),
        ({"attention_bias": 0}, "attention_bias is 0, expected true or false"),
        ({"tie_word_embeddings": False}, "tie_word_embeddings is false, expected true"),
    ],
    ids=str,
)
def test_what_makes_no_model_is_refused(changes: dict[str, Any], message: str) -> None:
    """The sentence names the key, the value found and the one expected."""
    with pytest.raises(CheckpointError, match=message) as caught:
        config_from_json(RAW_2B | changes)
    assert len(caught.value.message) < 250


@pytest.mark.parametrize("name", NUMBERS[:5])
def test_missing_sizes_are_named(name: str) -> None:
    """A size without a default must be there."""
    with pytest.raises(CheckpointError, match=f"{name} is missing"):
        config_from_json({key: value for key, value in RAW_2B.items() if key != name})


def test_a_model_without_layers_is_refused() -> None:
    """Also where a config is put together in code."""
    with pytest.raises(CheckpointError, match="no layers"):
        replace(config_from_json(RAW_2B), block_types=())
    with pytest.raises(CheckpointError, match="vocab_size is 0"):
        replace(config_from_json(RAW_2B), vocab_size=0)


def test_config_file(tmp_path: Path) -> None:
    """Read from the folder; a folder without one is no model folder."""
    with pytest.raises(CheckpointError, match=r"holds no config\.json: it is not a model folder"):
        read_config_json(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(RAW_2B))
    assert read_config_json(tmp_path) == RAW_2B
