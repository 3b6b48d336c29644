"""Rounding that knows the inputs: the error of each column is made good by the columns after it.

The method of GPTQ (arXiv:2210.17323). With H, the second moments of a matrix's inputs, the error of its output is
(W - Q) H (W - Q)^T. Column after column is rounded, and what rounding took from the output is given to the columns not
yet rounded, by the best amounts there are, which the Cholesky factor of H's inverse holds. Each group's grid is fitted
when its turn comes, to the weights as they then are.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.int4_groups import Int4Groups, pack_codes
from app.inference.quantize.grid import Grid, fitted_grid

DAMPINGS = (0.01, 0.1, 1.0)
"""Added to H's diagonal, as a share of its mean: inputs that the text hardly moves must not pull weights far off. The
larger ones are for inputs of which one is so far above all others that float32 has too few digits for the rest."""
_BLOCK_COLUMNS = 128
"""Columns rounded before the rest of the matrix hears of it: one large product in place of many thin ones."""


@dataclass(frozen=True, slots=True)
class Feedback:
    """What the second moments of an input say to every matrix that reads it.

    importance: (i,) how much each input moves. spread: (i, i) upper Cholesky factor U of the damped moments' inverse,
    which is U^T U; its rows say how later columns make up for an error.
    """

    importance: Tensor
    spread: Tensor

    @classmethod
    def of(cls, moments: Tensor) -> Feedback:
        """From X^T X (i, i) float32, symmetric, of any rank. No memory is needed beside the result."""
        importance = moments.diagonal().clone()
        # An input that is always zero would leave the factor undefined; its weights do not matter.
        mean = importance.mean().clamp_min(torch.finfo(torch.float32).tiny)
        for damping in DAMPINGS:
            spread = _factor_of_inverse(moments, damping * mean)
            if spread is not None:
                return cls(importance, spread)
        raise CheckpointError("activations on the calibration text are not finite: the model's files are damaged")

    def solve(self, rows: Tensor) -> Tensor:
        """Rows (n, i) times the inverse of the damped moments."""
        return rows @ self.spread.t() @ self.spread


def _factor_of_inverse(moments: Tensor, damping: Tensor) -> Tensor | None:
    """The upper Cholesky factor of the damped moments' inverse; None where float32 has too few digits for it.

    All three steps in one piece of memory: of a wide model's last matrix it is more than half a gigabyte.
    """
    work = moments.clone()
    work.diagonal().add_(damping)
    # Columns side by side, as LAPACK has them: in any other order torch would work on a copy.
    columns, failed = work.t(), torch.zeros((), dtype=torch.int32)
    torch.linalg.cholesky_ex(columns, out=(columns, failed))
    if int(failed):
        return None
    torch.cholesky_inverse(columns, out=columns)
    torch.linalg.cholesky_ex(columns, upper=True, out=(columns, failed))
    return None if int(failed) else columns


def round_with_feedback(left: Tensor, feedback: Feedback, group: int) -> Int4Groups:
    """W^T (i, o) float32, contiguous -> W in int4 groups. Deterministic for a given number of threads.

    All work goes along columns of W, which are rows here; the tensor is used up.
    """
    spread, importance = feedback.spread, feedback.importance
    into, out = left.shape
    codes = torch.empty((into, out), dtype=torch.uint8)
    scale, offset = (torch.empty((into // group, out), dtype=torch.bfloat16) for _ in range(2))
    for start in range(0, into, _BLOCK_COLUMNS):
        end = min(start + _BLOCK_COLUMNS, into)
        errors = torch.empty((end - start, out))
        for column in range(start, end):
            if column % group == 0:
                columns = slice(column, column + group)
                grid = fitted_grid(left[columns].t().contiguous(), importance[columns])
                grid = Grid(grid.scale[:, 0], grid.offset[:, 0])
                scale[column // group], offset[column // group] = grid.scale, grid.offset
            rounded = grid.codes(left[column])
            codes[column] = rounded.to(torch.uint8)
            shares = spread[column, column:end]
            error = errors[column - start] = (left[column] - grid.values(rounded)).div_(shares[0])
            left[column:end].addr_(shares, error, alpha=-1)
        left[end:].addmm_(spread[start:end, end:].t(), errors, alpha=-1)
    return Int4Groups(pack_codes(codes.t().contiguous(), group), scale.t().contiguous(), offset.t().contiguous())
