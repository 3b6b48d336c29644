"""Means of the last hidden layer over spans of a read, gathered chunk by chunk."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from app.core.errors import InternalError
from app.inference.generator import Span, Vector


class SpanMeans:
    """One running sum per span; spans may overlap, be empty (their mean is zero) and cross chunks."""

    def __init__(self, spans: Sequence[Span], tokens: int, width: int, device: torch.device) -> None:
        """`tokens` is the length of the whole read. Raises InternalError for a span that does not lie in it."""
        for low, high in spans:
            if not 0 <= low <= high <= tokens:
                raise InternalError(f"span ({low}, {high}) does not lie in a read of {tokens} tokens")
        self._spans = tuple(spans)
        self._sums = torch.zeros((len(self._spans), width), device=device)

    def add(self, hidden: Tensor, start: int) -> None:
        """Take in hidden (t, d), whose first token has index `start` in the read."""
        end = start + hidden.shape[0]
        for row, (low, high) in enumerate(self._spans):
            if low < end and high > start:
                self._sums[row] += hidden[max(low, start) - start : min(high, end) - start].float().sum(0)

    def means(self) -> list[Vector]:
        """The means, d floats each, in the order of the spans."""
        lengths = [max(1, high - low) for low, high in self._spans]
        means: list[Vector] = [(row / length).tolist() for row, length in zip(self._sums.cpu(), lengths, strict=True)]
        return means
