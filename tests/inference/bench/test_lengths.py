from __future__ import annotations

import pytest

from app.core.errors import UserError
from app.inference.bench.lengths import label, parse_batches, parse_lengths


def test_lengths_are_sorted_and_each_is_measured_once() -> None:
    """k and M are powers of two, in either case."""
    assert parse_lengths("8k, 2K,1M,8192,100") == (100, 2048, 8192, 1 << 20)


@pytest.mark.parametrize("text", ["", "2k,,8k", "0", "-1", "2.5k", "17M", "1g", "k", "²"])
def test_what_is_no_length(text: str) -> None:
    """The sentence quotes the part at fault and shows how it is done."""
    with pytest.raises(UserError, match="is not a length: give tokens such as 2k"):
        parse_lengths(text)


@pytest.mark.parametrize(("length", "text"), [(2048, "2k"), (1 << 20, "1M"), (1000, "1,000"), (1 << 16, "64k")])
def test_label(length: int, text: str) -> None:
    """The short way to write a length."""
    assert label(length) == text


def test_batches() -> None:
    """Numbers of sequences, sorted, each once."""
    assert parse_batches("64,8, 8") == (8, 64)


@pytest.mark.parametrize("text", ["0", "x", "8,", "4097", "²", "1e3"])
def test_what_is_no_batch(text: str) -> None:
    """The sentence shows how it is done."""
    with pytest.raises(UserError, match="is not a number of sequences"):
        parse_batches(text)
