"""The sentences of the evidence that answer a question best, word for word."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from app.documents.evidence import Evidence
from app.documents.prose import wide_characters
from app.documents.sentences import sentence_spans

Share = Callable[..., float]
"""How much of the question some texts hold together, from 0 to 1."""
Similarity = Callable[[Sequence[str]], Sequence[float]]
"""Cosine of the question with each text, from a sentence encoder."""

NEAR_WEIGHT = 0.3
"""What the part of the question counts that a sentence and its neighbours hold: a subject is named once, then "it"."""
EARLY_WEIGHT = 0.02
"""What the part counts that a sentence's beginning holds: what a sentence is about stands first in it."""
RANK_WEIGHT = 0.6
"""What the score of the passage counts, as a share of the best one's."""
SIMILARITY_WEIGHT = 0.6
"""What the nearness in meaning counts, where there is an encoder."""
COMPARED = 24
"""Sentences that are compared by meaning, at most."""

_SHORT_CHARS, _LONG_CHARS = 25, 600
"""Headings and fragments are shorter, tables without a full stop longer; a character of Chinese counts as two."""
_HEADING_CHARS = 70
_BEGINNING_CHARS = 40
"""Or a third of the sentence, if that is more."""

_ODD = 0.3
"""Taken off the score for an odd length, and for a question: it answers none."""
_UNFINISHED = 0.2
"""For a short piece without an end: most are headings, captions and table cells, or announce what follows."""
_TITLE = 0.6
"""For the title of the section: what stands below it answers."""

_CLOSERS = r"[\"'”’»›)\]）」』】》〉*]*"
_END = re.compile(rf"(?:[.!?‽;。！？｡؟۔।॥։।]|(?<!\s)…){_CLOSERS}(?:\[[\d,–\s-]+\]|\d{{1,3}}|[⁰¹²³⁴-⁹]+)?$")
_QUESTION = re.compile(rf"[?？؟]{_CLOSERS}$")
_ITEM = re.compile(r"(?:[•●▪◦‣⁃–*-]|\(?\d{1,3}[.)])\s")
"""An item of a list says something without a full stop."""
_NUMBERING = re.compile(r"^[\W\d]+|\W+$")


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
        title = _unnumbered(item.section)
        spans = [(item.start + start, item.start + end) for start, end in sentence_spans(item.text)]
        texts = [document.text[start:end] for start, end in spans]
        for (start, end), text, before, after in zip(spans, texts, ["", *texts], [*texts[1:], ""], strict=False):
            score = share_of(text) + NEAR_WEIGHT * share_of(before, text, after) + RANK_WEIGHT * item.score / best
            score += EARLY_WEIGHT * share_of(text[: max(_BEGINNING_CHARS, len(text) // 3)]) - _oddness(text, title)
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


def _oddness(text: str, title: str) -> float:
    """What is taken off for a text that holds words of the question and seldom an answer; `title` of its section."""
    chars = len(text) + wide_characters(text)
    odd = _ODD * (not _SHORT_CHARS <= chars <= _LONG_CHARS) + _ODD * (_QUESTION.search(text) is not None)
    if chars <= _HEADING_CHARS and not _END.search(text) and not _ITEM.match(text):
        odd += _UNFINISHED
    return odd + _TITLE * (_unnumbered(text) == title)


def _unnumbered(text: str) -> str:
    """A heading without its number, to compare."""
    return " ".join(_NUMBERING.sub("", text).casefold().split())
