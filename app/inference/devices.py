"""Which device a model runs on."""

from __future__ import annotations

import torch

from app.core.errors import UserError

DEVICES = ("auto", "cpu", "cuda", "mps")


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
