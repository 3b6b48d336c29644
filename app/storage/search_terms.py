"""What a user typed, cut into the terms of a full-text search."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

SCRIPTS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese, written without spaces between words: the inside of a regular
expression's character class."""
_UNSPACED = re.compile(f"[{SCRIPTS}]")
_UNSPACED_OR_NOT = re.compile(f"[{SCRIPTS}]+|[^{SCRIPTS}]+")
MAX_TERMS = 200
"""SQLite nests no expression deeper than 1,000."""


def words(query: str) -> list[str]:
    """The different words of a query in their order, composed (NFC), in the case they were typed in."""
    return list(dict.fromkeys(re.findall(r"\w+", unicodedata.normalize("NFC", query))))


def is_unspaced(text: str) -> bool:
    """Whether some of it is in a script without spaces: FTS5 takes a whole clause of such text for one word."""
    return _UNSPACED.search(text) is not None


def character_pairs(found: Sequence[str]) -> list[str]:
    """Words in a script without spaces as pairs of neighbouring characters, others in lower case; MAX_TERMS at most."""
    terms: list[str] = []
    for word in found:
        # Words in other scripts stand in the same run of word characters: "Python是什么".
        for piece in _UNSPACED_OR_NOT.findall(word):
            unspaced = len(piece) > 1 and _UNSPACED.match(piece)
            terms += pairs(piece) if unspaced else [piece.lower()]
    return list(dict.fromkeys(terms))[:MAX_TERMS]


def pairs(run: str) -> list[str]:
    """The overlapping pairs of characters of a run; none of a single one."""
    return [run[i : i + 2] for i in range(len(run) - 1)]


def quoted(word: str) -> str:
    """A word as a plain string to FTS5: AND, NEAR, * and ^ in a query mean nothing.

    Its case is left to FTS5, which folds it as it folded the text's.
    """
    return f'"{word}"'
