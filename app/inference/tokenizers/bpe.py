"""`tokenizer.json` files, through the `tokenizers` library."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import cache

from tokenizers import AddedToken
from tokenizers import Tokenizer as HuggingFaceTokenizer

from app.core.errors import CheckpointError
from app.inference.tokenizers.base import SPACE_MARK, VocabularyTokenizer, damaged_tokenizer, is_marker, piece_bytes
from app.inference.tokenizers.pipeline import require_modest, require_no_charsmap

_SAMPLE = "The state of the model has a fixed size.\n"


class BpeTokenizer(VocabularyTokenizer):
    """A `tokenizer.json`: byte-level (GPT-2, SmolLM2) or with SentencePiece's pieces (Gemma)."""

    def __init__(self, content: bytes, name: str) -> None:
        """Raises CheckpointError, naming the file `name`, when the content is damaged."""
        require_no_charsmap(content, name)
        try:
            library = HuggingFaceTokenizer.from_buffer(content)
            require_modest(library, name)
        except CheckpointError:
            raise
        except BaseException as error:  # the library raises bare Exception, and what is none where it panics
            raise _unless_ended(error, name) from error
        self._name = name
        library.no_truncation()  # a file may ask for its text to be cut at a model's context length
        library.no_padding()
        added = library.get_added_tokens_decoder()
        control = {t.content: i for i, t in sorted(added.items()) if t.special or is_marker(t.content)}
        super().__init__(
            content=content,
            vocab_size=max([library.get_vocab_size(with_added_tokens=True) - 1, *added]) + 1,
            control_tokens=control,
            bos_id=None,
            eos_id=None,
        )
        self._library = library
        self._is_byte_level = "ByteLevel" in _decoder_types(library)
        self._added_text = {i: t.content.encode() for i, t in added.items()}
        # The library matches every added token in every text; only those marked special can be switched off.
        library.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in control])
        library.encode_special_tokens = True
        self._unspellable = _unspellable(library) if self._is_byte_level else None
        self._space_mark_ids = None if self._is_byte_level else _byte_piece_ids(library, SPACE_MARK.encode())
        self.document_prefix = tuple(self._library_ids("", around=True)[:1])
        if not self.encode(_SAMPLE):
            raise damaged_tokenizer(name, "it makes nothing of a text")

    def _parts(self, text: str) -> Iterable[str]:
        if self._unspellable is not None:
            return (self._unspellable.sub("\N{REPLACEMENT CHARACTER}", text),)
        if self._space_mark_ids is not None and SPACE_MARK in text:
            return re.split(f"({SPACE_MARK})", text)
        return (text,)

    def _split(self, text: str) -> list[int]:
        if self._space_mark_ids is not None and text == SPACE_MARK:
            return list(self._space_mark_ids)  # as a piece it would read back as a space
        return self._library_ids(text, around=False)

    def _library_ids(self, text: str, *, around: bool) -> list[int]:
        """around: with what the file puts around a text."""
        try:
            return self._library.encode(text, add_special_tokens=around).ids
        # A pattern that has to look too often ends in a panic, and so does a token that the file does not describe.
        except BaseException as error:
            raise _unless_ended(error, self._name) from error

    def _bytes_of(self, token_id: int) -> bytes:
        piece = self._library.id_to_token(token_id)
        if piece is None:
            return b""
        if not self._is_byte_level:
            return piece_bytes(piece)
        if token_id in self._added_text:
            return self._added_text[token_id]
        alphabet = _byte_alphabet()
        return b"".join(bytes([alphabet[c]]) if c in alphabet else c.encode() for c in piece)


def _unless_ended(error: BaseException, name: str) -> BaseException:
    """What to raise for an error of the library's: itself where the program is to end, or memory lacks."""
    return error if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError) else damaged_tokenizer(name, error)


def _decoder_types(library: HuggingFaceTokenizer) -> set[str]:
    """The types of the decoders, which tell in what alphabet the vocabulary is written."""
    if library.decoder is None:
        return set()
    state = json.loads(library.decoder.__getstate__())
    return {state["type"], *(d["type"] for d in state.get("decoders", []))}


@cache
def _byte_alphabet() -> dict[str, int]:
    """The printable character that stands for each byte in a byte-level vocabulary (GPT-2's `bytes_to_unicode`)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in printable]
    return {chr(b): b for b in printable} | {chr(256 + n): b for n, b in enumerate(others)}


def _unspellable(library: HuggingFaceTokenizer) -> re.Pattern[str] | None:
    """The characters whose first byte the vocabulary lacks: the library would drop that byte without a word.

    SmolLM2 lacks a few control characters (0x04, 0x06, ...) and the first bytes of unassigned planes.
    """
    ranges: list[str] = []
    for character, byte in _byte_alphabet().items():
        if library.token_to_id(character) is not None:
            continue
        if byte < 0x80:
            ranges.append(re.escape(chr(byte)))
        # First bytes of the longer UTF-8 forms: where they run, the smallest character of the form, bits that follow.
        for low, high, smallest, bits in ((0xC2, 0xDF, 0x80, 6), (0xE0, 0xEF, 0x800, 12), (0xF0, 0xF4, 0x10000, 18)):
            if low <= byte <= high:
                first = (byte & (0x7F >> bits // 6 + 1)) << bits
                last = min(first + (1 << bits) - 1, 0x10FFFF)
                ranges.append(f"{re.escape(chr(max(first, smallest)))}-{re.escape(chr(last))}")
    return re.compile(f"[{''.join(ranges)}]") if ranges else None


def _byte_piece_ids(library: HuggingFaceTokenizer, data: bytes) -> tuple[int, ...] | None:
    """The ids of the byte pieces that spell `data`, None where the vocabulary has no such pieces."""
    ids = [library.token_to_id(f"<0x{b:02X}>") for b in data]
    return None if None in ids else tuple(i for i in ids if i is not None)
