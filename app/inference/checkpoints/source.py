"""A checkpoint as a bag of named tensors, whatever files it lies in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from torch import Tensor


class TensorSource(Protocol):
    """Tensors by their own names (see names.py), memory-mapped where the format allows."""

    def names(self) -> Iterable[str]:
        """All tensor names."""
        ...

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape without reading the data."""
        ...

    def dtype(self, name: str) -> str:
        """Element type without reading the data, as safetensors writes it: F32, F16, BF16, I8, U8."""
        ...

    def tensor(self, name: str) -> Tensor:
        """The tensor; CheckpointError when its data cannot be read."""
        ...
