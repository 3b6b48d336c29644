"""Which sentences say the most: centrality among their neighbours, the model's opinion, and no repeats.

Centrality is continuous LexRank (Erkan and Radev 2004, JAIR 22): PageRank over the cosine similarity of TF-IDF vectors.
Repeats are held back by maximal marginal relevance (Carbonell and Goldstein 1998).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import log

import numpy as np
import numpy.typing as npt

from app.documents.model import Document
from app.documents.prose import is_claim, weakness
from app.documents.words import Lexicon
from app.tasks.parts import Part, pieces

Floats = npt.NDArray[np.float32]
TextSpan = tuple[int, int]

DAMPING = 0.85
REDUNDANCY = 2.0
"""Weight of the highest cosine similarity to a sentence already chosen, in standard deviations of the score."""
_LIST_MARK = re.compile(r"^[•●▪◦‣⁃■□➢*–—-]\s+")
MIN_PROSE = 0.2
"""A part with less of its text in claims (an index, a table, a listing) has nothing to note."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence worth choosing: its document offsets, its content stems and numbers, how poorly it reads alone."""

    span: TextSpan
    keys: tuple[str, ...]
    weakness: float


def candidates(document: Document, part: Part, lexicon: Lexicon) -> list[Candidate]:
    """The claims of a part in document order; none where the part is boilerplate or hardly any prose."""
    if part.boilerplate:
        return []
    found: list[Candidate] = []
    prose = 0
    for piece in pieces(document, part.start, part.end):
        start, end = piece.sentence
        text = document.text[start:end]
        text = _LIST_MARK.sub("", text, count=1)
        start = end - len(text)
        if is_claim(text):
            found.append(Candidate((start, end), tuple(lexicon.keys(text)), weakness(text)))
            prose += len(text)
    return found if prose >= MIN_PROSE * (part.end - part.start) else []


def similarities(keys: Sequence[Sequence[str]]) -> Floats:
    """(n, n) cosine similarities of the sentences' TF-IDF vectors; a sentence without words is like nothing."""
    seen_in = Counter(key for sentence in keys for key in set(sentence))
    # A stem of one sentence alone adds to no similarity, only to its length: no column is spent on it.
    columns = {key: column for column, key in enumerate(key for key, count in seen_in.items() if count > 1)}
    weights = np.zeros((len(keys), len(columns)), dtype=np.float32)
    lengths = np.zeros(len(keys), dtype=np.float32)
    for row, sentence in enumerate(keys):
        for key, count in Counter(sentence).items():
            weight = count * log(len(keys) / seen_in[key])
            lengths[row] += weight * weight
            if key in columns:
                weights[row, columns[key]] = weight
    weights /= np.sqrt(lengths)[:, None] + 1e-9
    similar: Floats = weights @ weights.T
    np.fill_diagonal(similar, lengths > 0)
    return similar


def centrality(similar: Floats) -> Floats:
    """(n,) PageRank over the similarities; sums to 1."""
    count = len(similar)
    edges = np.maximum(similar, 0.0)
    moves = edges / (edges.sum(axis=1, keepdims=True) + 1e-12)
    rank = np.full(count, 1.0 / max(1, count), dtype=np.float32)
    for _ in range(60):
        rank = ((1.0 - DAMPING) / count + DAMPING * (rank @ moves)).astype(np.float32)
    return rank


def standard(values: Sequence[float] | Floats) -> Floats:
    """Values less their mean, in standard deviations; zeros when all are equal."""
    array = np.asarray(values, dtype=np.float32)
    spread = float(array.std())
    return (array - array.mean()) / spread if spread > 1e-12 else np.zeros_like(array)


def choose(scores: Floats, similar: Floats, count: int, *, groups: Sequence[int] = (), per_group: int = 0) -> list[int]:
    """Indices of at most `count` sentences of high score that do not repeat each other, in their own order.

    With `groups` (one number per sentence) at most `per_group` sentences come from one group.
    """
    taken: Counter[int] = Counter()
    left = np.array(scores, dtype=np.float32)
    closest = np.zeros_like(left)
    chosen: list[int] = []
    for _ in range(min(count, len(left))):
        best = int(np.argmax(left - REDUNDANCY * closest))
        if not np.isfinite(left[best]):
            break
        chosen.append(best)
        left[best] = -np.inf
        if groups:
            taken[groups[best]] += 1
            if taken[groups[best]] >= per_group:
                left[np.asarray(groups) == groups[best]] = -np.inf
        closest = np.maximum(closest, similar[best])
    return sorted(chosen)


def penalties(sentences: Sequence[Candidate]) -> Floats:
    """(n,) what is taken off the standardised scores of sentences that read poorly in a summary."""
    return np.array([sentence.weakness for sentence in sentences], dtype=np.float32)
