"""Text to token ids and back, with one promise: plain text never becomes a control token.

Two sorts of tokens count as control tokens: those that the model file itself marks (special, control, unknown,
unused), and those that its authors put in by hand as markers, such as Gemma's `<start_of_turn>`, which both
tokenizer libraries would otherwise match in any text.
"""

from __future__ import annotations

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.core.errors import CheckpointError
from app.inference.json_file import read_bytes
from app.inference.tokenizers.added_tokens import added_tokens
from app.inference.tokenizers.settings import TokenizerSettings, read_tokenizer_settings

if TYPE_CHECKING:
    from app.inference.tokenizers.sentencepiece import SentencePieceTokenizer

MAX_BYTES = 256 << 20
"""Of a tokenizer's file, seven times the largest of Gemma's."""
SPACE_MARK = "\N{LOWER ONE EIGHTH BLOCK}"
"""How SentencePiece vocabularies write a space."""

_MARKER = re.compile(r"<[^<>\s]+>|\[[^\[\]\s]+\]")
# Gemma keeps a token for each of these; in a document or an answer they are text like any other.
_HTML_TAG = re.compile(
    r"</?(?:h[1-6]|table|caption|thead|tbody|tfoot|tr|th|td|blockquote|strong|em|b|i|u|s|sub|sup|code|pre|p|br|a|"
    r"ul|ol|li|div|span|img)>"
)
_BYTE_PIECE = re.compile(r"<0x([0-9A-F]{2})>")


