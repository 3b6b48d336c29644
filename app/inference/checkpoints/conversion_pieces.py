"""Tensors of a source, read and rounded in pieces of some rows, by a few threads ahead of who writes them.

Torch's own threads are of no use here: it hands out work only for what is larger than a core's cache holds, and then
waits for the slowest. Blocks below that size are worked through by each of our threads alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import torch
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.checkpoints import names
from app.inference.checkpoints.conversion_plan import Planned, Way
from app.inference.checkpoints.quantized import finite, stored_scale
from app.inference.checkpoints.source import TensorSource

PIECE_WEIGHTS = 1 << 22
"""Weights of a piece: large enough that handing it on costs nothing, small enough that a few of them do not either."""
_BLOCK_WEIGHTS = 1 << 15
"""Torch's grain: it works through more elements than these with all its threads."""

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Piece:
    """What is written for some rows of a tensor, by the names that it is written under.

    source_bytes: of the rows. change, magnitude: the largest change of a weight, and the largest weight.
    """

    written: tuple[tuple[str, Tensor], ...]
    source_bytes: int
    change: float = 0.0
    magnitude: float = 0.0


def pieces(source: TensorSource, planned: Planned, pool: ThreadPoolExecutor, ahead: int) -> Iterator[Piece]:
    """All of a tensor but what calibration makes. CheckpointError where it cannot be read or is not finite."""
    # DeepMind's files hold some matrices transposed: all of one at once, torch turns four times as fast as row by row.
    tensor = source.tensor(planned.name).contiguous()
    scale = stored_scale(source, planned.name) if planned.way is Way.INT8_KEPT else None

    def job(rows: slice) -> Callable[[], Piece]:
        return lambda: _piece(planned, tensor, rows, scale)

    return in_order(pool, map(job, _rows(tensor)), ahead)


def in_order(pool: ThreadPoolExecutor, jobs: Iterator[Callable[[], Result]], ahead: int) -> Iterator[Result]:
    """The results of jobs that run in the pool, so many at a time, in the order of the jobs."""
    running: deque[Future[Result]] = deque()
    try:
        for job in jobs:
            running.append(pool.submit(job))
            if len(running) >= ahead:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
    finally:
        for future in running:
            future.cancel()


def quantize_weight_rows(weight: Tensor, codes: Tensor, scale: Tensor) -> tuple[float, float]:
    """Rows (n, i) of any float type -> codes (n, i) int8 and scale (n,) float32, the same numbers as quantize_weight's.

    Returns the largest change of a weight and the largest weight, NaN or infinity where one is not finite.
    """
    change = torch.zeros(())
    for rows in _blocks(weight):
        wide = weight[rows].to(torch.float32, copy=True)  # of float32 it would be the source itself
        by = wide.abs().amax(dim=1).clamp_(min=1e-30).mul_(1.0 / 127.0)
        wide.div_(by[:, None])
        rounded = wide.round()
        codes[rows], scale[rows] = rounded, by
        change = torch.maximum(change, wide.sub_(rounded).abs_().amax(dim=1).mul_(by).amax())
    return float(change), float(scale.amax()) * 127.0


def _piece(planned: Planned, tensor: Tensor, rows: slice, scale: Tensor | None) -> Piece:
    with torch.inference_mode():
        part = tensor[rows]
        nbytes = part.numel() * part.element_size()
        name = planned.name
        if planned.way is Way.INT8:
            codes, scale = torch.empty(part.shape, dtype=torch.int8), torch.empty(part.shape[0])
            change, magnitude = quantize_weight_rows(part, codes, scale)
            _require_finite(name, tensor, magnitude)
            return Piece(((name, codes), (name + names.SCALE_SUFFIX, scale)), nbytes, change, magnitude)
        if planned.way is Way.INT8_KEPT:
            assert scale is not None
            return Piece(((name, part), (name + names.SCALE_SUFFIX, scale[rows])), nbytes)
        if planned.way is Way.BFLOAT16:
            rounded = torch.empty(part.shape, dtype=torch.bfloat16)
            change, magnitude = _round(part, rounded)
            _require_finite(name, tensor, magnitude)
            return Piece(((name, rounded),), nbytes, change, magnitude)
        if part.is_floating_point():
            _require_finite(name, tensor, _magnitude(part))
        return Piece(((name, part),), nbytes)


def _round(part: Tensor, rounded: Tensor) -> tuple[float, float]:
    change, magnitude = torch.zeros(()), torch.zeros(())
    flat, into = part.reshape(-1), rounded.view(-1)
    for start in range(0, flat.numel(), _BLOCK_WEIGHTS):
        block = slice(start, start + _BLOCK_WEIGHTS)
        wide = flat[block].to(torch.float32, copy=True)
        into[block] = wide
        magnitude = torch.maximum(magnitude, into[block].abs().amax().float())
        change = torch.maximum(change, wide.sub_(into[block]).abs_().amax())
    return float(change), float(magnitude)


def _magnitude(part: Tensor) -> float:
    magnitude = torch.zeros((), dtype=part.dtype)
    for rows in _blocks(part):
        magnitude = torch.maximum(magnitude, part[rows].abs().amax())
    return float(magnitude)


def _require_finite(name: str, tensor: Tensor, magnitude: float) -> None:
    if magnitude - magnitude != 0.0:  # NaN or infinity
        finite(name, tensor)  # says of what kind
        raise CheckpointError(f"{name} holds values beyond bfloat16's range: the model's files are damaged")


def _rows(tensor: Tensor) -> Iterator[slice]:
    return _slices(tensor, PIECE_WEIGHTS)


def _blocks(tensor: Tensor) -> Iterator[slice]:
    return _slices(tensor, _BLOCK_WEIGHTS)


def _slices(tensor: Tensor, weights: int) -> Iterator[slice]:
    """Slices of the first dimension that hold about so many weights each."""
    count = tensor.shape[0]
    step = max(1, weights * count // max(1, tensor.numel()))
    for start in range(0, count, step):
        yield slice(start, start + step)
