"""Torch's types for each weight format."""

from __future__ import annotations

import torch

from app.inference.weight_format import WeightFormat

_ACTIVATIONS = {WeightFormat.BFLOAT16: torch.bfloat16, WeightFormat.FLOAT16: torch.float16}


def activation_dtype(form: WeightFormat) -> torch.dtype:
    """Of activations, biases and the attention window; the recurrence is float32 always."""
    return _ACTIVATIONS.get(form, torch.float32)


def residual_dtype(form: WeightFormat) -> torch.dtype:
    """Of the sum that runs through all blocks: it outgrows float16, in which other models of this family failed."""
    return torch.float32 if form is WeightFormat.FLOAT16 else activation_dtype(form)
