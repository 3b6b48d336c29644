from __future__ import annotations

import pytest

from app.core.errors import UserError
from app.inference.weight_format import WeightFormat, parse_weight_format


def test_formats_by_name() -> None:
    """A known name is the format, another lists those there are."""
    assert parse_weight_format("int4") is WeightFormat.INT4
    with pytest.raises(UserError, match="choose one of float32, bfloat16, float16, int8, int4"):
        parse_weight_format("int3")
