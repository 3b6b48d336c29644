"""Which weight formats each device multiplies, and what takes the place of one that it does not.

To let a format run on a device: put it into that device's row of SUPPORTED. No torch here: services ask too.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from app.core.errors import UserError
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
"""What runs in place of files whose format the device does not support."""

_SMALLER: Mapping[str, Sequence[WeightFormat]] = {
    # bfloat16 is no step on a processor: int8 takes half of it and is nowhere slower.
    "cpu": (WeightFormat.INT8, WeightFormat.INT4),
    "cuda": (WeightFormat.BFLOAT16, WeightFormat.INT8, WeightFormat.INT4),
    "mps": (WeightFormat.FLOAT16,),
}
"""What is taken instead of a format for which memory lacks, in order."""
_SHORT = {"cpu": "processor", "cuda": "GPU", "mps": "GPU"}


@dataclass(frozen=True, slots=True)
class FormatChoice:
    """A format in which a model can run, and why it is not the one on disk or is slow (None where there is nothing)."""

    form: WeightFormat
    note: str | None = None


def refusal(form: WeightFormat, device: str, slow_formats: Collection[str] = ()) -> str | None:
    """Why a format does not run on a device type; None where it does. slow_formats: see fit.DeviceRoom."""
    if form not in SUPPORTED[device]:
        return f"{form} weights do not run on {device}"
    if device == "cuda" and form.is_integer and not has_triton():
        return f"{form} weights need Triton on a GPU, which is missing"
    if device == "mps" and form in slow_formats:
        return "bfloat16 needs macOS 14 or later"
    return None


def wished_format(wanted: WeightFormat, device: str, slow_formats: Collection[str] = ()) -> FormatChoice:
    """The format that the user asks for, with a note where it is slow. UserError where it does not run there."""
    reason = refusal(wanted, device, slow_formats)
    if reason is not None:
        raise UserError(f"{reason}: choose another weight format or leave the choice open", code="weight-format")
    if wanted not in slow_formats:
        return FormatChoice(wanted)
    return FormatChoice(wanted, f"{wanted} is slow on this {_SHORT[device]}: it has no instructions for it")


def possible_formats(stored: WeightFormat, device: str, slow_formats: Collection[str] = ()) -> tuple[FormatChoice, ...]:
    """What a model may run in where the choice is open, the best first: the files' own format wherever it is sensible.

    Those after the first take less memory.
    """
    first = FormatChoice(stored)
    reason = refusal(stored, device, slow_formats)
    if reason is not None:
        first = FormatChoice(FALLBACK[device], f"{reason}: {FALLBACK[device]} is used instead")
    elif stored in slow_formats and device == "cpu":
        first = FormatChoice(
            WeightFormat.INT8,
            f"{stored}, the format of the files, is slow on this processor: int8 is used instead "
            f"(--weight-format {stored} keeps it)",
        )
    elif stored in slow_formats:
        first = wished_format(stored, device, slow_formats)
    smaller = [
        FormatChoice(form)
        for form in _SMALLER[device]
        if _order(form) > _order(first.form) and refusal(form, device, slow_formats) is None
    ]
    return (first, *smaller)


def _order(form: WeightFormat) -> int:
    return list(WeightFormat).index(form)


def has_triton() -> bool:
    """Whether kernels can be compiled for CUDA devices; only they multiply integer weights there."""
    return find_spec("triton") is not None
