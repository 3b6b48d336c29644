"""Means over spans of a read that comes in chunks."""

import pytest
import torch

from app.core.errors import InternalError
from app.inference.spans import SpanMeans

CPU = torch.device("cpu")
HIDDEN = torch.arange(20.0).reshape(10, 2)  # token n holds (2n, 2n + 1)


@pytest.mark.parametrize("sizes", [[10], [1] * 10, [3, 7], [4, 4, 2]], ids=str)
def test_means(sizes: list[int]) -> None:
    """Whole read, one token, overlapping and touching spans, and an empty one, whatever the chunks."""
    means = SpanMeans([(0, 10), (3, 4), (2, 6), (6, 10), (5, 5)], 10, 2, CPU)
    start = 0
    for chunk in HIDDEN.split(sizes):
        means.add(chunk, start)
        start += len(chunk)
    assert means.means() == [[9.0, 10.0], [6.0, 7.0], [7.0, 8.0], [15.0, 16.0], [0.0, 0.0]]


def test_no_spans() -> None:
    """Most reads ask for none."""
    means = SpanMeans([], 10, 2, CPU)
    means.add(HIDDEN, 0)
    assert means.means() == []


@pytest.mark.parametrize("span", [(-1, 3), (4, 3), (0, 11)])
def test_span_outside_the_read(span: tuple[int, int]) -> None:
    """Its mean would be silently wrong."""
    with pytest.raises(InternalError, match="does not lie in a read of 10 tokens"):
        SpanMeans([span], 10, 2, CPU)
