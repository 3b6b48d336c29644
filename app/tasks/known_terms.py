"""The numbers and names that a text holds in any writing, and those of a line that it holds nowhere.

A text writes one number in many ways ("2.5 million", "2,500,000"; "3rd", "third") and a name too ("Germany", "German";
"GPU", "GPUs"). To call something made up that stands there in another writing is worse than to let it pass: whatever is
in doubt counts as known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable
from decimal import Decimal
from functools import cached_property

from app.documents.words import Kind, Lexicon, Word, canonical_number
from app.tasks.claims import Claim

_WORD = re.compile(r"(?:[^\W\d_]\.){2,}|[^\W_]+(?:['’][^\W_]+)*")
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}([.,'’ \u00a0\u202f])\d{3}(?:\1\d{3})*(?![.,]?\d)")
_SCALED = re.compile(r"(\d{1,12}\.\d{1,12})[\s-]{1,2}(hundred|thousand|million|billion|trillion)", re.IGNORECASE)
_SCALES = {"hundred": 10**2, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_SHORT_RANGE = re.compile(r"(?<!\d)(\d\d)(\d\d)\s?[-–/]\s?(\d\d)(?!\d)")
"""1990-95 names 1995 too."""
_ORDINALS = """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth
    fifteenth sixteenth seventeenth eighteenth nineteenth"""
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_TENS_AND_ORDINAL = re.compile(rf"({'|'.join(_TENS.split())})[\s-]({'|'.join(_ORDINALS.split()[:9])})\b", re.IGNORECASE)
_COUNTS = (
    "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    "deux trois quatre cinq six sept huit neuf dix onze douze",
    "dos tres cuatro cinco seis siete ocho nueve diez once doce",
    "due tre quattro cinque sei sette otto nove dieci undici dodici",
    "dois três quatro cinco seis sete oito nove dez onze doze",
    "twee drie vier vijf zes zeven acht negen tien elf twaalf",
)
"""Two to twelve in the other languages that have a lexicon; English ones are numbers to the lexicon already."""
_OTHER_VALUES: dict[str, tuple[str, ...]] = {
    "one": ("1",),
    "once": ("1",),
    "single": ("1",),
    "both": ("2",),
    "pair": ("2",),
    "couple": ("2",),
    "twice": ("2",),
    "double": ("2",),
    "half": ("2", "0.5", "50"),
    "triple": ("3",),
    "quarter": ("4", "0.25", "25"),
    "decade": ("10",),
    "dozen": ("12",),
    "century": ("100",),
    **{name: (str(value),) for name, value in _SCALES.items()},
}
_NO_NAMES = frozenset({"not", "no", "never", "i'm", "i'll", "i'd", "i've"})
"""Capitals of these are emphasis or grammar."""
_NAME_ENDING = re.compile(r"(?:ians?|e?ans?|ese|ish|ics?|ism|ists?|ia|ey|ens?|y|a|e|i|o|s|n)$")
_MIN_ROOT = 4
_NOUNS_CAPITAL = frozenset({"german"})
"""Languages that write every noun with a capital."""

_MEASURES = "prozent millionen milliarden tausende hunderte dutzende liter tonnen meter anfang mitte ende"
"""German nouns right before what they measure, or before a month."""
_WITHIN = (" ", "-")
"""What may stand between the words of one name."""

_Token = tuple[Word, int, int]


class KnownTerms:
    """The numbers and names of some texts in every writing; looked up for lines that are said to rest on them."""

    def __init__(self, texts: Iterable[str], pages: Collection[int], holds: Callable[[str], bool]) -> None:
        """`pages` are the numbers of the texts' pages; `holds` says whether a lexicon's key is a word's in them."""
        self.pages = pages
        self._holds = holds
        self._words: set[str] = set()
        self._numbers: set[str] = set()
        for text in texts:
            for token in set(_WORD.findall(text)):
                word = _folded(token)
                self._words |= {word, *word.split("'")}
            self._numbers |= _numbers_in(text)
        values = _word_values()
        self._numbers.update(value for word in self._words for value in values.get(word, ()))

    def missing(self, line: str, lexicon: Lexicon) -> tuple[str, ...]:
        """Numbers and names of a line that are nowhere in the texts, as it writes them, each once.

        Not asked for: the line's own list number, and numbers of pages where it refers to pages of the texts.
        """
        text = Claim.of(line, self.pages).text
        tokens = lexicon.placed(text)
        shouted = _shouted(text)
        # Words that only meet because what stood between them is gone ("1: page 2 million") make no number.
        seen = {word.key for word, _, _ in tokens} - {word.key for word in lexicon.words(line)}
        found: list[tuple[int, int, Kind]] = []
        for position, (word, start, end) in enumerate(tokens):
            if word.kind is Kind.NUMBER:
                known = self._has_number(word.key[1:], text, start, end)
            else:
                known = not _is_name(text, tokens, position, lexicon, shouted) or self._has_name(
                    word.key, text[start:end]
                )
            if known or word.key in seen:
                continue
            seen.add(word.key)
            if word.kind is Kind.WORD and found and found[-1][2] is Kind.WORD and text[found[-1][1] : start] in _WITHIN:
                start = found.pop()[0]
            found.append((start, end, word.kind))
        return tuple(dict.fromkeys(_plain(text[start:end]) for start, end, _ in found))

    def _has_number(self, value: str, text: str, start: int, end: int) -> bool:
        if self._holds(f"#{value}") or value in self._numbers:
            return True
        if _DIGITS.fullmatch(text[start:end]) is None:
            return False
        scaled = _SCALED.match(text, start)
        return bool(_numbers_in(text[start:end] if scaled is None else scaled.group()) & self._numbers)

    def _has_name(self, key: str, written: str) -> bool:
        written = _plain(written)
        word = _folded(written)
        if not word or self._holds(key) or word in self._words:
            return True
        if word[0].isdigit():
            # A unit written close to its number: the number is what can be made up.
            return self._has_digits(word)
        pieces = re.findall(r"\d+|[^\W\d]+", re.sub(r"(?<=\d)s$", "", word))
        if len(pieces) > 1:
            return all(piece in self._words or piece in self._numbers for piece in pieces)
        if not unicodedata.name(word[0], "").startswith("LATIN"):
            # No stems for these here, and names have cases.
            return any(other.startswith(word[:_MIN_ROOT]) for other in self._words)
        if re.fullmatch(r"[^\W\d_]{2,}s?", written) and written.rstrip("s").isupper():
            return word.removesuffix("s") in self._words or f"{word}s" in self._words
        return _root(word) in self._roots

    def _has_digits(self, word: str) -> bool:
        return all(canonical_number(digits) in self._numbers for digits in _DIGITS.findall(word))

    @cached_property
    def _roots(self) -> set[str]:
        return {_root(word) for word in self._words}


