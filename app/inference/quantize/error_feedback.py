"""Rounding that knows the inputs: the error of each column is made good by the columns after it.

The method of GPTQ (arXiv:2210.17323). With H, the second moments of a matrix's inputs, the error of its output is
(W - Q) H (W - Q)^T. Column after column is rounded, and what rounding took from the output is given to the columns not
yet rounded, by the best amounts there are, which the Cholesky factor of H's inverse holds. Each group's grid is fitted
when its turn comes, to the weights as they then are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app.inference.int4_groups import Int4Groups, pack_codes
from app.inference.quantize.grid import Grid, fitted_grid

DAMPING = 0.01
"""Added to H's diagonal, as a share of its mean: inputs that the text hardly moves must not pull weights far off."""
_BLOCK_COLUMNS = 128
"""Columns rounded before the rest of the matrix hears of it: one large product in place of many thin ones."""


def round_with_feedback(weight: Tensor, moments: Tensor, group: int) -> Int4Groups:
    """W (o, i) and the second moments X^T X (i, i) of its inputs -> int4 groups.

    Needs, beside the result, W and three matrices of moments in float32. Deterministic for a given number of threads.
    """
    importance = moments.diagonal().clone()
    feedback = _feedback(moments, importance)
    left = weight.float().clone()
    codes = torch.empty(weight.shape, dtype=torch.uint8)
    scale, offset = (torch.empty((left.shape[0], left.shape[1] // group), dtype=torch.bfloat16) for _ in range(2))
    for start in range(0, left.shape[1], _BLOCK_COLUMNS):
        end = min(start + _BLOCK_COLUMNS, left.shape[1])
        # Column-major: all work here goes along columns.
        block, errors = left[:, start:end].t().contiguous(), torch.empty((end - start, left.shape[0]))
        for first in range(start, end, group):
            inside = slice(first - start, first - start + group)
            grid = fitted_grid(block[inside].t(), importance[first : first + group])
            scale[:, first // group], offset[:, first // group] = grid.scale[:, 0], grid.offset[:, 0]
            flat = Grid(grid.scale[:, 0], grid.offset[:, 0])
            for column in range(inside.start, inside.stop):
                rounded = flat.codes(block[column])
                codes[:, start + column] = rounded.to(torch.uint8)
                row = feedback[start + column, start + column : end]
                errors[column] = (block[column] - flat.values(rounded)) / row[0]
                block[column:] -= row[:, None] * errors[column]
        left[:, end:] -= errors.t() @ feedback[start:end, end:]
    return Int4Groups(pack_codes(codes, group), scale, offset)


def _feedback(moments: Tensor, importance: Tensor) -> Tensor:
    """The upper Cholesky factor of the damped moments' inverse, (i, i)."""
    damped = moments.clone()
    # An input that is always zero would leave the factor undefined; its weights do not matter.
    mean = importance.mean().clamp_min(torch.finfo(torch.float32).tiny)
    damped.diagonal().add_(DAMPING * mean)
    lower: Tensor = torch.linalg.cholesky(damped)
    upper: Tensor = torch.linalg.cholesky(torch.cholesky_inverse(lower), upper=True)
    return upper
