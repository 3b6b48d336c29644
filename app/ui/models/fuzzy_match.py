"""Which texts a few typed letters mean: all letters in order, better where they begin words or follow each other."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

from app.core.text import folded

WORD_START = 8.0
IN_A_ROW = 7.5
GAP = 0.1
"""Taken off for each letter skipped, and for each letter of the text."""

MAX_TEXT = 160
"""Letters of a text that are looked at: titles of documents may be of any length."""
MAX_QUERY = 40


@dataclass(frozen=True, slots=True)
class Target:
    """A text without capitals and accents, and where its words begin."""

    text: str
    starts: tuple[int, ...]
    initials: str


def target(text: str) -> Target:
    """Make a text ready to be matched many times."""
    plain = folded(text[:MAX_TEXT])
    starts = tuple(
        at for at, letter in enumerate(plain) if letter.isalnum() and (at == 0 or not plain[at - 1].isalnum())
    )
    return Target(plain, starts, "".join(plain[at] for at in starts))


class Query:
    """Letters that were typed; spaces between them mean nothing."""

    def __init__(self, text: str) -> None:
        self.letters = "".join(folded(text[:MAX_QUERY]).split())
        # Each letter is skipped to and never come back to, so a text is walked through once whatever it is.
        self._pattern = re.compile("".join(f"[^{re.escape(c)}]*{re.escape(c)}" for c in self.letters), re.DOTALL)

    def matches(self, target: Target) -> bool:
        """Whether the text has all letters in their order."""
        return self._pattern.match(target.text) is not None

    def score(self, target: Target) -> float:
        """How well a text that matches does so; the greater the better."""
        if not self.letters:
            return 0.0
        first = self.letters[0]
        begins = [at for at, initial in zip(target.starts, target.initials, strict=True) if initial == first]
        found = target.text.find(first)
        begins += [] if found in begins else [found]
        walks = [self._walk(target, at, by_words) for at in begins for by_words in (True, False)]
        return max((score for score in walks if score is not None), default=0.0)

    def _walk(self, target: Target, at: int, by_words: bool) -> float | None:
        """The score with the first letter at a place; None where the other letters are not all behind it.

        by_words: go to the next word with the letter in front before the next letter that is anywhere.
        """
        text, starts = target.text, set(target.starts)
        score = (WORD_START if at in starts else 0.0) - GAP * (at + len(text))
        for letter in self.letters[1:]:
            if text[at + 1 : at + 2] == letter:
                at += 1
                score += IN_A_ROW
                continue
            word = target.initials.find(letter, bisect_right(target.starts, at)) if by_words else -1
            found = target.starts[word] if word >= 0 else text.find(letter, at + 1)
            if found < 0:
                return None
            score += (WORD_START if found in starts else 0.0) - GAP * (found - at)
            at = found
        return score
