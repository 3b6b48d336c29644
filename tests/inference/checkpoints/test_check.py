"""Tensors against config.json by their headers: what does not fit is named before anything is built."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.checkpoints.registry import open_checkpoint
from tests.checkpoints import int4_tensors, int8_tensors, random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
UP = "model.layers.1.mlp_block.up_proj.weight"
NORM = "model.layers.0.temporal_pre_norm.weight"

Tensors = dict[str, Tensor]


def _refused(folder: Path, tensors: Tensors, raw: dict[str, object] | None = None) -> str:
    write_checkpoint(folder, raw or RAW, tensors)
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder)
    assert len(caught.value.message) < 250 and "\n" not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize("name", random_tensors(RAW))
def test_every_tensor_must_be_there(name: str, tmp_path: Path) -> None:
    """Whichever is left out is named with the shape it should have."""
    tensors = random_tensors(RAW)
    shape = tuple(tensors.pop(name).shape)
    assert _refused(tmp_path, tensors).startswith(f"{name} is missing, expected shape {shape}")


@pytest.mark.parametrize("name", [UP, NORM, "model.layers.0.temporal_block.conv_1d.weight"])
def test_shapes_must_fit(name: str, tmp_path: Path) -> None:
    """Found and expected shape are both told."""
    tensors = random_tensors(RAW)
    shape = tuple(tensors[name].shape)
    tensors[name] = torch.zeros((shape[0] + 1, *shape[1:]))
    expected = f"{name} has shape {tuple(tensors[name].shape)}, expected {shape}: config.json and weights disagree"
    assert _refused(tmp_path, tensors) == expected


def _swap(name: str, dtype: torch.dtype) -> Callable[[Tensors], None]:
    def change(tensors: Tensors) -> None:
        tensors[name] = tensors[name].to(dtype)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (_swap(UP, torch.int32), f"{UP} holds I32 numbers, expected one of BF16, F16, F32"),
        (_swap(UP, torch.bool), f"{UP} holds BOOL numbers"),
        (_swap(UP, torch.float8_e4m3fn), f"{UP} holds F8_E4M3 numbers"),
        (_swap(NORM, torch.int8), f"{NORM} holds I8 numbers"),
        (_swap(UP, torch.int8), f"{UP} is int8 but {UP}_scale is missing"),
    ],
)
def test_types_must_be_known(change: Callable[[Tensors], None], message: str, tmp_path: Path) -> None:
    """Integers where floats belong would be read as a model of noise."""
    tensors = random_tensors(RAW)
    change(tensors)
    assert _refused(tmp_path, tensors).startswith(message)


def test_scales_must_fit(tmp_path: Path) -> None:
    """int8 rows: a scale per row, of a float type; a column of them is a row of them."""
    tensors = int8_tensors(random_tensors(RAW))
    good = tensors[f"{UP}_scale"]
    tensors[f"{UP}_scale"] = good[:-1].clone()
    assert _refused(tmp_path, tensors) == f"{UP}_scale has shape (63,), expected (64,)"
    tensors[f"{UP}_scale"] = good.to(torch.int16)
    assert _refused(tmp_path, tensors).startswith(f"{UP}_scale holds I16 numbers")
    tensors[f"{UP}_scale"] = good[:, None].clone()
    open_checkpoint(write_checkpoint(tmp_path, RAW, tensors))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: t.pop(f"{UP}_offset"), f"{UP} is int4 but {UP}_offset is missing"),
        (lambda t: t.update({f"{UP}_scale": t[f"{UP}_scale"].float()}), f"{UP}_scale holds F32 numbers, expected BF16"),
        (
            lambda t: t.update({f"{UP}_scale": t[f"{UP}_scale"][:-1].clone()}),
            f"{UP}_scale has shape (63, 1), expected one number for every 32 or 64 columns of {UP}",
        ),
        (lambda t: t.update({UP: t[UP][:, :-1].clone()}), f"{UP} has shape (64, 30), expected (64, 32)"),
        (lambda t: t.update({NORM: torch.zeros(32, dtype=torch.uint8)}), f"{NORM} holds U8 numbers"),
        (
            lambda t: t.update({"model.embed_tokens.weight": torch.zeros((97, 16), dtype=torch.uint8)}),
            "model.embed_tokens.weight holds U8 numbers",
        ),
    ],
)
def test_int4_groups_must_fit(change: Callable[[Tensors], None], message: str, tmp_path: Path) -> None:
    """A scale and an offset of bfloat16 for every group of 32 or 64; the embedding's rows are looked up one by one."""
    tensors = int4_tensors(random_tensors(RAW))
    open_checkpoint(write_checkpoint(tmp_path, RAW, tensors))
    change(tensors)
    assert _refused(tmp_path, tensors).startswith(message)


