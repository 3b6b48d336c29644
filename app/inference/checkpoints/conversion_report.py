"""What a conversion tells: how far it is, and what became of the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Stage = Literal["converting", "checking"]


@dataclass(frozen=True, slots=True)
class ConversionProgress:
    """How far a conversion is. Bytes of the source's tensors; while checking, bytes that are read again."""

    stage: Stage
    done_bytes: int
    total_bytes: int


OnProgress = Callable[[ConversionProgress], None]
"""What it raises ends the conversion, which can be gone on with later."""


@dataclass(frozen=True, slots=True)
class MatrixReport:
    """What became of one tensor that was rounded.

    largest_error: of a weight, as a share of the tensor's largest. output_error: relative change of the matrix's
    output for the same inputs on the calibration text, None where none was read.
    """

    name: str
    form: str
    largest_error: float
    output_error: float | None = None


@dataclass(frozen=True, slots=True)
class Conversion:
    """A finished conversion.

    nbytes: of all files of the folder. calibration_tokens: 0 where the format needs none. matrices: what was rounded,
    nothing where every tensor is as it was. perplexity_before, perplexity_after: of check_tokens tokens of a text that
    the conversion has not seen, by the source's weights and by the new ones, None where no text was given.
    went_on: bytes of the source that an earlier, interrupted run had converted. notes: a sentence each.
    """

    folder: Path
    nbytes: int
    calibration_tokens: int
    matrices: tuple[MatrixReport, ...]
    perplexity_before: float | None = None
    perplexity_after: float | None = None
    check_tokens: int = 0
    went_on: int = 0
    notes: tuple[str, ...] = ()
