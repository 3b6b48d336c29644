"""Matrices in int8 rows: one scale for each row."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

_BLOCK_WEIGHTS = 2**18


def quantize_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Symmetric int8 rows: (o, i) -> codes (o, i) int8 and scale (o,) float32 with weight ~ codes * scale[:, None]."""
    codes = torch.empty(weight.shape, dtype=torch.int8, device=weight.device)
    scale = torch.empty(weight.shape[0], device=weight.device)
    for rows in row_blocks(weight):
        wide = weight[rows].float()
        scale[rows] = wide.abs().amax(dim=1).clamp_(min=1e-30).mul_(1.0 / 127.0)
        codes[rows] = (wide / scale[rows, None]).round_()
    return codes, scale


def row_blocks(matrix: Tensor) -> Iterator[slice]:
    """Rows to work on at once: an embedding in float32 can take more memory than the whole model in int8."""
    step = max(1, _BLOCK_WEIGHTS // matrix.shape[1])
    for start in range(0, matrix.shape[0], step):
        yield slice(start, start + step)
