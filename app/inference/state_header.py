"""The header of a saved state: what must agree before any of its bytes is used. No torch here."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from app.core.errors import CheckpointError
from app.inference.generator import DamagedStateError, SavedState, StatePage
from app.inference.token_history import BLOCK_TOKENS, TokenHistory

FORMAT_VERSION = 2
"""1 was a single container."""
_MAX_POSITION = 10**15
_MAX_HEADER = 1 << 20
_OTHER = {
    "fingerprint": "belongs to another model or weight format",
    "tokenizer_hash": "was made with another tokenizer",
    "dtype": "was made in another precision",
    "window_keys": "was made with another rule for the attention window",
}


@dataclass(frozen=True, slots=True)
class Guards:
    """What must agree between the model that saved a state and the one that loads it."""

    fingerprint: str
    tokenizer_hash: str
    dtype: str
    window_keys: int


@dataclass(frozen=True, slots=True)
class StateHeader:
    """All about a saved state but its bytes.

    history: None where the tokens are not known. window_start: the first token in the attention window; the first page
    may begin before it. made_with: where bit for bit agreement is not to be expected when it differs, by name.
    recurrent_digest: SHA-256 (hex). pages: start, end and digest of each.
    """

    position: int
    history: TokenHistory | None
    guards: Guards
    window_start: int
    made_with: Mapping[str, str]
    recurrent_digest: str
    pages: tuple[tuple[int, int, str], ...]

    @property
    def token_hash(self) -> str:
        """Of all tokens, '' where they are not known."""
        return "" if self.history is None else self.history.digest

    def text(self) -> str:
        """One line of JSON; equal headers are equal text."""
        history = None if self.history is None else {"chain": self.history.chain, "tail": list(self.history.tail)}
        rest = {
            **asdict(self.guards),
            "format_version": FORMAT_VERSION,
            "history": history,
            "made_with": dict(self.made_with),
            "pages": [list(page) for page in self.pages],
            "position": self.position,
            "recurrent": self.recurrent_digest,
            "token_hash": self.token_hash,
            "window_start": self.window_start,
        }
        return _line({**rest, "checksum": sha256(_line(rest).encode())})

    @classmethod
    def parse(cls, text: str) -> StateHeader:
        """The header in a line; CheckpointError where another version or nobody wrote it like this."""
        try:
            if len(text) > _MAX_HEADER:
                raise ValueError(f"a header of {len(text)} characters")
            raw = json.loads(text)
            version = raw["format_version"]
            if type(version) is int and version != FORMAT_VERSION:
                age = "a newer" if version > FORMAT_VERSION else "an older"
                raise CheckpointError(
                    f"the saved state was made by {age} Griffin Desk (format {version:.6g}, expected {FORMAT_VERSION})",
                    code="snapshot-newer" if version > FORMAT_VERSION else "snapshot-other",
                )
            header = cls(
                position=_count(raw["position"]),
                history=_history(raw["history"], _count(raw["position"])),
                guards=Guards(**{name: raw[name] for name in Guards.__slots__}),
                window_start=_count(raw["window_start"]),
                made_with={str(name): str(value) for name, value in raw["made_with"].items()},
                recurrent_digest=_hex(raw["recurrent"]),
                pages=tuple((_count(start), _count(end), _hex(digest)) for start, end, digest in raw["pages"]),
            )
            # Whatever was left out, added or written otherwise shows here, the checksum included.
            if header.text() != text:
                raise ValueError("its checksum differs")
        # OverflowError: numbers that no type holds; RecursionError: lists in lists.
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise damaged(f"{error!r:.80}" if not isinstance(error, ValueError) else f"{error!s:.80}") from error
        return header


def verified(saved: SavedState, guards: Guards, page_tokens: int, nbytes: Callable[[int], int] | None) -> StateHeader:
    """The header of a saved state of which every byte has been found right.

    Args:
        guards: of the model that is to go on.
        page_tokens: pages lie at its multiples.
        nbytes: of a page of so many tokens; None for pages of any size.
    Raises:
        CheckpointError: see TextGenerator.load_state.
    """
    header = StateHeader.parse(saved.header)
    check_guards(header.guards, guards)
    if (saved.position, saved.token_hash) != (header.position, header.token_hash):
        raise damaged("its position or token hash differs from its header's")
    if [(page.start, page.end, page.digest) for page in saved.pages] != list(header.pages):
        raise damaged("its pages differ from its header's")
    if header.window_start != max(0, header.position - guards.window_keys):
        raise damaged(f"its window begins at {header.window_start}")
    _check_tiling(header, page_tokens)
    if sha256(saved.recurrent) != header.recurrent_digest:
        raise damaged("its recurrent part differs from its digest")
    if bad := tuple(page.digest for page in saved.pages if not _fits(page, nbytes)):
        raise DamagedStateError(
            f"the saved state is damaged ({len(bad)} of {len(saved.pages)} pages of its attention window are missing "
            "or differ from their digests)",
            digests=bad,
        )
    return header


def check_guards(found: Guards, expected: Guards) -> None:
    """CheckpointError "snapshot-other" at the first difference."""
    for name, words in _OTHER.items():
        if (value := getattr(found, name)) != (own := getattr(expected, name)):
            raise CheckpointError(
                f"the saved state {words} ({name} is {value!r:.20}, expected {own!r:.20})",
                code="snapshot-other",
            )


def damaged(reason: str) -> CheckpointError:
    """The error for bytes that are not what was saved."""
    return CheckpointError(f"the saved state is damaged ({reason})", code="snapshot-damaged")


def sha256(data: bytes | memoryview) -> str:
    """SHA-256 as hex."""
    return hashlib.sha256(data).hexdigest()


def _fits(page: StatePage, nbytes: Callable[[int], int] | None) -> bool:
    if page.data is None or (nbytes is not None and len(page.data) != nbytes(page.end - page.start)):
        return False
    return sha256(page.data) == page.digest


def _check_tiling(header: StateHeader, page_tokens: int) -> None:
    """The pages follow on one another from the window's start to the position; only the first may reach before it."""
    expected = header.window_start
    for number, (start, end, _) in enumerate(header.pages):
        page = start // page_tokens
        begins = start == expected or (number == 0 and start == expected // page_tokens * page_tokens)
        if not begins or end != min((page + 1) * page_tokens, header.position) or end <= start:
            raise damaged(f"a page of tokens {start} to {end}")
        expected = end
    if expected != header.position:
        raise damaged(f"its pages end at token {expected}, expected {header.position}")


def _line(value: Mapping[str, object]) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MAX_POSITION:
        raise ValueError(f"{value!r:.40} where a number of tokens was expected")
    return value


def _hex(value: object) -> str:
    if not isinstance(value, str) or len(value) != 64:
        raise ValueError(f"{value!r:.40} where a digest was expected")
    return value


def _history(raw: Mapping[str, object] | None, position: int) -> TokenHistory | None:
    if raw is None:
        return None
    chain, tail = raw["chain"], raw["tail"]
    if not isinstance(chain, str) or not isinstance(tail, list) or len(tail) != position % BLOCK_TOKENS:
        raise ValueError("a history of another length")
    if not all(type(token) is int and 0 <= token < 1 << 31 for token in tail):
        raise ValueError("a history of what are no tokens")
    if (len(bytes.fromhex(chain)), position >= BLOCK_TOKENS) not in ((0, False), (32, True)):
        raise ValueError("a history of another length")
    return TokenHistory(position, chain, tuple(tail))
