"""Text as search terms: what the full-text index holds of a passage, and what a question asks of it.

Words are stemmed in the document's language (Snowball), function words left out, accents dropped, numbers brought to
one form. Runs of a script without spaces between words become their overlapping pairs of characters, as SQLite's own
tokenizers take a whole clause of Chinese for one word. So do Korean words, as what they are in the sentence is written
on to them, and nothing here takes it off again.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, islice

from app.documents.words import Lexicon, canonical_number
from app.storage.search_terms import MAX_TERMS, SCRIPTS, pairs, quoted

UNSPACED = SCRIPTS + "\uac00-\ud7a3"
"""The scripts without spaces, and Korean: the inside of a regular expression's character class."""
_MARKS = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc"
    "\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0900-\u0963\u0971-\u0dff\u0f71-\u0f84\u0f8d-\u0fbc"
)
"""Accents, points and vowel signs (Hebrew, Arabic, Indic scripts, Tibetan): no word characters to `re`."""

_TOKEN = re.compile(rf"[{UNSPACED}]+|\d+(?:[.,]\d+)+|[^\W_{UNSPACED}](?:[^\W_{UNSPACED}]|[{_MARKS}])*")
_UNSPACED_RUN = re.compile(f"[{UNSPACED}]+")
PAIR = re.compile(f"[{UNSPACED}]{{2}}")
"""A term that is no word."""
_CONTRACTED = re.compile(r"(?<=[^\W\d_])['’](?:s|t|d|m|ll|re|ve)(?![^\W_])", re.IGNORECASE)
"""What English leaves of a word behind an apostrophe; by itself it may be an option or the name of a function."""
_PREFIX = "*"

MAX_REPEATS = 3
"""How often one of them counts at the most: a page that is pasted as a question says some words a hundred times."""

OTHER = "other"
"""The language of texts whose function words nobody listed: nothing is stemmed or left out."""
_LEAST_STOP_WORDS = 0.15
"""Share of function words among the words of running text, at the least: tables and lists have fewer, prose half."""


def text_language(text: str, *, sample: int = 20_000) -> str:
    """The language of a document, as `Lexicon.language` names it, or OTHER."""
    middle = max(0, (len(text) - sample) // 2)
    piece = text[middle : middle + sample]
    lexicon = Lexicon.for_text(piece)
    words = [token.lower() for token in _TOKEN.findall(_plain(piece)) if not token[0].isdigit()]
    stops = sum(map(lexicon.is_stop, words))
    return lexicon.language if words and stops >= _LEAST_STOP_WORDS * len(words) else OTHER


class Analyzer:
    """The terms of texts in one language, named as `text_language` names it."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._lexicon = None if language == OTHER else Lexicon(language)
        # A text repeats its words, and stemming in pure Python takes tens of microseconds.
        self._of_token = lru_cache(maxsize=200_000)(self._terms_of_token)

    def passage(self, text: str) -> list[str]:
        """Terms of a passage in their order, with repeats."""
        return list(chain.from_iterable(map(self._of_token, self._tokens(text))))

    def question(self, text: str) -> Counter[str]:
        """Terms of a question and how often it says each; MAX_TERMS different ones at most.

        A term that ends in `*` stands for all terms that begin so: a single character of a script without spaces.
        Function words count where the question has nothing else.
        """
        tokens = self._tokens(text)
        terms = Counter(chain.from_iterable(map(self._asked, tokens)))
        if not terms:
            terms = Counter(self._stem(token.lower()) for token in tokens)
        return Counter({term: min(count, MAX_REPEATS) for term, count in islice(terms.items(), MAX_TERMS)})

    def _tokens(self, text: str) -> list[str]:
        text = _plain(text)
        return _TOKEN.findall(_CONTRACTED.sub("", text) if self.language == "english" else text)

    def _asked(self, token: str) -> tuple[str, ...]:
        if _UNSPACED_RUN.fullmatch(token):
            return (token + _PREFIX,) if len(token) == 1 else tuple(pairs(token))
        return self._of_token(token)

    def _terms_of_token(self, token: str) -> tuple[str, ...]:
        if _UNSPACED_RUN.fullmatch(token):
            # The last character too: asked for alone, it begins no pair.
            return (*pairs(token), token[-1])
        if token[0].isdigit() and not token.isalnum():
            return (canonical_number(token),)
        word = token.lower()
        if self._lexicon is not None and self._lexicon.is_stop(word):
            return ()
        return (self._stem(word),)

    def _stem(self, word: str) -> str:
        return _folded(word if self._lexicon is None else self._lexicon.stem(word))


def match_any(terms: Counter[str]) -> str:
    """The terms in the query language of FTS5, any of them; one that is said twice counts twice."""
    return " OR ".join(_quoted(term) for term in terms.elements())


def as_words(terms: Iterable[str]) -> str:
    """Terms as the text that the index is given: its tokenizer parts at white space."""
    return " ".join(terms)


def _quoted(term: str) -> str:
    return f"{quoted(term[:-1])}*" if term.endswith(_PREFIX) else quoted(term)


def _plain(text: str) -> str:
    """Composed, and each character in its plain form; in that of others a term could hold a space or a bracket."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _folded(word: str) -> str:
    """Without accents, and ß as ss."""
    if word.isascii():
        return word
    return "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))
