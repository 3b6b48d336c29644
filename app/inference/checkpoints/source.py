"""A checkpoint as a bag of named tensors, whatever files it lies in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import Tensor

from app.core.errors import CheckpointError, GriffinDeskError, ResourceError, lacks_memory

DTYPE_NAMES = {
    torch.float64: "F64",
    torch.float32: "F32",
    torch.float16: "F16",
    torch.bfloat16: "BF16",
    torch.int8: "I8",
    torch.uint8: "U8",
}
"""How safetensors writes torch's element types, of those that may come."""


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
        """The tensor, contiguous; CheckpointError when its data cannot be read."""
        ...


def unreadable(what: object, error: BaseException, sentence: str) -> GriffinDeskError:
    """What to raise where `what`, a file or a tensor, could not be read: ResourceError where memory lacks for it, which
    is no damage, else CheckpointError with the sentence."""
    if lacks_memory(error):
        return ResourceError(
            f"there is not enough memory for {what}: close other programs, or choose a smaller model",
            code="out-of-memory",
        )
    return CheckpointError(sentence)
