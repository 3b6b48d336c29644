"""Which device a model runs on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch

from app.core.errors import ResourceError, UserError, lacks_memory

DEVICES = ("auto", "cpu", "cuda", "mps")

CHUNK_TOKENS: Mapping[str, int] = {"cpu": 512, "cuda": 4096, "mps": 512}
"""Tokens read in one forward pass, by torch's name of the device type: long enough for full matrix speed, short enough
to cancel within a second."""


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
