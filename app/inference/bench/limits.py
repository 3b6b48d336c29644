"""What the machine can do at best, measured in the same run as the models: reading memory, multiplying matrices."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)
from torch import Tensor

from app.inference.bench.timing import median_seconds
from app.inference.device_names import CHUNK_TOKENS

BUFFER_BYTES = {"cpu": 1 << 30, "mps": 1 << 30, "cuda": 4 << 30}

MatrixShapes = Mapping[tuple[int, int], int]
"""(rows, columns) of a weight -> how many of them a token of a prompt meets."""


def read_bandwidth(device: torch.device, *, size: int | None = None) -> float:
    """Bytes per second of reading memory: the median of five sums over 1 GiB (a CUDA GPU: 4 GiB), all threads.

    size: bytes of the buffer, None for these.
    """
    buffer = torch.ones((size or BUFFER_BYTES[device.type]) // 4, device=device)
    return buffer.nbytes / median_seconds(buffer.sum, device)


def matrix_kind(weight_format: str, device: torch.device) -> str:
    """The numbers in which a device multiplies matrices of this format at best."""
    if weight_format in ("int8", "int4"):
        return "int8" if device.type == "cpu" else "float16" if device.type == "mps" else "bfloat16"
    return weight_format


def matrix_rate(shapes: MatrixShapes, kind: str, device: torch.device) -> float:
    """Operations (two a weight and row) per second of plain products with matrices of these shapes.

    As many rows as a chunk of a prompt has tokens on the device (device_names.CHUNK_TOKENS).
    int8 is `torch._int_mm`, the rest `torch.nn.functional.linear`. Each distinct shape is timed (median of five) and
    counts as often as the model has it.
    """
    seconds = operations = 0.0
    for (rows, columns), count in shapes.items():
        seconds += count * median_seconds(_product(rows, columns, kind, device), device)
        operations += count * 2.0 * CHUNK_TOKENS[device.type] * rows * columns
    return operations / seconds


def _product(rows: int, columns: int, kind: str, device: torch.device) -> Callable[[], Tensor]:
    shapes = (CHUNK_TOKENS[device.type], columns), (rows, columns)
    if kind == "int8":
        codes, weight = (torch.randint(-127, 128, shape, dtype=torch.int8, device=device) for shape in shapes)
        transposed = weight.t()
        return lambda: torch._int_mm(codes, transposed)
    dtype: torch.dtype = getattr(torch, kind)
    # Around zero, as activations and weights are: a GPU multiplies zeros and other regular numbers faster.
    x, matrix = (torch.randn(shape, device=device).to(dtype) for shape in shapes)
    return lambda: F.linear(x, matrix)
