"""Safetensors files, single and in shards: read where sound, one clear error otherwise."""

import json
import struct
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from app.core.errors import CheckpointError, ResourceError
from app.inference.checkpoints.huggingface import MAX_HEADER_BYTES, SafetensorsSource
from app.inference.checkpoints.weight_files import safetensors_files
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
    path = tmp_path / "model.safetensors"
    path.write_bytes(_header({}))
    with pytest.raises(CheckpointError, match="may not be read"):
        SafetensorsSource([path])


def test_a_name_in_two_files(tmp_path: Path) -> None:
    """Which of the two is meant nobody knows: the last one read would win without a word."""
    write_checkpoint(tmp_path, RAW, TENSORS, shards=2)
    again = load_file(tmp_path / "model-00001-of-00002.safetensors")
    save_file(again | {"extra": torch.zeros(1)}, tmp_path / "model-00002-of-00002.safetensors")
    with pytest.raises(CheckpointError, match=r"in two files, one of them model-00002-of-00002\.safetensors"):
        SafetensorsSource(safetensors_files(tmp_path))


def test_an_enormous_header_is_not_read(tmp_path: Path) -> None:
    """The library would take ten times its bytes in memory, and a minute for a million tensors."""
    path = tmp_path / "model.safetensors"
    with path.open("wb") as stream:
        stream.write(struct.pack("<Q", MAX_HEADER_BYTES + 8))
        stream.truncate(MAX_HEADER_BYTES + 16)
    with pytest.raises(CheckpointError, match=r"model\.safetensors is damaged .* header has 8,388,616 bytes, expected"):
        SafetensorsSource([path])


@pytest.mark.parametrize("name", ["model.layers.0.\x1b[31m\nred", "model.layers.0." + "x" * 10_000, "\u202ereversed"])
def test_names_that_cannot_be_shown(name: str, tmp_path: Path) -> None:
    """Names stand in messages: one that steers the terminal, or fills it, is no tensor of any model."""
    save_file(TENSORS | {name: torch.zeros(1)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"model\.safetensors holds a tensor of the name ") as caught:
        SafetensorsSource([tmp_path / "model.safetensors"])
    assert caught.value.message.isprintable() and len(caught.value.message) < 300 + len(str(tmp_path))


def test_too_many_dimensions(tmp_path: Path) -> None:
    """A shape stands in messages too."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(_header({"a": {"dtype": "F32", "shape": [1] * 99, "data_offsets": [0, 4]}}, b"1234"))
    with pytest.raises(CheckpointError, match=r"model\.safetensors holds a with 99 dimensions, expected at most 8"):
        SafetensorsSource([path])


@pytest.mark.parametrize(
    "error", [OSError(12, "Cannot allocate memory"), MemoryError(), RuntimeError("can't allocate memory: 9 bytes")]
)
def test_a_lack_of_memory_is_no_damage(error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file may be sound: getting it again would not help."""
    write_checkpoint(tmp_path, RAW, TENSORS)
    path = tmp_path / "model.safetensors"
    source = SafetensorsSource([path])

    class Full:
        def get_tensor(self, name: str) -> None:
            raise error

    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(source, "_files", {"a": Full()})
    with pytest.raises(ResourceError, match="not enough memory for a") as caught:
        source.tensor("a")
    assert caught.value.code == "out-of-memory"
    monkeypatch.setattr("app.inference.checkpoints.huggingface.safe_open", refuse)
    with pytest.raises(ResourceError, match=r"not enough memory for .*model\.safetensors") as caught:
        SafetensorsSource([path])
    assert caught.value.code == "out-of-memory"
