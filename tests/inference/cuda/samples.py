"""Random tensors, and how far a result lies from what was expected."""

from __future__ import annotations

import torch
from torch import Tensor

LIMITS = {torch.float32: 1e-5, torch.bfloat16: 1e-2}
"""Largest relative error of a kernel's result, by the type of its tensors."""


class Random:
    """random(2, 3) is a tensor of that shape with normally distributed numbers."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._generator = torch.Generator().manual_seed(0)

    def __call__(self, *shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
        return torch.randn(shape, generator=self._generator).to(self.device, dtype)


def error(found: Tensor, expected: Tensor) -> float:
    """Norm of the difference over the norm of what was expected; the shapes have to agree."""
    assert found.shape == expected.shape
    wide = expected.double()
    return float((found.double() - wide).norm() / wide.norm())
