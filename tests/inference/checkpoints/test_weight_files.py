"""Which files hold a model's weights, by their names: an index that is missing, damaged or lies is named."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import CheckpointError
from app.inference.checkpoints.weight_files import INDEX_FILE, is_orbax, safetensors_files
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
TENSORS = random_tensors(RAW)


def test_missing_files_are_named(tmp_path: Path) -> None:
    """The single file, or the shard that the index names."""
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors: get the model's files again"):
        safetensors_files(tmp_path)
    write_checkpoint(tmp_path, RAW, TENSORS, shards=3)
    (tmp_path / "model-00002-of-00003.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks model-00002-of-00003\.safetensors"):
        safetensors_files(tmp_path)


def test_pipe_and_folder_are_no_weights(tmp_path: Path) -> None:
    """Neither is opened: a pipe would be waited for without end."""
    os.mkfifo(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors"):
        safetensors_files(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(CheckpointError, match=r"lacks model\.safetensors"):
        safetensors_files(tmp_path)
    os.mkfifo(tmp_path / INDEX_FILE)
    with pytest.raises(CheckpointError, match="it is not a file"):
        safetensors_files(tmp_path)


@pytest.mark.parametrize(
    "file",
    [
        "x\n\x1b[31m.safetensors",
        "nul\0.safetensors",
        "../secret.safetensors",
        "/etc/passwd",
        "sub/model.safetensors",
        "..",
        "",
        "pytorch_model.bin",
        "a\0b.safetensors",
        7,
        None,
        ["model.safetensors"],
    ],
)
def test_index_stays_in_its_folder(file: Any, tmp_path: Path) -> None:
    """A name that leads out of the folder, or to another kind of file, is refused, there or not."""
    (tmp_path / "secret.safetensors").write_bytes(b"")
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / INDEX_FILE).write_text(json.dumps({"weight_map": {"a": file}}))
    with pytest.raises(CheckpointError, match=r"expected \*\.safetensors files in the same folder"):
        safetensors_files(folder)


@pytest.mark.parametrize("text", ["{}", '{"weight_map": []}', '{"weight_map": {}}', '{"weight_map": "x"}'])
def test_index_without_a_map(text: str, tmp_path: Path) -> None:
    """There is nothing to open."""
    (tmp_path / INDEX_FILE).write_text(text)
    with pytest.raises(CheckpointError, match=r"index\.json has no weight_map"):
        safetensors_files(tmp_path)


@pytest.mark.parametrize("text", ["", "[", "[]"])
def test_damaged_index(text: str, tmp_path: Path) -> None:
    """It is named."""
    (tmp_path / INDEX_FILE).write_text(text)
    with pytest.raises(CheckpointError, match=r"model\.safetensors\.index\.json (cannot be read|holds)"):
        safetensors_files(tmp_path)


@pytest.mark.parametrize("name", ["manifest.ocdbt", "params.embedder/.zarray", "params.embedder/zarr.json"])
def test_orbax_is_known_by_its_files(tmp_path: Path, name: str) -> None:
    """A store, or a folder for each array; a file of that name further down is none."""
    (tmp_path / "deep" / name).parent.mkdir(parents=True)
    (tmp_path / "deep" / name).write_bytes(b"")
    assert is_orbax(tmp_path / "deep")
    assert not is_orbax(tmp_path)
