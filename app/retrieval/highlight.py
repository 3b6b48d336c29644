"""The sentences of the evidence that answer a question best, word for word."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.documents.evidence import Evidence
from app.documents.sentences import sentence_spans

Share = Callable[..., float]
"""How much of the question some texts hold together, from 0 to 1."""
Similarity = Callable[[Sequence[str]], Sequence[float]]
"""Cosine of the question with each text, from a sentence encoder."""

NEAR_WEIGHT = 0.3
"""What the part of the question counts that a sentence and its neighbours hold: a subject is named once, then "it"."""
RANK_WEIGHT = 0.6
"""What the score of the passage counts, as a share of the best one's."""
SIMILARITY_WEIGHT = 0.6
COMPARED = 24
"""Sentences that are compared by meaning, at most."""

_SHORT_CHARS, _LONG_CHARS = 25, 600
"""Headings and fragments are shorter, tables without a full stop longer."""
_ODD_LENGTH = 0.3
"""Taken off the score of those."""


def ranked_sentences(
    evidence: Sequence[Evidence], share: Callable[[Evidence], Share], similarity: Similarity | None = None
) -> list[Evidence]:
    """Every sentence of the evidence once, as evidence of its own, best first."""
    best = max((item.score for item in evidence), default=0.0) or 1.0
    # By identity: of one file, the whole and a range of pages have different offsets.
    found: dict[tuple[int, int, int], Evidence] = {}
    for item in evidence:
        share_of = share(item)
        document = item.document
        spans = [(item.start + start, item.start + end) for start, end in sentence_spans(item.text)]
        texts = [document.text[start:end] for start, end in spans]
        for (start, end), text, before, after in zip(spans, texts, ["", *texts], [*texts[1:], ""], strict=False):
            score = share_of(text) + NEAR_WEIGHT * share_of(before, text, after) + RANK_WEIGHT * item.score / best
            score -= _ODD_LENGTH * (not _SHORT_CHARS <= len(text) <= _LONG_CHARS)
            key = (id(document), start, end)
            if key not in found or found[key].score < score:
                found[key] = Evidence(document, start, end, score)
    ranked = sorted(found.values(), key=lambda sentence: -sentence.score)
    if similarity is None or not ranked:
        return ranked
    compared, rest = ranked[:COMPARED], ranked[COMPARED:]
    cosines = similarity([sentence.text for sentence in compared])
    nearer = [
        Evidence(s.document, s.start, s.end, s.score + SIMILARITY_WEIGHT * max(0.0, cosine))
        for s, cosine in zip(compared, cosines, strict=True)
    ]
    return [*sorted(nearer, key=lambda sentence: -sentence.score), *rest]