class Tokenizer(Protocol):
    """Token ids of text and the text of token ids, for one model."""

    @property
    def vocab_size(self) -> int:
        """Number of ids: the largest one plus one."""
        ...

    @property
    def content_hash(self) -> str:
        """SHA-256 (hex) of the tokenizer file."""
        ...

    @property
    def bos_id(self) -> int | None:
        """The token that begins a sequence, where there is one."""
        ...

    @property
    def eos_id(self) -> int | None:
        """The token that ends a sequence, where there is one."""
        ...

    @property
    def eos_ids(self) -> frozenset[int]:
        """Every token that the model's files name as an end."""
        ...

    @property
    def document_prefix(self) -> tuple[int, ...]:
        """What stands before raw text: (BOS,) where the model was trained with one, else nothing."""
        ...

    @property
    def control_tokens(self) -> Mapping[str, int]:
        """Id by name of every control token."""
        ...

    @property
    def control_ids(self) -> frozenset[int]:
        """The ids that plain text never becomes and that stand for no text."""
        ...

    def control_id(self, name: str) -> int | None:
        """Id of a control token, None where the vocabulary has none of that name."""
        ...

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text: no BOS, and never a control token, whatever the text says.

        `decode` gives the text back, save for characters that the vocabulary cannot spell.
        """
        ...

    def token_bytes(self, token_id: int) -> bytes:
        """The UTF-8 bytes that a token stands for, which may end within a character; b"" for control tokens."""
        ...

    def decode(self, token_ids: Iterable[int]) -> str:
        """The text of token ids; bytes that are no UTF-8 become U+FFFD."""
        ...


def is_marker(name: str) -> bool:
    """Whether a token put into a vocabulary by hand is a marker (`<start_of_turn>`, `[@BOS@]`) rather than text."""
    return _MARKER.fullmatch(name) is not None and _HTML_TAG.fullmatch(name) is None


def piece_bytes(piece: str) -> bytes:
    """The bytes of a SentencePiece piece: `▁` is a space and `<0x0A>` is that byte."""
    if byte := _BYTE_PIECE.fullmatch(piece):
        return bytes([int(byte[1], 16)])
    return piece.replace(SPACE_MARK, " ").encode()


class VocabularyTokenizer(ABC):
    """What the tokenizer formats share; a format says how it splits text and what a token's bytes are."""

    def __init__(
        self,
        *,
        content: bytes,
        vocab_size: int,
        control_tokens: Mapping[str, int],
        bos_id: int | None,
        eos_id: int | None,
    ) -> None:
        self.content_hash = hashlib.sha256(content).hexdigest()
        self.vocab_size = vocab_size
        self.control_tokens = control_tokens
        self.control_ids = frozenset(control_tokens.values())
        self.bos_id = bos_id
        self.eos_id = eos_id
        self.eos_ids: frozenset[int] = frozenset() if eos_id is None else frozenset({eos_id})
        self.document_prefix: tuple[int, ...] = ()

    def apply(self, settings: TokenizerSettings) -> None:
        """Take over what the model's other files say about the beginning and the end of a sequence."""
        bos = self.control_tokens.get(settings.bos_token or "", settings.bos_id)
        self.bos_id = self.bos_id if bos is None else bos
        eos = self.control_tokens.get(settings.eos_token or "")
        named = ([] if eos is None else [eos]) + list(settings.eos_ids)
        if named:
            self.eos_id = named[0]
            self.eos_ids = frozenset(named)
        begins_with_bos = bool(self.document_prefix) if settings.add_bos is None else settings.add_bos
        self.document_prefix = (self.bos_id,) if begins_with_bos and self.bos_id is not None else ()

    def control_id(self, name: str) -> int | None:
        """See Tokenizer."""
        return self.control_tokens.get(name)

    def encode(self, text: str) -> list[int]:
        """See Tokenizer."""
        # A lone surrogate (from a damaged file name, say) has no UTF-8 form and would stop either library.
        text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        ids: list[int] = []
        for part in self._parts(text):
            ids += self._encode_part(part)
        return ids

    def token_bytes(self, token_id: int) -> bytes:
        """See Tokenizer."""
        if token_id in self.control_ids or not 0 <= token_id < self.vocab_size:
            return b""  # an embedding may have more rows than the vocabulary has tokens
        return self._bytes_of(token_id)

    def decode(self, token_ids: Iterable[int]) -> str:
        """See Tokenizer."""
        return b"".join(map(self.token_bytes, token_ids)).decode("utf-8", "replace")

    def _parts(self, text: str) -> Iterable[str]:
        """Cut the text where a format has to keep pieces apart."""
        return (text,)

    def _encode_part(self, text: str) -> list[int]:
        ids = self._split(text)
        if self.control_ids.isdisjoint(ids):
            return ids
        # Rare: a character outside the vocabulary, or a normaliser that makes a marker out of look-alikes.
        if len(text) == 1:
            return [i for i in ids if i not in self.control_ids]
        middle = len(text) // 2
        return self._encode_part(text[:middle]) + self._encode_part(text[middle:])

    @abstractmethod
    def _split(self, text: str) -> list[int]:
        """Token ids of a part as the library gives them."""

    @abstractmethod
    def _bytes_of(self, token_id: int) -> bytes:
        """The bytes of a token that is no control token."""


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of a model's folder: `tokenizer.json` or `tokenizer.model`.

    Where there are both, `tokenizer.model`, with which such a model was trained, unless `tokenizer.json` has tokens
    that it lacks. They differ in runs of more than 31 spaces, and in what they take: SentencePiece loads Gemma's in
    half the time and a third of the memory. Raises CheckpointError when there is none or it is damaged.
    """
    tokenizer = _both(folder) or _json(folder) or _model(folder)
    if tokenizer is None:
        raise CheckpointError(
            f"{folder} has no tokenizer: expected tokenizer.json or tokenizer.model beside the weights",
            code="no-tokenizer",
        )
    tokenizer.apply(read_tokenizer_settings(folder))
    return tokenizer


def _both(folder: Path) -> VocabularyTokenizer | None:
    """The tokenizer of `tokenizer.model`, where all that was added to the `tokenizer.json` beside it is in it too."""
    if not ((folder / "tokenizer.json").is_file() and (folder / "tokenizer.model").is_file()):
        return None
    added = added_tokens(_read(folder / "tokenizer.json"))
    if not added:
        return None
    try:
        tokenizer = _model(folder)
    except CheckpointError:
        return None  # tokenizer.json may be sound all the same
    return tokenizer if tokenizer is not None and all(map(tokenizer.has, added)) else None


# Each format's library takes long to import: load the one that is needed.
def _json(folder: Path) -> VocabularyTokenizer | None:
    if not (path := folder / "tokenizer.json").is_file():
        return None
    from app.inference.tokenizers.bpe import BpeTokenizer

    return BpeTokenizer(_read(path), path.name)


def _model(folder: Path) -> SentencePieceTokenizer | None:
    if not (path := folder / "tokenizer.model").is_file():
        return None
    from app.inference.tokenizers.sentencepiece import SentencePieceTokenizer

    return SentencePieceTokenizer(_read(path), path.name)


def require_fit(tokenizer: Tokenizer, embedding_rows: int) -> None:
    """Raise CheckpointError when the tokenizer has ids that the model's embedding lacks."""
    if tokenizer.vocab_size > embedding_rows:
        raise CheckpointError(
            f"the tokenizer has {tokenizer.vocab_size} tokens but the model's embedding has {embedding_rows} rows: "
            "the tokenizer belongs to another model",
            code="tokenizer-mismatch",
        )
    if bad := [token_id for token_id in tokenizer.document_prefix if not 0 <= token_id < embedding_rows]:
        raise CheckpointError(
            f"the model's files begin a text with token {bad[0]}, but its embedding has {embedding_rows} rows: "
            "bos_token_id in config.json is wrong",
            code="tokenizer-mismatch",
        )


def damaged_tokenizer(name: str, reason: object) -> CheckpointError:
    """The error for a tokenizer file that its library refuses."""
    found = " ".join(str(reason).split())[:200] or type(reason).__name__
    return CheckpointError(
        f"{name} is no tokenizer that can be read ({found}); fetch the model's files again", code="damaged-tokenizer"
    )


def _read(path: Path) -> bytes:
    try:
        return read_bytes(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        raise damaged_tokenizer(path.name, error) from error
