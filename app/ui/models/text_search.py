"""Looking for a text in a document's normalised pages, a little at a time.

That text is clean, so a character is compared with a character. The raw text of a PDF, with its broken words and
missing spaces, is searched by documents/text_search.py.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.model import Page

_AT_ONCE = 50_000
"""Characters looked through in one step."""
_ALIKE = {**dict.fromkeys("‘’‚‛′", "'"), **dict.fromkeys("“”„‟″", '"'), **dict.fromkeys("‐‑‒–—−", "-")}


@dataclass(frozen=True, slots=True)
class TextHit:
    """A place where the text stands: page offsets, half open."""

    page: int
    start: int
    end: int


class TextSearch:
    """Case, accents, the kind of quotes and dashes, and line breaks do not matter. Hits do not overlap."""

    def __init__(self, pages: Sequence[Page], text: str) -> None:
        self._pages = pages
        self._text = " ".join(text.translate(_FOLDED).split())
        self._index = 0
        self._at = 0

    @property
    def done(self) -> bool:
        """Whether the last page has been looked through."""
        return self._index >= len(self._pages) or not self._text

    def step(self) -> list[TextHit]:
        """Look through one page, or through a part of a long one."""
        if self.done:
            return []
        page, first = self._pages[self._index], self._at
        last = min(len(page.text), first + _AT_ONCE)
        folded = page.text[first : last + len(self._text) - 1].translate(_FOLDED)
        hits = []
        found = folded.find(self._text)
        while found >= 0:
            hits.append(TextHit(page.number, first + found, first + found + len(self._text)))
            found = folded.find(self._text, found + len(self._text))
        self._at = max(last, hits[-1].end) if hits else last
        if self._at >= len(page.text):
            self._index, self._at = self._index + 1, 0
        return hits


class _Fold(dict[int, str]):
    """For str.translate: one character for one, so that offsets stay."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        base = [part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)]
        folded = _ALIKE.get(character) or (base[0] if len(base) == 1 else character)
        folded = " " if character.isspace() else folded.lower() if len(folded.lower()) == 1 else folded
        self[code] = folded
        return folded


_FOLDED = _Fold()
