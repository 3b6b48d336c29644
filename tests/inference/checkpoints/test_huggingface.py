"""Safetensors files, single and in shards: read where sound, one clear error otherwise."""

import json
import os
import struct
from pathlib import Path
from typing import Any

import pytest
import torch

from app.core.errors import CheckpointError
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.checkpoints.weight_files import INDEX_FILE, safetensors_files
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

RAW = raw_config("recurrentgemma")
TENSORS = random_tensors(RAW)


@pytest.mark.parametrize("shards", [1, 3])
def test_tensors_come_back(shards: int, tmp_path: Path) -> None:
    """Names, shapes, types and values, from one file or from several."""
    source = SafetensorsSource(safetensors_files(write_checkpoint(tmp_path, RAW, TENSORS, shards=shards)))
    assert sorted(source.names()) == sorted(TENSORS)
    for name, tensor in TENSORS.items():
        assert source.shape(name) == tuple(tensor.shape)
        assert source.dtype(name) == "F32"
        assert torch.equal(source.tensor(name), tensor)


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
    with pytest.raises(CheckpointError, match=r"expected \*\.safetensors files in the same folder|lacks a"):
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


def _header(content: dict[str, Any], body: bytes = b"") -> bytes:
    text = json.dumps(content).encode()
    return struct.pack("<Q", len(text)) + text + body


LYING = {
    "empty": b"",
    "seven bytes": b"1234567",
    "header longer than the file": struct.pack("<Q", 10**6) + b"{}",
    "enormous header": struct.pack("<Q", 2**63) + b"{}",
    "no JSON": struct.pack("<Q", 4) + b"abcd",
    "nested": struct.pack("<Q", 100_000) + b"[" * 100_000,
    "data beyond the end": _header({"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}, b"12345678"),
    "shape larger than the data": _header({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 8]}}, b"12345678"),
    "shape overflows": _header({"a": {"dtype": "F32", "shape": [2**62, 2**62], "data_offsets": [0, 8]}}, b"12345678"),
    "negative shape": _header({"a": {"dtype": "F32", "shape": [-2], "data_offsets": [0, 8]}}, b"12345678"),
    "offsets reversed": _header({"a": {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]}}, b"12345678"),
    "unknown type": _header({"a": {"dtype": "F33", "shape": [2], "data_offsets": [0, 8]}}, b"12345678"),
    "overlapping": _header(
        {
            "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
            "b": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
        },
        b"12345678",
    ),
    "pickle": b"\x80\x04\x95" + bytes(30),
}


@pytest.mark.parametrize("kind", LYING)
def test_lying_file(kind: str, tmp_path: Path) -> None:
    """A header that does not fit its file is refused when the file is opened, by name, and nothing is allocated."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(LYING[kind])
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged or cut short .*: get the file again"):
        SafetensorsSource([path])


@pytest.mark.parametrize("kept", [1, 9, 300, 0.5, 0.999])
def test_truncated_file(kept: float, tmp_path: Path) -> None:
    """Cut anywhere: the opening of the whole checkpoint says so, also where the first shard is whole."""
    write_checkpoint(tmp_path, RAW, TENSORS, shards=2)
    path = tmp_path / "model-00002-of-00002.safetensors"
    data = path.read_bytes()
    path.write_bytes(data[: int(kept if kept >= 1 else kept * len(data))])
    with pytest.raises(CheckpointError, match=r"model-00002-of-00002\.safetensors is damaged or cut short"):
        SafetensorsSource(safetensors_files(tmp_path))


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file without the right to read it is not called damaged."""

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("app.inference.checkpoints.huggingface.safe_open", refuse)
    with pytest.raises(CheckpointError, match="may not be read"):
        SafetensorsSource([tmp_path / "model.safetensors"])
