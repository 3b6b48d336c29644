"""Quotes for the lines of an answer, from the evidence it was written from: stretches of one document or of several.

The conditions are those of citations.py: a quote holds all numbers and names of the line and enough of its other words.
Among the quotes that do, one sentence goes before two, then the one with the most of the line's words, where a stem
that few sentences hold counts more than a common one. A similarity of meaning decides among near equals. It makes no
line supported: many of the lines that a high cosine would add say more than their quote does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log

import numpy as np

from app.documents.evidence import Evidence
from app.documents.model import Document
from app.documents.sentences import sentence_spans
from app.documents.words import Kind, Lexicon, Terms
from app.tasks.citations import MIN_SHARE, MIN_WORDS, SHORT_SHARE, SHORT_WORDS, QuoteIndex, Rows, TextSpan, quote
from app.tasks.claims import Claim
from app.tasks.known_terms import KnownTerms
from app.tasks.model import Citation

Similarity = Callable[[str, Sequence[str]], Sequence[float]]
"""Cosine of a line with each of some quotes, by meaning."""

NEAR = 0.1
"""Quotes whose weighted shares of the line's words differ by no more are near equals."""
MAX_COMPARED = 8
"""Quotes whose similarity is asked for, at most."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    """`width` sentences of one document, the first being number `row`, and their weighted share of the line's stems."""

    index: QuoteIndex
    row: int
    width: int
    score: float

    @property
    def span(self) -> TextSpan:
        return self.index.spans[self.row][0], self.index.spans[self.row + self.width - 1][1]

    @property
    def text(self) -> str:
        return " ".join(self.index.document.text[slice(*self.span)].split())


@dataclass(frozen=True, slots=True)
class _Source:
    """One document's sentences; `joined` tells which of them have the next one right behind them.

    Only such two are a quote: it would hold words that are not in the evidence otherwise.
    """

    index: QuoteIndex
    joined: Rows

    def runs(self, rows: Rows, width: int) -> Rows:
        """Which runs of `width` sentences (1 or 2) hold what the sentences `rows` hold."""
        return rows if width == 1 else (rows[:-1] | rows[1:]) & self.joined

    def on_pages(self, pages: frozenset[int], width: int) -> Rows:
        """Which runs lie on pages that a claim names, or write such a number; all if it names none."""
        index = self.index
        every = np.ones(len(index.spans), dtype=bool)
        if not pages:
            return self.runs(every, width)
        page_at = index.document.page_at
        touched = [range(page_at(start), page_at(end - 1) + 1) for start, end in index.spans]
        elsewhere = np.array([pages.isdisjoint(numbers) for numbers in touched], dtype=bool)
        allowed = self.runs(every, width) & ~self.runs(elsewhere, width)
        for page in pages:
            allowed |= self.runs(index.rows(f"#{page}"), width)
        return allowed


