"""A model's folder, opened: config and tensors agree, or one error says why not."""

import json
import os
from pathlib import Path

import pytest
import torch

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import EMBEDDING, HEAD, Layout
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.config import config_from_json
from app.inference.fingerprint import fingerprint
from app.inference.weight_format import WeightFormat
from tests.checkpoints import TRAITS, random_tensors, raw_config, write_checkpoint, write_deepmind

RAW = raw_config("recurrentgemma")


@pytest.mark.parametrize("shards", [1, 2])
def test_folder(shards: int, tmp_path: Path) -> None:
    """Config, tensors, and the files whose bytes make the model's identity."""
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, RAW, random_tensors(RAW), shards=shards))
    assert checkpoint.config == config_from_json(RAW)
    assert checkpoint.stored_format is WeightFormat.FLOAT32
    weights = ["model.safetensors"] if shards == 1 else [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    assert [path.name for path in checkpoint.files] == ["config.json", *weights]


def test_what_is_told_of_the_folder(tmp_path: Path) -> None:
    """The layout, the config as it is written, and a name."""
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / "recurrentgemma-2b-it", RAW, random_tensors(RAW)))
    assert checkpoint.layout is Layout.HUGGINGFACE
    assert checkpoint.config_json == RAW
    assert (checkpoint.folder, checkpoint.name) == (tmp_path / "recurrentgemma-2b-it", "recurrentgemma-2b-it")


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
@pytest.mark.parametrize("key", ["block_types", "_block_types"])
def test_types_and_spellings_that_come(dtype: torch.dtype, key: str, tmp_path: Path) -> None:
    """Either spelling of the pattern, any float type, and a copy of the embedding as the head, which is left alone."""
    raw = {key: RAW["block_types"], **{k: v for k, v in RAW.items() if k != "block_types"}}
    tensors = {name: tensor.to(dtype) for name, tensor in random_tensors(RAW).items()}
    write_checkpoint(tmp_path, raw, tensors | {HEAD: tensors[EMBEDDING].clone()}, shards=3)
    checkpoint = open_checkpoint(tmp_path)
    assert checkpoint.config == config_from_json(RAW)
    assert all(torch.equal(checkpoint.source.tensor(name), tensor) for name, tensor in tensors.items())


def test_fingerprint_does_not_depend_on_the_place(tmp_path: Path) -> None:
    """A copy elsewhere, in any layout, is the same model; another number is another one."""
    tensors = random_tensors(RAW)
    for place in ("a", "deep/er"):
        write_checkpoint(tmp_path / place / "folder", RAW, tensors, shards=2)
        write_deepmind(tmp_path / place / "torch" / "2b.pt", tensors, TRAITS)
    first, second = (
        [fingerprint(open_checkpoint(tmp_path / place / kind).files, "float32") for kind in ("folder", "torch")]
        for place in ("a", "deep/er")
    )
    assert first == second
    tensors[EMBEDDING][5, 5] += 1
    write_deepmind(tmp_path / "a" / "torch" / "2b.pt", tensors, TRAITS)
    assert fingerprint(open_checkpoint(tmp_path / "a" / "torch").files, "float32") != first[1]


def test_38_layers_for_a_pattern_of_three(tmp_path: Path) -> None:
    """The pattern is cycled; a port that went once over it built 3 of 38 layers."""
    raw = raw_config("recurrentgemma", num_hidden_layers=38)
    checkpoint = open_checkpoint(write_checkpoint(tmp_path, raw, random_tensors(raw)))
    assert len(checkpoint.config.block_types) == 38


def test_what_is_no_folder(tmp_path: Path) -> None:
    """Missing, or a pipe."""
    os.mkfifo(tmp_path / "pipe")
    for name, what in (("missing", "not there"), ("pipe", "neither a folder nor a file")):
        with pytest.raises(CheckpointError, match=f"{name} is {what}: give the folder"):
            open_checkpoint(tmp_path / name)


def test_empty_folder(tmp_path: Path) -> None:
    """No config.json, no model."""
    with pytest.raises(CheckpointError, match=r"holds no config\.json"):
        open_checkpoint(tmp_path)


def test_the_caches_folder_of_a_repository(tmp_path: Path) -> None:
    """The folder within it that holds the model is named."""
    repository = tmp_path / "models--google--recurrentgemma-2b"
    snapshot = write_checkpoint(repository / "snapshots" / "0123", RAW, random_tensors(RAW))
    with pytest.raises(CheckpointError, match=f"give {snapshot}$"):
        open_checkpoint(repository)


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
