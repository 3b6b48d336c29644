"""Whether a model's files are what they must be: by their record, by their config, and number by number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import torch
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.shard_file import DTYPES
from app.inference.checkpoints.source import TensorSource
from app.inference.checkpoints.tied_head import differing_head
from app.inference.manifest import Manifest, check_files, read_manifest

_PIECE_WEIGHTS = 1 << 22


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """What was found. problems: a sentence each, nothing where all is well. has_manifest: whether the folder has a
    record of its files; where it has none, only the tensors were looked at."""

    problems: tuple[str, ...]
    checked_files: int
    checked_tensors: int
    has_manifest: bool


def verify_model(path: Path, on_progress: Callable[[int, int], None]) -> VerifyReport:
    """Read every file and every tensor of a model, a folder or a file, once; nothing is changed.

    on_progress: bytes that are done and those there are; what it raises ends the check.
    """
    problems: list[str] = []
    manifest = None
    try:
        manifest = read_manifest(path if path.is_dir() else path.parent)
    except CheckpointError as error:
        problems.append(error.message)
    try:
        checkpoint = open_checkpoint(path)
    except CheckpointError as error:
        checkpoint = None
        problems.append(error.message)
    source = checkpoint.source if checkpoint is not None else None
    work = _Progress(on_progress, _file_bytes(manifest) + (_tensor_bytes(source) if source is not None else 0))
    if manifest is not None:
        problems += check_files(path if path.is_dir() else path.parent, manifest, work.add)
    tensors = 0
    if source is not None:
        for name in source.names():
            tensors += 1
            problems += _problems(source, name, work.add)
        if (head := differing_head(source)) is not None:
            problems.append(head)
    return VerifyReport(
        tuple(problems), len(manifest.files) if manifest is not None else 0, tensors, manifest is not None
    )


@dataclass(slots=True)
class _Progress:
    told: Callable[[int, int], None]
    total: int
    done: int = 0

    def add(self, nbytes: int) -> None:
        self.done = min(self.done + nbytes, self.total)
        self.told(self.done, self.total)


def _problems(source: TensorSource, name: str, on_read: Callable[[int], None]) -> Iterator[str]:
    try:
        tensor = source.tensor(name)
        bad = 0
        for piece in _pieces(tensor):
            if piece.is_floating_point() and not _is_finite(piece):
                bad += piece.numel() - int(torch.isfinite(piece).sum())
            on_read(piece.numel() * piece.element_size())
        if bad:
            yield f"{name} holds {bad:,} values that are not finite: get the model's files again"
    except CheckpointError as error:
        yield error.message


def _pieces(tensor: Tensor) -> Iterator[Tensor]:
    if not tensor.dim():
        yield tensor
        return
    yield from torch.split(tensor, max(1, _PIECE_WEIGHTS * tensor.shape[0] // max(1, tensor.numel())))


def _is_finite(piece: Tensor) -> bool:
    return not piece.numel() or all(bool(torch.isfinite(bound)) for bound in torch.aminmax(piece))


def _file_bytes(manifest: Manifest | None) -> int:
    return sum(record.nbytes for record in manifest.files.values()) if manifest is not None else 0


def _tensor_bytes(source: TensorSource) -> int:
    """Of what the progress counts; tensors of other types than a model's count a byte an element."""
    total = 0
    for name in source.names():
        dtype = DTYPES.get(source.dtype(name))
        total += prod(source.shape(name)) * (1 if dtype is None else dtype.itemsize)
    return total
