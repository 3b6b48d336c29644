"""Writing safetensors files in Hugging Face's layout, one shard after the other."""

from __future__ import annotations

import json
from pathlib import Path

from safetensors.torch import save_file
from torch import Tensor

from app.inference.checkpoints.huggingface import INDEX_FILE

SHARD_BYTES = 512 * 2**20
"""A shard is written once it holds this much; the last tensor may take it beyond."""


class ShardWriter:
    """Collects tensors into shards and writes the index at the end; holds at most one shard in memory."""

    def __init__(self, folder: Path, *, shard_bytes: int = SHARD_BYTES) -> None:
        self._folder = folder
        self._limit = shard_bytes
        self._pending: dict[str, Tensor] = {}
        self._pending_bytes = 0
        self._shards: list[list[str]] = []
        self._total_bytes = 0

    def add(self, name: str, tensor: Tensor) -> None:
        """Take one tensor; OSError where the disk does not take its shard."""
        self._pending[name] = tensor.contiguous()
        self._pending_bytes += tensor.nbytes
        self._total_bytes += tensor.nbytes
        if self._pending_bytes >= self._limit:
            self._write()

    def finish(self) -> None:
        """Write what is left, give the shards their final names (`model-00001-of-00003`), and write the index."""
        if self._pending or not self._shards:
            self._write()
        total, weight_map = len(self._shards), dict[str, str]()
        for number, names in enumerate(self._shards, start=1):
            file = f"model-{number:05d}-of-{total:05d}.safetensors"
            (self._folder / _temporary(number)).rename(self._folder / file)
            weight_map |= dict.fromkeys(names, file)
        index = {"metadata": {"total_size": self._total_bytes}, "weight_map": weight_map}
        (self._folder / INDEX_FILE).write_text(json.dumps(index, indent=1), encoding="utf-8")

    def _write(self) -> None:
        self._shards.append(list(self._pending))
        save_file(self._pending, self._folder / _temporary(len(self._shards)), metadata={"format": "pt"})
        self._pending, self._pending_bytes = {}, 0


def _temporary(number: int) -> str:
    return f"model-{number:05d}.safetensors"
