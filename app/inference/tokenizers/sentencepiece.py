"""`tokenizer.model` files, through the `sentencepiece` library."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import IntEnum

import sentencepiece

from app.inference.tokenizers.added_tokens import AddedToken
from app.inference.tokenizers.base import SPACE_MARK, VocabularyTokenizer, damaged_tokenizer, is_marker, piece_bytes

# NormalizerSpec (field 3) with add_dummy_prefix (3) and remove_extra_whitespaces (4) false. A message appended to a
# serialised one is merged into it, so this makes any model keep its text as it is; Gemma's says the same already.
_KEEP_WHITESPACE = b"\x1a\x04\x18\x00\x20\x00"


class PieceType(IntEnum):
    """ModelProto.SentencePiece.Type of sentencepiece_model.proto."""

    NORMAL = 1
    UNKNOWN = 2
    CONTROL = 3
    USER_DEFINED = 4
    UNUSED = 5
    BYTE = 6


class SentencePieceTokenizer(VocabularyTokenizer):
    """A SentencePiece model, such as Gemma's."""

    def __init__(self, content: bytes, name: str) -> None:
        """Raises CheckpointError, naming the file `name`, when the content is damaged."""
        try:
            library = sentencepiece.SentencePieceProcessor(model_proto=content + _KEEP_WHITESPACE)
            types = list(_piece_types(content))
            pieces = library.id_to_piece(list(range(library.get_piece_size())))
        except (RuntimeError, ValueError, OSError, IndexError) as error:
            raise damaged_tokenizer(name, error) from error
        if not pieces or len(types) != len(pieces):
            raise damaged_tokenizer(name, f"{len(pieces)} pieces of {len(types)} types")
        unlike = [i for i, t in enumerate(types) if t is not PieceType.NORMAL]
        by_hand = {i for i in unlike if types[i] is PieceType.USER_DEFINED and is_marker(pieces[i])}
        hidden = {PieceType.UNKNOWN, PieceType.CONTROL, PieceType.UNUSED}
        super().__init__(
            content=content,
            vocab_size=len(pieces),
            control_tokens={pieces[i]: i for i in unlike if types[i] in hidden or i in by_hand},
            bos_id=_present(library.bos_id()),
            eos_id=_present(library.eos_id()),
        )
        self._library = library
        self._pieces = pieces
        self._marker_start = _starts(pieces[i] for i in sorted(by_hand))
        byte_ids = [library.piece_to_id(f"<0x{b:02X}>") for b in SPACE_MARK.encode()]
        self._space_mark_ids = byte_ids if all(types[i] == PieceType.BYTE for i in byte_ids) else None
        if self.bos_id is not None:
            self.document_prefix = (self.bos_id,)  # the library's users add it by hand; settings may say otherwise

    def has(self, token: AddedToken) -> bool:
        """Whether a token of a `tokenizer.json` is in this vocabulary too, under its id and as what it is there."""
        if not 0 <= token.id < self.vocab_size or self._pieces[token.id] != token.content.replace(" ", SPACE_MARK):
            return False
        return token.id in self.control_ids or not token.special

    def _parts(self, text: str) -> Iterable[str]:
        # The library matches user-defined pieces in any text and cannot be told not to: cut within each of them.
        cuts = [m.end() for m in self._marker_start.finditer(text)] if self._marker_start else []
        if self._space_mark_ids is not None and SPACE_MARK in text:
            cuts += [at for m in re.finditer(SPACE_MARK, text) for at in m.span()]
            cuts.sort()
        return (text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)) if cuts else (text,)

    def _split(self, text: str) -> list[int]:
        if text == SPACE_MARK and self._space_mark_ids is not None:
            return list(self._space_mark_ids)  # as a piece it would read back as a space
        return list(self._library.encode(text, out_type=int))

    def _bytes_of(self, token_id: int) -> bytes:
        return piece_bytes(self._pieces[token_id])


def _present(token_id: int) -> int | None:
    return token_id if token_id >= 0 else None


def _starts(names: Iterable[str]) -> re.Pattern[str] | None:
    """Matches the first character of each place where one of the names stands, overlapping ones too."""
    rest: dict[str, list[str]] = {}
    for name in names:
        rest.setdefault(name[0], []).append(re.escape(name[1:]))
    pattern = "|".join(f"{re.escape(first)}(?={'|'.join(others)})" for first, others in rest.items())
    return re.compile(pattern) if pattern else None


def _piece_types(model: bytes) -> Iterator[PieceType]:
    """The type of each piece, read from the serialised ModelProto: the library does not tell user-defined ones.

    Raises ValueError or IndexError when the content is no such message.
    """
    at = 0
    while at < len(model):
        plain_end = _plain_piece_end(model, at)
        if plain_end is not None:
            yield PieceType.NORMAL
            at = plain_end
            continue
        number, value, at = _field(model, at)
        if number == 1 and isinstance(value, bytes):
            kinds = [v for f, v in _fields(value) if f == 3 and isinstance(v, int)]
            yield PieceType(kinds[-1]) if kinds else PieceType.NORMAL


def _plain_piece_end(model: bytes, at: int) -> int | None:
    """Where a piece ends that is written as nearly all are, a short text and a score; None for any other field.

    Gemma has a quarter of a million of them: read field by field they take two seconds.
    """
    if model[at] != 0x0A or model[at + 1] > 0x7F or model[at + 2] != 0x0A or model[at + 3] > 0x7F:
        return None
    score = at + 4 + model[at + 3]
    end = at + 2 + model[at + 1]
    return end if score + 5 == end <= len(model) and model[score] == 0x15 else None


def _fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Number and value of each field of a protocol buffer message (protobuf.dev, "Encoding")."""
    at = 0
    while at < len(message):
        number, value, at = _field(message, at)
        yield number, value


def _field(message: bytes, at: int) -> tuple[int, int | bytes, int]:
    """Number and value of the field that begins there, and where the next one does."""
    key, at = _varint(message, at)
    number, wire_type = key >> 3, key & 7
    if wire_type == 0:
        value, at = _varint(message, at)
        return number, value, at
    if wire_type == 2:
        size, at = _varint(message, at)
    elif wire_type in (1, 5):
        size = 8 if wire_type == 1 else 4
    else:
        raise ValueError(f"wire type {wire_type} in field {number}")
    if at + size > len(message):
        raise ValueError(f"field {number} is cut short")
    return number, message[at : at + size], at + size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """A base-128 number and the place after it."""
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
