"""The names of the weight formats. No torch here: the window and the services speak of formats too."""

from __future__ import annotations

from enum import StrEnum

from app.core.errors import UserError


class WeightFormat(StrEnum):
    """How large matrices are held and multiplied, the largest first; dtypes.py has torch's types for each."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"
    FLOAT16 = "float16"
    INT8 = "int8"
    INT4 = "int4"

    @property
    def is_integer(self) -> bool:
        """Whether large matrices are integer codes with scales; the embedding is int8 rows then."""
        return self in (WeightFormat.INT8, WeightFormat.INT4)

    @property
    def activation_bytes(self) -> int:
        """Bytes of an activation, a bias or an entry of the attention window; the recurrence is float32 always."""
        return 2 if self in (WeightFormat.BFLOAT16, WeightFormat.FLOAT16) else 4


def parse_weight_format(text: str) -> WeightFormat:
    """A format by name; UserError lists those there are."""
    try:
        return WeightFormat(text)
    except ValueError:
        raise UserError(f"unknown weight format {text!r}: choose one of {', '.join(WeightFormat)}") from None