def test_tensors_without_a_place_are_refused(tmp_path: Path) -> None:
    """A layer or a bias that config.json does not know would be left out without a word."""
    four = random_tensors(raw_config("recurrentgemma", num_hidden_layers=4))
    four.pop("model.layers.3.channel_pre_norm.weight")
    assert _refused(tmp_path, four).startswith("model.layers.3.mlp_block.down_proj.bias has no place in the model")
    biased = random_tensors(raw_config("recurrentgemma", attention_bias=True))
    biased.pop("model.layers.2.temporal_block.v_proj.bias")
    message = _refused(tmp_path, biased)
    assert message.startswith("model.layers.2.temporal_block.k_proj.bias has no place in the model")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"num_hidden_layers": 4}, "num_hidden_layers is 3, expected 4"),
        ({"num_hidden_layers": 2}, "num_hidden_layers is 3, expected 2"),
        ({"vocab_size": 98}, "vocab_size is 97, expected 98"),
        ({"intermediate_size": 64}, "intermediate_size is 128, expected 64"),
        ({"conv1d_width": 3}, "conv1d_width is 4, expected 3"),
        ({"lru_width": 48}, "lru_width is 32, expected 48"),
        ({"num_attention_heads": 8}, "num_attention_heads is 4, expected 8"),
        ({"num_key_value_heads": 2}, "num_key_value_heads is 1, expected 2"),
        ({"attention_bias": True}, "attention_bias is False, expected True"),
        (
            {"block_types": ["recurrent", "attention", "attention"]},
            "block_types is recurrent, recurrent, attention, expected recurrent, attention, attention",
        ),
        (
            {"hidden_size": 64, "lru_width": 64, "num_hidden_layers": 5},
            "hidden_size is 32, expected 64; num_hidden_layers is 3, expected 5; lru_width is 32, expected 64",
        ),
    ],
)
@pytest.mark.parametrize("stored", [lambda tensors: tensors, int8_tensors, int4_tensors])
def test_a_config_of_another_size_is_one_sentence(
    stored: Callable[[Tensors], Tensors], changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    """Its keys are named, not the first of a hundred tensors that differ for the same reason."""
    found = _refused(tmp_path, stored(random_tensors(RAW | changes)))
    assert found == f"config.json: {message}: the weights are of another model"


def test_what_follows_from_the_rest_is_ignored(tmp_path: Path) -> None:
    """The copy of the tied head and stored rotary frequencies, as published files hold them."""
    tensors = random_tensors(RAW)
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()
    tensors["model.layers.2.temporal_block.rotary_emb.inv_freq"] = torch.ones(2)
    open_checkpoint(write_checkpoint(tmp_path, RAW, tensors))


def test_weights_of_another_architecture(tmp_path: Path) -> None:
    """A llama's tensors under a Griffin's config."""
    d = RAW["hidden_size"]
    llama = {"model.embed_tokens.weight": torch.zeros(RAW["vocab_size"], d), "model.norm.weight": torch.zeros(d)}
    llama["model.layers.0.self_attn.q_proj.weight"] = torch.zeros(d, d)
    assert "those of another kind of model" in _refused(tmp_path, llama)


@pytest.mark.parametrize(
    "changes",
    [
        {"vocab_size": 1 << 24},
        {"hidden_size": 1 << 24},
        {"intermediate_size": 1 << 24},
        {"lru_width": 1 << 24},
        {"num_hidden_layers": 10_000},
        {"conv1d_width": 1 << 24},
    ],
    ids=str,
)
def test_enormous_claims_are_refused_by_the_headers(changes: dict[str, int], tmp_path: Path) -> None:
    """Sizes within config.json's bounds, but of petabytes: the tensors on disk decide, nothing is allocated."""
    write_checkpoint(tmp_path, RAW, random_tensors(RAW))
    (tmp_path / "config.json").write_text(json.dumps(RAW | changes))
    with pytest.raises(CheckpointError, match="expected"):
        open_checkpoint(tmp_path)
