"""Rounding without calibration text: each weight to the nearest value of its group's grid."""

from __future__ import annotations

import torch
from torch import Tensor

from app.inference.int4_groups import Int4Groups, pack_codes
from app.inference.int8_rows import row_blocks
from app.inference.quantize.grid import range_grid


def round_to_nearest(weight: Tensor, group: int) -> Int4Groups:
    """W (o, i) of any float type -> int4 groups, with the grid over each group's range.

    No grid of least squared error here: measured on the starter it is worse (docs/quality.md). Without knowing the
    inputs, a far weight clipped costs more than many near ones gain.
    """
    out, into = weight.shape
    codes = torch.empty((out, into // 2), dtype=torch.uint8)
    scale, offset = (torch.empty((out, into // group), dtype=torch.bfloat16) for _ in range(2))
    for rows in row_blocks(weight):
        groups = weight[rows].float().reshape(-1, into // group, group)
        grid = range_grid(groups)
        codes[rows] = pack_codes(grid.codes(groups).flatten(1).to(torch.uint8), group)
        scale[rows], offset[rows] = grid.scale[..., 0], grid.offset[..., 0]
    return Int4Groups(codes, scale, offset)
