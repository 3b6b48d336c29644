from __future__ import annotations

import pytest

from app.core.errors import UserError
from app.inference.dtypes import activation_dtype, residual_dtype
from app.inference.weight_format import WeightFormat, format_on_disk, parse_weight_format


def test_formats_by_name() -> None:
    """A known name is the format, another lists those there are."""
    assert parse_weight_format("int4") is WeightFormat.INT4
    with pytest.raises(UserError, match="choose one of float32, bfloat16, float16, int8, int4"):
        parse_weight_format("int3")


def test_bytes_are_those_of_torchs_types() -> None:
    """Of activations; integers run on float32 ones. The residual stream of float16 is float32."""
    for form in WeightFormat:
        assert form.activation_bytes == activation_dtype(form).itemsize
        assert residual_dtype(form).itemsize == (4 if form is WeightFormat.FLOAT16 else form.activation_bytes)


@pytest.mark.parametrize(
    ("dtypes", "embedding", "expected"),
    [
        ({"F32", "I8", "U8", "BF16"}, "I8", WeightFormat.INT4),
        ({"F32", "I8"}, "I8", WeightFormat.INT8),
        ({"BF16"}, "BF16", WeightFormat.BFLOAT16),
        ({"F16"}, "F16", WeightFormat.FLOAT32),
        ({"F32"}, "F32", WeightFormat.FLOAT32),
    ],
)
def test_format_on_disk(dtypes: set[str], embedding: str, expected: WeightFormat) -> None:
    """One int4 matrix decides, else the embedding's type."""
    assert format_on_disk(dtypes, embedding) is expected
