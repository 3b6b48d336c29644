"""Search by words: BM25 (SQLite FTS5) over stemmed terms, and the filling of its index."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain, groupby
from math import log

from app.core.errors import StorageError
from app.retrieval.boilerplate import match_weight
from app.retrieval.terms import PAIR, Analyzer, as_words, match_any
from app.storage.passage_index import IndexedReading, IndexRow, PassageIndex, TermHit

INDEX_VERSION = "2"
"""Raise it when terms or weights change what they make of the same passage."""

BATCH_PASSAGES = 1000
"""Passages indexed in one transaction: what a crash costs."""

_LEAST_TOTAL = 20
"""Passages that rarity is told from, at the least: of a note of one passage, what it holds would count for nothing."""
_UNKNOWN_PAIR = 0.5
"""What a pair of characters that no passage holds counts beside a word: most reach over the end of a word."""

analyzer = cache(Analyzer)
"""The analyzer of a language; it keeps the stems it has found."""


def fill(
    index: PassageIndex,
    reading: IndexedReading,
    language: Callable[[], str],
    *,
    on_progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> IndexedReading | None:
    """Bring a reading's index up to date, from where it was left.

    language: asked once, for a reading that has no index of this version yet; see `text_language`.
    Returns the reading as it is then: None where it was deleted meanwhile, with `done` below `total` where cancelled.
    Raises StorageError where a program of another version indexes the same reading.
    """
    found: IndexedReading | None = reading
    begun = False
    while found is not None:
        if found.version != INDEX_VERSION:
            # Once more where the document was read again meanwhile; but two versions would go on for ever.
            if begun and found.version:
                raise StorageError(
                    "another version of Griffin Desk is indexing the same document; close it and try again",
                    code="locked",
                )
            index.begin(found.id, version=INDEX_VERSION, language=language())
            begun = True
            found = index.reading(found.document_id, found.page_range)
            continue
        if found.done >= found.total or cancelled():
            break
        passages = index.unindexed(found.id, limit=BATCH_PASSAGES)
        terms = analyzer(found.language).passage
        rows = [
            IndexRow(p.row, as_words(terms(p.text)), as_words(terms(p.section)), match_weight(p.text, p.section))
            for p in passages
        ]
        index.add(found.id, rows, version=INDEX_VERSION, first=found.done)
        found = index.reading(found.document_id, found.page_range)
        if found is not None and on_progress is not None:
            on_progress(found.done, found.total)
    return found


def search(index: PassageIndex, readings: Sequence[IndexedReading], question: str, *, limit: int) -> list[TermHit]:
    """The passages that hold most of a question's words, best first; each reading is asked in its own language."""
    hits: list[TermHit] = []
    in_order = sorted(readings, key=lambda reading: reading.language)
    for language, group in groupby(in_order, key=lambda reading: reading.language):
        terms = analyzer(language).question(question)
        if terms:
            hits += index.search(match_any(terms), [reading.id for reading in group], limit=limit)
    return sorted(hits, key=lambda hit: -hit.score)[:limit]


class QuestionTerms:
    """How much of a question a text holds, each term by its rarity (inverse document frequency) where it is asked."""

    def __init__(self, index: PassageIndex, question: str, language: str, readings: Sequence[IndexedReading]) -> None:
        """`readings` are those that are asked: what they hold nowhere says most about them."""
        self._analyzer = analyzer(language)
        total, ids = sum(reading.done for reading in readings), [reading.id for reading in readings]
        total = max(total, _LEAST_TOTAL)
        self._weights: dict[str, float] = {}
        for term in self._analyzer.question(question):
            held = index.document_frequency(match_any(Counter([term])), ids)
            known = _UNKNOWN_PAIR if held == 0 and PAIR.fullmatch(term) else 1.0
            self._weights[term] = known * log(1 + (total - held + 0.5) / (held + 0.5))

    def share(self, *texts: str) -> float:
        """The share of the question that stands in some texts together, from 0 to 1."""
        whole = sum(self._weights.values())
        held = self.terms(*texts)
        return sum(w for term, w in self._weights.items() if _holds(held, term)) / whole if whole > 0 else 0.0

    def terms(self, *texts: str) -> frozenset[str]:
        """The different terms of some texts."""
        return frozenset(chain.from_iterable(map(self._analyzer.passage, texts)))


def _holds(held: frozenset[str], term: str) -> bool:
    if term.endswith("*"):
        return any(other.startswith(term[:-1]) for other in held)
    return term in held
