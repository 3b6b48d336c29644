"""The grid of a group: the scale and offset whose sixteen values lie nearest to the group's weights."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.inference.int4_groups import LARGEST_CODE

CLIPS = (1.0, 0.9, 0.8)
"""Shares of a group's range that are tried as its grid: clipping one far weight can bring all the others nearer."""
REFINEMENTS = 2
"""Rounds of codes from the grid, then the grid from the codes by least squares, for each share."""
_SMALLEST_SCALE = 1e-20


@dataclass(frozen=True, slots=True)
class Grid:
    """scale and offset (..., 1) of groups (..., group), float32 numbers that bfloat16 holds exactly."""

    scale: Tensor
    offset: Tensor

    def codes(self, weights: Tensor) -> Tensor:
        """The nearest codes, float32 of 0 .. 15."""
        return ((weights - self.offset) / self.scale).round_().clamp_(0, LARGEST_CODE)

    def values(self, codes: Tensor) -> Tensor:
        """What codes stand for."""
        return torch.addcmul(self.offset, codes, self.scale)


def range_grid(weights: Tensor) -> Grid:
    """The grid from the least to the largest weight of each group (..., group): plain rounding to the nearest."""
    low, high = weights.aminmax(dim=-1, keepdim=True)
    return _rounded((high - low) / LARGEST_CODE, low)


def fitted_grid(weights: Tensor, importance: Tensor) -> Grid:
    """The grid of least squared error of groups (..., group), each weight's error counted by its importance.

    importance: of weights' shape or one that broadcasts to it, not negative. No group comes out worse than with
    range_grid.
    """
    low, high = weights.aminmax(dim=-1, keepdim=True)
    middle, spread = (low + high) / 2, (high - low) / LARGEST_CODE
    best = _rounded(spread, low)
    least = _error(weights, best.values(best.codes(weights)), importance)
    for clip in CLIPS:
        grid = _rounded(spread * clip, middle - spread * (clip * LARGEST_CODE / 2))
        for left in range(REFINEMENTS, -1, -1):
            codes = grid.codes(weights)
            error = _error(weights, grid.values(codes), importance)
            better = error < least
            least = torch.where(better, error, least)
            best = Grid(
                torch.where(better, grid.scale, best.scale),
                torch.where(better, grid.offset, best.offset),
            )
            if left:
                grid = _least_squares(weights, codes, importance)
    return best


def _rounded(scale: Tensor, offset: Tensor) -> Grid:
    # Codes are chosen after both were rounded to what is stored; a group of equal weights is its offset alone.
    return Grid(scale.clamp_min(_SMALLEST_SCALE).bfloat16().float(), offset.bfloat16().float())


def _error(weights: Tensor, values: Tensor, importance: Tensor) -> Tensor:
    return ((weights - values).square_() * importance).sum(-1, keepdim=True)


def _least_squares(weights: Tensor, codes: Tensor, importance: Tensor) -> Grid:
    """The scale and offset under which the given codes come nearest to the weights: a line through points."""
    total = importance.expand_as(weights).sum(-1, keepdim=True).clamp_min(_SMALLEST_SCALE)
    code_mean = (codes * importance).sum(-1, keepdim=True) / total
    weight_mean = (weights * importance).sum(-1, keepdim=True) / total
    centred = codes - code_mean
    slope = (centred * (weights - weight_mean) * importance).sum(-1, keepdim=True)
    slope /= (centred.square() * importance).sum(-1, keepdim=True).clamp_min(_SMALLEST_SCALE)
    return _rounded(slope, weight_mean - slope * code_mean)
