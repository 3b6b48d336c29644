"""A text reduced to what tells its words apart, with the way back: what a quote and its page have in common.

Letters lose their case, accents and ligatures. Spaces, dashes, quotation marks, invisible characters and the hyphens of
line ends have no key at all, for no two programs that take text out of a PDF agree on them.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Callable
from dataclasses import dataclass

_ALIKE = str.maketrans(
    {"ı": "i", "ȷ": "j", "ø": "o", "ł": "l", "đ": "d", "ħ": "h", "ŧ": "t", "æ": "ae", "œ": "oe", "ð": "d", "þ": "th"}
)
"""Letters that look like another one, or two, but have no decomposition; TeX puts its accents on a dotless i."""
_QUOTES = frozenset("\"'`‘’‚‛“”„‟‹›«»′″‵‶〝〞〟＂＇")
_DASHES = frozenset("−﹣－ー〜")  # dashes in use, though their category is another
_MODIFIERS = (0x02B9, 0x02DF)
"""Accents that stand as characters of their own; Unicode counts some of them as letters."""


@dataclass(frozen=True, slots=True)
class Keyed:
    """The keys of a text, and for each the index of the character that it came from."""

    keys: str
    origins: array[int]


class KeyTable(dict[int, str]):
    """Character code -> its keys, for `str.translate`; worked out once for each character that occurs."""

    def __init__(self, keeps: Callable[[str], bool]) -> None:
        super().__init__()
        self._keeps = keeps

    def __missing__(self, code: int) -> str:
        folded = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", chr(code)).casefold()).translate(_ALIKE)
        self[code] = keys = "".join(filter(self._keeps, folded))
        return keys

    def keys(self, text: str) -> str:  # type: ignore[override]
        """The keys alone: quick, for texts that most often hold nothing of what is looked for."""
        return text.translate(self)

    def keyed(self, text: str) -> Keyed:
        """The keys with their origins."""
        origins = array("I")
        for index, char in enumerate(text):
            part = self[ord(char)]
            if len(part) == 1:
                origins.append(index)
            elif part:
                origins.extend([index] * len(part))
        return Keyed(text.translate(self), origins)


def is_letter(char: str) -> bool:
    """Whether a character is a letter or a digit and no accent."""
    return char.isalnum() and not _MODIFIERS[0] <= ord(char) <= _MODIFIERS[1]


def is_sign(char: str) -> bool:
    """Whether a character is one that a search must meet: any but spaces, dashes, quotation marks and accents."""
    if is_letter(char):
        return True
    category = unicodedata.category(char)
    return not (category[0] in "ZCM" or category in ("Pd", "Sk", "Lm") or char in _QUOTES or char in _DASHES)
