"""Which weight formats each device multiplies, and what takes the place of one that it does not.

To let a format run on a device: put it into that device's row of SUPPORTED.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec

import torch

from app.inference.weight_format import WeightFormat

SUPPORTED: Mapping[str, frozenset[str]] = {
    "cpu": frozenset({"float32", "bfloat16", "int8", "int4"}),
    "cuda": frozenset({"float32", "bfloat16", "int8", "int4"}),
    "mps": frozenset({"float32", "bfloat16", "float16"}),
}
"""Names of WeightFormat by torch's name of the device type."""

FALLBACK: Mapping[str, WeightFormat] = {
    # Holds every float16 number exactly; half-precision products are slow on most processors.
    "cpu": WeightFormat.FLOAT32,
    # The checkpoints' own format, with float32's range: nothing can overflow.
    "cuda": WeightFormat.BFLOAT16,
    # bfloat16 needs macOS 14; float16 runs everywhere, and the residual stream is float32 (see mps.py).
    "mps": WeightFormat.FLOAT16,
}
"""What runs in place of a format that the device does not support."""


@dataclass(frozen=True, slots=True)
class FormatChoice:
    """The format in which a model runs, and why it is not the one asked for or stored (None where it is)."""

    form: WeightFormat
    note: str | None = None


def choose_format(wanted: WeightFormat | None, stored: WeightFormat, device: torch.device) -> FormatChoice:
    """The format asked for, else the one on disk, else (with a note) what this device can do instead.

    A format that works but is slow gives way only where the user left the choice open.
    """
    asked = wanted or stored
    fallback = FALLBACK[device.type]
    if asked not in SUPPORTED[device.type]:
        return FormatChoice(fallback, f"{asked} weights do not run on {device.type}: {fallback} is used instead")
    if device.type == "cuda" and asked.is_integer and not has_triton():
        return FormatChoice(
            fallback, f"{asked} weights need Triton on a GPU, which is missing: {fallback} is used instead"
        )
    if asked is not WeightFormat.BFLOAT16 or has_fast_bfloat16(device):
        return FormatChoice(asked)
    if device.type == "mps":
        return FormatChoice(fallback, f"bfloat16 needs macOS 14 or later: {fallback} is used instead")
    if device.type == "cpu" and wanted is None:
        return FormatChoice(
            WeightFormat.INT8,
            "bfloat16, the format of the files, is slow on this processor: int8 is used instead "
            "(--weight-format bfloat16 keeps it)",
        )
    slow = "processor" if device.type == "cpu" else "GPU"
    return FormatChoice(asked, f"bfloat16 is slow on this {slow}: it has no instructions for it")


def has_triton() -> bool:
    """Whether kernels can be compiled for CUDA devices; only they multiply integer weights there."""
    return find_spec("triton") is not None


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices by instructions of its own."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "mps":
        return bool(torch.backends.mps.is_macos_or_newer(14, 0))
    # torch has no public question for it; where these names are gone the answer is the careful one.
    questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in questions)
