"""Finding what a user types in the raw text of a PDF's page: whatever the case, the accents and the line ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.documents.normalize import clean, is_wide
from app.documents.text_keys import KeyTable, is_sign

_SIGNS = KeyTable(is_sign)
_HYPHENS = frozenset("-\u2010\u2011\u00ad\x02\ufffe")
"""A hyphen at a line's end, as it is and as PDFium writes it."""
_LETTERS_PER_SLIP = 8
"""Of a word so long, or a multiple of it, a space may be missing or be one too many: many PDFs have no spaces."""
_MOST_TRIES = 10_000
"""Places of one page that are looked at closely."""
_CONTEXT_CHARS = 60


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What stands before and after a stretch of raw text, and the stretch itself, made plain."""

    before: str
    match: str
    after: str


class TextQuery:
    """What is looked for, prepared once for many pages."""

    def __init__(self, text: str) -> None:
        keyed = _SIGNS.keyed(text)
        self._keys = keyed.keys
        # Whether there is a space, or a hyphen, before the second key, the third ...
        self._parted = [here > before + 1 for before, here in pairwise(keyed.origins)]
        self._slips = len(self._keys) // _LETTERS_PER_SLIP

    def may_be_in(self, text: str) -> bool:
        """Whether a closer look is worth its time."""
        return bool(self._keys) and self._keys in _SIGNS.keys(text)

    def places(self, text: str, most: int) -> list[tuple[int, int]]:
        """At most so many stretches of `text`, half open and in its order; none overlaps another."""
        if not self._keys or most < 1:
            return []
        found = _SIGNS.keyed(text)
        places: list[tuple[int, int]] = []
        at = found.keys.find(self._keys)
        for _ in range(_MOST_TRIES):
            if at < 0 or len(places) >= most:
                break
            origins = found.origins[at : at + len(self._keys)]
            if self._agrees(text, origins):
                places.append((origins[0], origins[-1] + 1))
                at += len(self._keys) - 1
            at = found.keys.find(self._keys, at + 1)
        return places

    def _agrees(self, text: str, origins: Sequence[int]) -> bool:
        """Whether the words end where the query's do: "cat" is not in "basic attention"."""
        gaps = [text[before + 1 : here] for before, here in pairwise(origins)]
        spaced = [any(char.isspace() for char in gap) for gap in gaps]
        if len(spaced) > 2 and all(spaced):
            return True  # l e t t e r s  s e t  a p a r t
        slips = 0
        for index, (gap, parted) in enumerate(zip(gaps, self._parted, strict=True)):
            if parted:
                # In the text the parts may be one word, or be parted by as little as a hyphen.
                slips += not gap and not is_wide(text[origins[index]])
            elif spaced[index]:
                slips += not (_HYPHENS.intersection(gap) or _unspaced(text[origins[index]]))
            if slips > self._slips:
                return False
        return True


def _unspaced(char: str) -> bool:
    """Whether a script breaks its lines anywhere, so that a break says nothing."""
    return is_wide(char) or "\uac00" <= char <= "\ud7af" or "\u0e00" <= char <= "\u0eff"


def surroundings(text: str, start: int, end: int) -> Surroundings:
    """A stretch of raw text with about a line around it, cut at words."""
    low, high = max(0, start - _CONTEXT_CHARS), min(len(text), end + _CONTEXT_CHARS)
    before, after = text[low:start], text[end:high]
    if low > 0:
        before = before[_first_break(before) :]
    if high < len(text):
        after = after[: len(after) - _first_break(after[::-1])]
    return Surroundings(_plain(before), _plain(text[start:end]).strip(" "), _plain(after))


def _first_break(text: str) -> int:
    return next((index for index, char in enumerate(text) if char.isspace()), 0)


def _plain(text: str) -> str:
    """On one line, with the spaces at the ends that `clean` takes away."""
    middle = " ".join(clean(text).split())
    if not middle:
        return " " if text.isspace() else ""
    return " " * text[0].isspace() + middle + " " * text[-1].isspace()
