"""One safetensors file, written front to back in pieces: no more of it in memory than a piece.

The format is eight bytes with the length of a JSON header, the header, and the tensors' bytes one after the other
(github.com/huggingface/safetensors). All sizes are known before the first byte, so the header is written first.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from app.core.errors import InternalError
from app.inference.manifest import FileRecord

DTYPES = {
    "F32": torch.float32,
    "BF16": torch.bfloat16,
    "F16": torch.float16,
    "I8": torch.int8,
    "U8": torch.uint8,
}
"""Torch's types by the names that safetensors gives them."""

_HEADER_ALIGNMENT = 8
_PIECES_AHEAD = 4
"""Pieces that wait for the disk before the one who makes them waits too."""
_SYNC_BYTES = 128 << 20
"""The disk is told to write after so many bytes, so that it has little left to do when the file is complete."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A tensor of a file that is to be written; dtype as safetensors names it."""

    name: str
    dtype: str
    shape: tuple[int, ...]

    @property
    def nbytes(self) -> int:
        """Bytes of its data."""
        return prod(self.shape) * DTYPES[self.dtype].itemsize


class ShardFile:
    """A file being written; its tensors' pieces may come in any order of tensors, each tensor's own in order.

    Pieces of the tensor whose turn it is go to the disk at once, by a thread of its own that hashes them on the way;
    those of later tensors wait in memory, so they had better be small. A piece must not change once it was given.
    """

    def __init__(self, path: Path, entries: Sequence[Entry]) -> None:
        """OSError where the file cannot be written."""
        self._order = deque(aligned(entries))
        self._left = {entry.name: entry.nbytes for entry in self._order}
        self._dtypes = {entry.name: DTYPES[entry.dtype] for entry in self._order}
        self._waiting: dict[str, list[Tensor]] = {}
        self._digest = hashlib.sha256()
        self._nbytes = 0
        self._unsynced = 0
        self._jobs: deque[Future[None]] = deque()
        self._stream = path.open("wb", buffering=0)
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="shard")
        self._jobs.append(self._pool.submit(self._put, memoryview(header(self._order))))

    def write(self, name: str, piece: Tensor) -> None:
        """Take the next piece of a tensor, or all of it. OSError where the disk did not take an earlier one."""
        if piece.dtype != self._dtypes[name] or piece.nbytes > self._left[name]:
            raise InternalError(f"{piece.nbytes} bytes of {piece.dtype} do not fit into what is left of {name}")
        self._left[name] -= piece.nbytes
        self._waiting.setdefault(name, []).append(piece)
        while self._order and (due := self._order[0].name):
            for ready in self._waiting.pop(due, ()):
                self._hand_over(ready)
            if self._left[due]:
                break
            self._order.popleft()

    def finish(self) -> FileRecord:
        """Close the complete file once it is on the disk. OSError where the disk does not take it."""
        while self._order and not self._left[self._order[0].name]:
            self._order.popleft()  # tensors without elements, of which no piece came
        if self._order:
            raise InternalError(f"{self._order[0].name} was not written whole")
        for job in self._jobs:
            job.result()
        self._jobs.clear()
        os.fsync(self._stream.fileno())
        self.close()
        return FileRecord(self._nbytes, self._digest.hexdigest())

    def close(self) -> None:
        """Let go of the file, complete or not."""
        for job in self._jobs:
            job.cancel()
        self._pool.shutdown()
        self._stream.close()

    def _hand_over(self, piece: Tensor) -> None:
        data = piece.contiguous().reshape(-1).view(torch.uint8).numpy().data
        self._jobs.append(self._pool.submit(self._put, data))
        if len(self._jobs) > _PIECES_AHEAD:
            self._jobs.popleft().result()

    def _put(self, data: memoryview) -> None:
        self._digest.update(data)
        self._nbytes += len(data)
        self._unsynced += len(data)
        while data:
            data = data[self._stream.write(data) :]
        if self._unsynced >= _SYNC_BYTES:
            self._unsynced = 0
            with suppress(OSError):  # told when the file is complete
                os.fsync(self._stream.fileno())


def aligned(entries: Sequence[Entry]) -> list[Entry]:
    """The entries in an order in which each begins at a multiple of its elements' size: the one given, if it is such.

    Readers that map the file could not take an element from elsewhere.
    """
    offset = 0
    for entry in entries:
        if offset % DTYPES[entry.dtype].itemsize:
            return sorted(entries, key=lambda one: -DTYPES[one.dtype].itemsize)
        offset += entry.nbytes
    return list(entries)


def header(entries: Iterable[Entry]) -> bytes:
    """What a file with these tensors in this order begins with."""
    found: dict[str, object] = {"__metadata__": {"format": "pt"}}
    offset = 0
    for entry in entries:
        end = offset + entry.nbytes
        found[entry.name] = {"dtype": entry.dtype, "shape": list(entry.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(found, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _HEADER_ALIGNMENT)
    return len(text).to_bytes(8, "little") + text
