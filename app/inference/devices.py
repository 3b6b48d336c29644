"""Which devices there are, and what torch says of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from app.core.errors import ResourceError, UserError, lacks_memory
from app.inference.device_names import DEVICES
from app.inference.weight_format import WeightFormat


def pick_device(name: str = "auto") -> torch.device:
    """The device by name; "auto" takes CUDA where there is one, else the CPU. UserError when it is not there.

    MPS must be asked for: it is written but has not been measured.
    """
    if name not in DEVICES:
        raise UserError(f"unknown device {name!r}: choose one of {', '.join(DEVICES)}")
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise UserError("device 'cuda' was asked for, but torch finds no CUDA device: use --device cpu")
    if name == "mps" and not torch.backends.mps.is_available():
        raise UserError("device 'mps' was asked for, but torch finds none: use --device cpu")
    return torch.device(name)


def has_fast_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies bfloat16 matrices by instructions of its own."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "mps":
        return bool(torch.backends.mps.is_macos_or_newer(14, 0))
    # torch has no public question for it; where these names are gone the answer is the careful one.
    questions = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(bool(getattr(torch.cpu, name, bool)()) for name in questions)


def slow_formats(device: torch.device) -> tuple[str, ...]:
    """The formats that the device has no instructions for."""
    return () if has_fast_bfloat16(device) else (str(WeightFormat.BFLOAT16),)


@contextmanager
def memory_errors(what: str) -> Iterator[None]:
    """Turn the ways in which torch reports a lack of memory into a ResourceError that says for what it lacked."""
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not isinstance(error, torch.OutOfMemoryError) and not lacks_memory(error):
            raise
        raise ResourceError(
            f"there is not enough memory for {what}: close other programs, or choose a smaller model or format",
            code="out-of-memory",
        ) from error
