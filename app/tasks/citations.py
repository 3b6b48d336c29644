"""From a written line to the quote that supports it, or to none.

A line is supported when one quote of at most two neighbouring sentences holds all its numbers and names and at least
60 % of its stemmed content words (80 % when a short line needs two sentences). A line of so few words that sharing
them proves nothing must stand there word for word. A line with a number or name that occurs nowhere is not supported.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from app.documents.model import Document
from app.documents.words import Kind, Lexicon, Terms, Word, plain_words
from app.tasks.known_terms import KnownTerms
from app.tasks.model import Citation, Line

MIN_SHARE = 0.6
MIN_WORDS = 4
"""A line with fewer content words and numbers is supported only word for word."""
SHORT_WORDS = 7
SHORT_SHARE = 0.8
"""What two sentences together must hold of a line with fewer than SHORT_WORDS content words and numbers: two long
sentences hold three of any five common words too often."""
MAX_GAP = 400
"""Sentences further apart than this many characters are no neighbours."""

TextSpan = tuple[int, int]
Rows = npt.NDArray[np.bool_]
"""One truth value for each sentence."""


class Quotes(Protocol):
    """What a line can be checked against."""

    def unknown(self, line: str) -> tuple[str, ...]:
        """The line's numbers and names that occur nowhere, as it writes them, each once."""
        ...

    def citations(self, line: str) -> tuple[Citation, ...]:
        """The quote that supports the line best, one citation for each page it touches; () where there is none."""
        ...


class QuoteIndex:
    """The sentences of a stretch of a document, found by their stems, numbers and names.

    Holds postings only (a few bytes per word), so that an index of thousands of pages stays small.
    """

    def __init__(self, document: Document, spans: Iterable[TextSpan], lexicon: Lexicon | None = None) -> None:
        self.document = document
        self.spans: list[TextSpan] = list(spans)
        self.lexicon = lexicon or Lexicon.for_text(document.text)
        self.known_names: set[str] = set()
        postings: dict[str, array[int]] = {}
        for number, (start, end) in enumerate(self.spans):
            for word in self.lexicon.words(document.text[start:end]):
                if word.kind is Kind.STOP:
                    continue
                rows = postings.setdefault(word.key, array("I"))
                if not rows or rows[-1] != number:
                    rows.append(number)
                if word.acronym or (word.capital and not word.opens):
                    self.known_names.add(word.key)
        self._postings = postings
        gaps = [following[0] - span[1] for span, following in zip(self.spans, self.spans[1:], strict=False)]
        self._neighbours = np.array([0 <= gap <= MAX_GAP for gap in gaps], dtype=bool)

    def terms(self, text: str) -> Terms:
        """What a line claims. A capital at its start counts as a name only where the document knows it as one."""
        words = [word for word in self.lexicon.words(text) if word.kind is not Kind.STOP]
        return Terms(
            stems=frozenset(word.key for word in words if word.kind is Kind.WORD),
            numbers=frozenset(word.key for word in words if word.kind is Kind.NUMBER),
            names=frozenset(word.key for word in words if self._is_name(word)),
        )

    def find(self, text: str) -> TextSpan | None:
        """Document offsets of the quote that supports `text` best: one sentence before two, then the most words."""
        if not self.spans:
            return None
        terms = self.terms(text)
        if len(terms.stems) + len(terms.numbers) < MIN_WORDS:
            row = self.find_verbatim(text, terms)
            return None if row is None else self.spans[row]
        held = [self.rows(stem) for stem in sorted(terms.stems)]
        required = [self.rows(key) for key in sorted(terms.names | terms.numbers)]
        needed = MIN_SHARE * len(terms.stems)
        best = _best(held, required, needed, len(self.spans))
        if best is not None:
            return self.spans[best]
        if len(terms.stems) + len(terms.numbers) < SHORT_WORDS:
            needed = SHORT_SHARE * len(terms.stems)
        best = _best(
            [(rows[:-1] | rows[1:]) & self._neighbours for rows in held],
            [(rows[:-1] | rows[1:]) & self._neighbours for rows in required],
            needed,
            len(self.spans) - 1,
        )
        return None if best is None else (self.spans[best][0], self.spans[best + 1][1])

    def rows(self, key: str) -> Rows:
        """(sentences,) which of them hold a key."""
        rows = np.zeros(len(self.spans), dtype=bool)
        if key in self._postings:
            rows[np.frombuffer(self._postings[key], dtype=np.uint32)] = True
        return rows

    def count(self, key: str) -> int:
        """How many sentences hold a key."""
        return len(self._postings.get(key, ()))

    def find_verbatim(self, text: str, terms: Terms, allowed: Rows | None = None) -> int | None:
        """Number of the first sentence (of those allowed) that holds the words of `text`, which claims `terms`, in a
        row."""
        wanted = plain_words(text)
        candidates = np.ones(len(self.spans), dtype=bool) if allowed is None else allowed.copy()
        for key in terms.stems | terms.numbers:
            candidates &= self.rows(key)
        for number in np.flatnonzero(candidates):
            start, end = self.spans[int(number)]
            sentence = self.document.text[start:end]
            # A line without any word ("* * *") can only be the whole sentence.
            if sentence.split() == text.split() or (wanted and f" {wanted} " in f" {plain_words(sentence)} "):
                return int(number)
        return None

    def unknown(self, line: str) -> tuple[str, ...]:
        """The line's numbers and names that no sentence holds, as it writes them, each once."""
        return self._known_terms.missing(line, self.lexicon)

    def citations(self, line: str) -> tuple[Citation, ...]:
        """The quote that supports the line best, one citation for each page it touches; () where there is none."""
        span = self.find(line)
        return () if span is None else quote(self.document, span)

    @cached_property
    def _known_terms(self) -> KnownTerms:
        texts = (self.document.text[start:end] for start, end in self.spans)
        pages = {self.document.page_at(start) for start, _ in self.spans}
        return KnownTerms(texts, pages, self._postings.__contains__)

    def _is_name(self, word: Word) -> bool:
        if word.kind is not Kind.WORD:
            return False
        if any(character.isdigit() for character in word.key):
            return True
        return word.acronym or (word.capital and (not word.opens or word.key in self.known_names))


