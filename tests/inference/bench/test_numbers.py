from __future__ import annotations

from app.inference.bench.numbers import NumberTokenizer


def test_numbers_are_tokens() -> None:
    """Ids in, ids out; words and ids beyond the vocabulary are no tokens."""
    tokenizer = NumberTokenizer(100)
    assert tokenizer.encode("7 99 100 x 0") == [7, 99, 0]
    assert tokenizer.decode([7, 99, 0]) == "7 99 0 "
    assert tokenizer.document_prefix == ()
