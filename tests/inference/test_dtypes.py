from __future__ import annotations

from app.inference.dtypes import activation_dtype, residual_dtype
from app.inference.weight_format import WeightFormat


def test_bytes_are_those_of_torchs_types() -> None:
    """Of activations; integers run on float32 ones. The residual stream of float16 is float32."""
    for form in WeightFormat:
        assert form.activation_bytes == activation_dtype(form).itemsize
        assert residual_dtype(form).itemsize == (4 if form is WeightFormat.FLOAT16 else form.activation_bytes)