def _best(held: Sequence[Rows], required: Sequence[Rows], needed: float, count: int) -> int | None:
    """First row with the most of `held` among those with all of `required` and at least `needed` of `held`."""
    if count <= 0:
        return None
    shares = np.zeros(count, dtype=np.int32)
    for rows in held:
        shares += rows
    allowed = shares >= needed
    for rows in required:
        allowed &= rows
    if not allowed.any():
        return None
    return int(np.argmax(np.where(allowed, shares, -1)))


def quote(document: Document, span: TextSpan, document_id: str = "") -> tuple[Citation, ...]:
    """A stretch of the document as citations, one for each page it touches, without white space around them."""
    citations: list[Citation] = []
    for place in document.locate(*span):
        page_start = document.page_start(place.page)
        text = document.text[page_start + place.start : page_start + place.end]
        stripped = text.strip()
        if stripped:
            start = place.start + len(text) - len(text.lstrip())
            citations.append(Citation(place.page, stripped, start, start + len(stripped), document_id))
    return tuple(citations)


def cite(line_text: str, quotes: Quotes) -> Line:
    """The line with its best quote, or marked as unsupported, with what of it occurs nowhere."""
    unknown = quotes.unknown(line_text)
    citations = () if unknown else quotes.citations(line_text)
    return Line(line_text, supported=bool(citations), citations=citations, unknown=unknown)


def verbatim(document: Document, span: TextSpan, document_id: str = "") -> Line:
    """A stretch of the document as a line that is its own citation; line breaks become spaces."""
    text = " ".join(document.text[slice(*span)].split())
    return Line(text, supported=True, citations=quote(document, span, document_id))