class EvidenceIndex:
    """The sentences of all evidence for one question."""

    def __init__(self, evidence: Sequence[Evidence], similarity: Similarity | None = None) -> None:
        """`evidence` with the best match first; of equal quotes the first is taken."""
        self._similarity = similarity
        self._sources = list(_sources(evidence))
        self._indexes = [source.index for source in self._sources]
        # A capital at a line's start is a name's where any of the documents knows it as one.
        names: set[str] = set().union(*(index.known_names for index in self._indexes))
        for index in self._indexes:
            index.known_names |= names
        self._sentences = sum(len(index.spans) for index in self._indexes)
        pages = {page for item in evidence for page in range(item.page_from, item.page_to + 1)}
        texts = [index.document.text[start:end] for index in self._indexes for start, end in index.spans]
        self._known_terms = KnownTerms(texts, pages, lambda key: any(index.count(key) for index in self._indexes))

    def unknown(self, line: str) -> tuple[str, ...]:
        """The line's numbers and names that no evidence holds, as it writes them, each once.

        The number of a page of the evidence is known where the line refers to it as one.
        """
        return self._known_terms.missing(line, self._lexicon_of(line)) if self._indexes else ()

    def citations(self, line: str) -> tuple[Citation, ...]:
        """The best quote, one citation for each page it touches; () where there is none.

        `document_id` is set where the evidence comes from several documents.
        """
        found = self.find(line)
        if found is None:
            return ()
        document, span = found
        return quote(document, span, document.content_hash if len(self._indexes) > 1 else "")

    def find(self, line: str) -> tuple[Document, TextSpan] | None:
        """The document and the document offsets of the quote that supports a line best."""
        claim = Claim.of(line, self._known_terms.pages)
        for width in (1, 2):
            found = list(self._candidates(claim, width))
            if found:
                best = self._best(claim, found)
                return best.index.document, best.span
        return None

    def _best(self, claim: Claim, candidates: Sequence[_Candidate]) -> _Candidate:
        ranked = sorted(candidates, key=lambda candidate: -candidate.score)
        near = [candidate for candidate in ranked if candidate.score >= ranked[0].score - NEAR][:MAX_COMPARED]
        if self._similarity is None or len(near) == 1:
            return near[0]
        line = " ".join(claim.text.split())
        return near[int(np.argmax(self._similarity(line, [candidate.text for candidate in near])))]

    def _candidates(self, claim: Claim, width: int) -> Iterator[_Candidate]:
        """Quotes of `width` sentences with all of the claim's numbers and names and enough of its stems, in order."""
        for source in self._sources:
            terms = source.index.terms(claim.text)
            if len(source.index.spans) < width:
                continue
            allowed = source.on_pages(claim.pages, width)
            if len(terms.stems) + len(terms.numbers) < MIN_WORDS:
                row = source.index.find_verbatim(claim.text, terms, allowed) if width == 1 else None
                if row is not None:
                    yield _Candidate(source.index, row, 1, 1.0)
                continue
            short = len(terms.stems) + len(terms.numbers) < SHORT_WORDS
            share = SHORT_SHARE if width == 2 and short else MIN_SHARE
            yield from self._holding(source, terms, allowed, width, share)

    def _holding(self, source: _Source, terms: Terms, allowed: Rows, width: int, share: float) -> Iterator[_Candidate]:
        index = source.index
        stems = sorted(terms.stems)
        held = np.array([source.runs(index.rows(stem), width) for stem in stems]).reshape(len(stems), len(allowed))
        enough = allowed & (held.sum(axis=0) >= share * len(stems))
        for key in terms.names | terms.numbers:
            enough &= source.runs(index.rows(key), width)
        weights = np.array([self._rarity(stem) for stem in stems])
        scores = weights @ held / max(float(weights.sum()), 1e-9)
        for row in np.flatnonzero(enough):
            yield _Candidate(index, int(row), width, float(scores[row]))

    def _rarity(self, stem: str) -> float:
        return log(1 + (self._sentences + 1) / (1 + sum(index.count(stem) for index in self._indexes)))

    def _lexicon_of(self, line: str) -> Lexicon:
        """That of the evidence's languages in which the line has the most function words; the best match's in doubt."""
        lexicons = [index.lexicon for index in self._indexes]
        return max(lexicons, key=lambda lexicon: sum(word.kind is Kind.STOP for word in lexicon.words(line)))


def _sources(evidence: Sequence[Evidence]) -> Iterator[_Source]:
    """The sentences of each document's evidence, documents in the order in which they first appear."""
    lexicons: dict[str, Lexicon] = {}
    by_document: dict[str, list[Evidence]] = {}
    for item in evidence:
        by_document.setdefault(item.document.content_hash, []).append(item)
    for items in by_document.values():
        document = items[0].document
        lexicon = Lexicon.for_text(document.text)
        lexicon = lexicons.setdefault(lexicon.language, lexicon)
        spans: list[TextSpan] = []
        for start, end in _merged([(item.start, item.end) for item in items]):
            spans += [(start + first, start + last) for first, last in sentence_spans(document.text[start:end])]
        gaps = [document.text[one[1] : other[0]] for one, other in pairwise(spans)]
        joined = np.array([not gap.strip() for gap in gaps], dtype=bool)
        yield _Source(QuoteIndex(document, spans, lexicon), joined)


def _merged(stretches: Sequence[TextSpan]) -> list[TextSpan]:
    """Stretches in order, those that overlap or touch as one."""
    merged: list[TextSpan] = []
    for start, end in sorted(stretches):
        if merged and start <= merged[-1][1]:
            start, end = merged[-1][0], max(merged.pop()[1], end)
        merged.append((start, end))
    return merged
