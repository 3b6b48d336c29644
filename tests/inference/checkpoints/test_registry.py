"""A model's folder, opened: config and tensors agree, or one error says why not."""

import json
import os
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.config import config_from_json
from app.inference.weight_format import WeightFormat
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")


@pytest.mark.parametrize("shards", [1, 2])
def test_folder(shards: int, tmp_path: Path) -> None:
    """Config, tensors, and the files whose bytes make the model's identity."""
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, RAW, random_tensors(RAW), shards=shards))
    assert checkpoint.config == config_from_json(RAW)
    assert checkpoint.stored_format is WeightFormat.FLOAT32
    weights = ["model.safetensors"] if shards == 1 else [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    assert [path.name for path in checkpoint.files] == ["config.json", *weights]


def test_38_layers_for_a_pattern_of_three(tmp_path: Path) -> None:
    """The pattern is cycled; a port that went once over it built 3 of 38 layers."""
    raw = raw_config("recurrentgemma", num_hidden_layers=38)
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, raw, random_tensors(raw)))
    assert len(checkpoint.config.block_types) == 38


def test_what_is_no_folder(tmp_path: Path) -> None:
    """Missing, a file, or a pipe."""
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "pipe")
    for name in ("missing", "file", "pipe"):
        with pytest.raises(CheckpointError, match=f"{name} is not a folder: give the folder"):
            open_checkpoint(tmp_path / name)


def test_empty_folder(tmp_path: Path) -> None:
    """No config.json, no model."""
    with pytest.raises(CheckpointError, match=r"holds no config\.json"):
        open_checkpoint(tmp_path)


def test_config_without_weights(tmp_path: Path) -> None:
    """The weights' file is named."""
    (tmp_path / "config.json").write_text(json.dumps(RAW))
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors"):
        open_checkpoint(tmp_path)


def test_another_architecture(tmp_path: Path) -> None:
    """A llama's folder: its config says so."""
    write_checkpoint(tmp_path, RAW | {"model_type": "llama"}, random_tensors(RAW))
    with pytest.raises(CheckpointError, match="model_type is 'llama', expected 'recurrent_gemma'"):
        open_checkpoint(tmp_path)
