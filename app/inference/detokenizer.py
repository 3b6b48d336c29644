"""Text out of a stream of tokens, whole characters only: a character's bytes may be spread over several tokens."""

from __future__ import annotations

import codecs

from app.inference.tokenizers.base import Tokenizer


class StreamingDetokenizer:
    """Turns token ids into text as they come; the pieces joined are what `Tokenizer.decode` gives for all of them."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        """The characters that this token completes, often none; control tokens give none."""
        return self._decoder.decode(self._tokenizer.token_bytes(token_id))

    def finish(self) -> str:
        """U+FFFD where the last character was never completed, else nothing; then ready for another stream."""
        tail = self._decoder.decode(b"", final=True)
        self._decoder.reset()
        return tail
