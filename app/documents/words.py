"""Words, numbers and names of a text, brought to the form in which support checks and rankings compare them.

Stems come from Snowball (M. F. Porter; the PyStemmer package). Stop words are short lists of our own; the list
that covers most of a text also tells its language. Chinese, Japanese and Korean have no stems here: pairs of
neighbouring characters stand for words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

import Stemmer  # type: ignore[import-not-found, import-untyped, unused-ignore]

from app.documents.stop_words import STOP_WORDS

_TOKEN = re.compile(
    r"""
    (?P<cjk>[\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]+)
    | (?P<initials>(?:[^\W\d_]\.){2,})                       # U.S.
    | (?P<number>\d+(?:[.,]\d+)*(?:st|nd|rd|th|s)?(?![^\W_]))
    | (?P<word>(?:(?![\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af])[^\W_])+
        (?:['’][^\W\d_]+)?)
    """,
    re.VERBOSE,
)
_AMOUNT_DIGITS = 18
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ENDS_CLAUSE = re.compile(r"[.!?:•\n][\s\"'“‘(\[*_]*$|^[\s\"'“‘(\[*_•–-]*$|[“\"]$")
_UNIT_NAMES = """two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen"""
_TEN_NAMES = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS = {name: value for value, name in enumerate(_UNIT_NAMES.split(), start=2)}
_TENS = {name: 10 * value for value, name in enumerate(_TEN_NAMES.split(), start=2)}
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


class Kind(Enum):
    """What a token is for the comparison."""

    STOP = "stop"
    WORD = "word"
    NUMBER = "number"


@dataclass(frozen=True, slots=True)
class Word:
    """One token. `key` is the stem, or '#' and the value of a number; capitals tell names."""

    key: str
    kind: Kind
    capital: bool
    acronym: bool
    opens: bool
    """Stands first in its sentence or clause, where a capital says nothing."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What a line claims: content stems, numbers by value, and names (a subset of the stems)."""

    stems: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]


class Lexicon:
    """Stemmer and stop words of one language."""

    def __init__(self, language: str = "english") -> None:
        self.language = language
        self._stop_words = STOP_WORDS[language]
        stemmer = Stemmer.Stemmer(language)
        # A text repeats its words.
        self._stem = lru_cache(maxsize=100_000)(stemmer.stemWord)

    @classmethod
    def for_text(cls, text: str, *, sample: int = 20_000) -> Lexicon:
        """The lexicon of the language whose stop words cover most of `text` (English when in doubt)."""
        middle = max(0, (len(text) - sample) // 2)
        words = re.findall(r"[^\W\d_]+", text[middle : middle + sample].lower())
        hits = {language: sum(word in stops for word in words) for language, stops in STOP_WORDS.items()}
        best = max(hits, key=lambda language: hits[language])
        return cls(best if hits[best] > 1.2 * hits["english"] else "english")

    def stem(self, word: str) -> str:
        """The stem of a word in lower case."""
        stem: str = self._stem(word)
        return stem

    def is_stop(self, word: str) -> bool:
        """Whether a word in lower case is a function word."""
        return word in self._stop_words

    def words(self, text: str) -> list[Word]:
        """Every token of `text`, in order."""
        return [word for word, _, _ in self._words(text)]

    def placed(self, text: str) -> list[tuple[Word, int, int]]:
        """Every token of `text`, in order, with the half-open offsets at which it is written."""
        return list(self._words(text))

    def keys(self, text: str) -> list[str]:
        """Content stems and numbers of `text`, in order, with repeats."""
        return [word.key for word, _, _ in self._words(text) if word.kind is not Kind.STOP]

    def _words(self, text: str) -> Iterator[tuple[Word, int, int]]:
        pending: int | None = None
        pending_is_tens = False
        begins = ends = 0
        for match in _TOKEN.finditer(text):
            token = match.group()
            lowered = token.lower().replace("’", "'")
            unit = _UNITS.get(lowered)
            scale = _SCALES.get(lowered)
            if pending is not None:
                if pending_is_tens and unit is not None and unit < 10:
                    pending, pending_is_tens, ends = pending + unit, False, match.end()
                    continue
                if scale is not None:
                    pending, pending_is_tens, ends = pending * scale, False, match.end()
                    continue
                yield _number(str(pending)), begins, ends
                pending = None
            start, end = match.span()
            if unit is not None or lowered in _TENS:
                pending, pending_is_tens, begins, ends = unit or _TENS[lowered], unit is None, start, end
                continue
            if match.lastgroup == "number":
                value = canonical_number(token)
                # A longer row of digits is no amount ("2 million"); of very long ones Python refuses to make a number.
                if "." not in value and len(value) <= _AMOUNT_DIGITS:
                    pending, pending_is_tens, begins, ends = int(value), False, start, end
                else:
                    yield _number(value), start, end
            elif match.lastgroup == "cjk":
                for first in range(max(1, len(token) - 1)):
                    pair = token[first : first + 2]
                    word = Word(pair, Kind.WORD, capital=False, acronym=False, opens=False)
                    yield word, start + first, start + first + len(pair)
            else:
                yield self._word(text, start, token, lowered), start, end
        if pending is not None:
            yield _number(str(pending)), begins, ends

    def _word(self, text: str, start: int, token: str, lowered: str) -> Word:
        bare = lowered.replace(".", "")
        if bare.endswith("'s"):
            bare, token = bare[:-2], token[:-2]
        letters = token.replace(".", "")
        acronym = len(letters) > 1 and letters.isupper()
        stop = not acronym and (bare in self._stop_words or len(bare) < 2)
        capital = token[:1].isupper()
        opens = capital and _ENDS_CLAUSE.search(text[max(0, start - 6) : start]) is not None
        return Word(bare if acronym else self._stem(bare), Kind.STOP if stop else Kind.WORD, capital, acronym, opens)


def plain_words(text: str) -> str:
    """A text's words as one string, to compare: no case, no punctuation, one space between them."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _number(value: str) -> Word:
    return Word("#" + value, Kind.NUMBER, capital=False, acronym=False, opens=False)


def canonical_number(token: str) -> str:
    """Decimal form of a number as it is written: 1,000 -> 1000, 3.50 -> 3.5, 20th -> 20; 1.2.3 stays as it is."""
    digits = token.rstrip("stndrh")
    if _THOUSANDS.fullmatch(digits):
        digits = digits.replace(",", "")
    digits = digits.replace(",", ".")
    whole, point, fraction = digits.partition(".")
    if "." in fraction:
        return digits
    fraction = fraction.rstrip("0")
    whole = whole.lstrip("0") or "0"
    return f"{whole}.{fraction}" if point and fraction else whole
