"""From ranked passages to evidence: repeats left out, neighbours joined."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.documents.evidence import Evidence
from app.documents.model import Document, Passage

SAME_SHARE = 0.85
"""Passages that share so many of their terms say the same: running texts of licences, chapters printed twice."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """A passage of a document and its score in one search; the higher the better."""

    document: Document
    passage: Passage
    score: float


def without_repeats(ranked: Iterable[Ranked], terms: Callable[[Ranked], frozenset[str]], *, limit: int) -> list[Ranked]:
    """The best passages that say something new, in their order.

    Those that hold nothing but the title of their section come last, if there is nothing else.
    """
    kept: list[Ranked] = []
    headings: list[Ranked] = []
    seen: list[frozenset[str]] = []
    for candidate in ranked:
        if len(kept) == limit:
            break
        own = terms(candidate)
        if not any(_alike(own, other) for other in seen):
            (headings if _only_heading(candidate) else kept).append(candidate)
            seen.append(own)
    return [*kept, *headings][:limit]


def _only_heading(candidate: Ranked) -> bool:
    title = candidate.document.sections[candidate.passage.section_index].title
    return bool(title) and _letters(candidate.passage.text) == _letters(title)


def _letters(text: str) -> str:
    """What a heading says without its number."""
    return "".join(character for character in text.casefold() if character.isalpha())


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) >= SAME_SHARE * len(one | other) > 0


def join_neighbours(ranked: Sequence[Ranked]) -> list[Evidence]:
    """Passages that follow one another in a section as one piece of evidence, best first."""
    # By identity: of one file, the whole and a range of pages have different offsets.
    documents = {id(found.document): place for place, found in reversed(list(enumerate(ranked)))}
    in_order = sorted(ranked, key=lambda found: (documents[id(found.document)], found.passage.start))
    joined: list[Evidence] = []
    last: Ranked | None = None
    for found in in_order:
        passage = found.passage
        if last is not None and _follows(last, found):
            before = joined.pop()
            score = max(before.score, found.score)
            joined.append(Evidence(found.document, before.start, max(before.end, passage.end), score))
        else:
            joined.append(Evidence(found.document, passage.start, passage.end, found.score))
        last = found
    return sorted(joined, key=lambda evidence: -evidence.score)


def _follows(last: Ranked, found: Ranked) -> bool:
    return (
        last.document is found.document
        and last.passage.section_index == found.passage.section_index
        and found.passage.id == last.passage.id + 1
    )