def _is_name(text: str, tokens: list[_Token], position: int, lexicon: Lexicon, shouted: bool) -> bool:
    """Whether the token can be told for a name: one that opens a sentence cannot."""
    word, start, end = tokens[position]
    if word.kind is not Kind.WORD or text[start:end].lower().replace("’", "'") in _NO_NAMES:
        return False
    if any(character.isdigit() for character in word.key):
        return True
    if shouted or not (word.acronym or (word.capital and not word.opens)):
        return False
    return word.acronym or lexicon.language not in _NOUNS_CAPITAL or _follows_noun(text, tokens, position)


def _follows_noun(text: str, tokens: list[_Token], position: int) -> bool:
    """Whether a capital stands right before, as in "Kanzlerin Merkel", and not in a measure ("drei Liter Wasser")."""
    if position == 0:
        return False
    before, start, end = tokens[position - 1]
    counted = position > 1 and tokens[position - 2][0].kind is Kind.NUMBER
    touches = text[end : tokens[position][1]] in _WITHIN
    return (
        touches
        and before.capital
        and not before.opens
        and not counted
        and text[start:end].lower() not in _MEASURES.split()
    )


def _shouted(text: str) -> bool:
    """Whether capitals say nothing, because most letters are."""
    letters = [character for character in text if character.isalpha()]
    return len(letters) > 12 and 2 * sum(character.isupper() for character in letters) > len(letters)


def _plain(written: str) -> str:
    return re.sub(r"['’]s$", "", written)


def _folded(word: str) -> str:
    """In lower case, without accents and full stops, with one sort of apostrophe."""
    word = word.casefold().replace("’", "'").replace(".", "")
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))


def _root(word: str) -> str:
    """What Germany, German and Germans share."""
    while (shorter := _NAME_ENDING.sub("", word)) != word and len(shorter) >= _MIN_ROOT:
        word = shorter
    return word


def _numbers_in(text: str) -> set[str]:
    """Values of the numbers that a text writes with digits, in decimal form."""
    found: set[str] = set()
    for token in set(_DIGITS.findall(text)):
        found.add(canonical_number(token))
        parts = re.split("[.,]", token)
        if len(parts) > 2:
            # A date holds its year.
            found |= {canonical_number(part) for part in parts}
    found |= {re.sub(r"\D", "", match.group()) for match in _GROUPED.finditer(text)}
    found |= {match[1] + match[3] for match in _SHORT_RANGE.finditer(text)}
    for tens, ordinal in _TENS_AND_ORDINAL.findall(text):
        units = _ORDINALS.split().index(ordinal.lower()) + 1
        found.add(str(10 * (_TENS.split().index(tens.lower()) + 2) + units))
    for amount, scale in _SCALED.findall(text):
        value = Decimal(amount) * _SCALES[scale.lower()]
        found.add(canonical_number(f"{value:f}"))
    return found


def _word_values() -> dict[str, tuple[str, ...]]:
    """What words say as numbers in any of the languages, beside those that the lexicon takes for numbers."""
    values = dict(_OTHER_VALUES)
    said = [(word, value) for words in _COUNTS for value, word in enumerate(words.split(), start=2)]
    said += [(word, value) for value, word in enumerate(_ORDINALS.split(), start=1)]
    said += [(f"{word.removesuffix('y')}ieth", 10 * tens) for tens, word in enumerate(_TENS.split(), start=2)]
    for word, value in said:
        values[_folded(word)] = (*values.get(_folded(word), ()), str(value))
    return values
