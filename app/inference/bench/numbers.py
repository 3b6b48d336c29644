"""The tokenizer of a model that knows no language: token ids written as numbers."""

from __future__ import annotations

from app.inference.tokenizers.base import VocabularyTokenizer


class NumberTokenizer(VocabularyTokenizer):
    """Text such as "12 7 99" for models of random weights; no control tokens, no end."""

    def __init__(self, vocab_size: int) -> None:
        super().__init__(
            content=f"numbers below {vocab_size}".encode(),
            vocab_size=vocab_size,
            control_tokens={},
            bos_id=None,
            eos_id=None,
        )

    def _split(self, text: str) -> list[int]:
        return [int(word) for word in text.split() if word.isdecimal() and int(word) < self.vocab_size]

    def _bytes_of(self, token_id: int) -> bytes:
        return b"%d " % token_id
