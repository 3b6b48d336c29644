"""Shards as they are written: sizes, names, index."""

import json
from pathlib import Path

import torch

from app.inference.checkpoints.huggingface import SafetensorsSource, safetensors_files
from app.inference.checkpoints.shards import ShardWriter


def test_shards_come_back_whole(tmp_path: Path) -> None:
    """A shard closes once it holds the limit; names count to the total; every tensor is found through the index."""
    writer = ShardWriter(tmp_path, shard_bytes=1000)
    tensors = {f"t{n}": torch.full((n + 1, 50), n, dtype=torch.float32) for n in range(6)}
    for name, tensor in tensors.items():
        writer.add(name, tensor.t())
    writer.finish()
    files = safetensors_files(tmp_path)
    assert [file.name for file in files] == [f"model-0000{n}-of-00003.safetensors" for n in (1, 2, 3)]
    source = SafetensorsSource(files)
    assert set(source.names()) == set(tensors)
    assert all(torch.equal(source.tensor(name), tensor.t()) for name, tensor in tensors.items())
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text())
    assert index["metadata"]["total_size"] == sum(tensor.nbytes for tensor in tensors.values())
    assert {path.name for path in tmp_path.iterdir()} == {
        *(file.name for file in files),
        "model.safetensors.index.json",
    }


def test_one_shard(tmp_path: Path) -> None:
    """Less than the limit: one file, with an index all the same."""
    writer = ShardWriter(tmp_path)
    writer.add("a", torch.ones(3))
    writer.finish()
    assert [file.name for file in safetensors_files(tmp_path)] == ["model-00001-of-00001.safetensors"]
