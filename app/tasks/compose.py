"""From the notes of all parts to the summary of the document, in document order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np

from app.documents.model import Document
from app.documents.words import Lexicon
from app.tasks.budget import lines_per_part, summary_lines
from app.tasks.citations import verbatim
from app.tasks.extract import Candidate, Floats, candidates, centrality, choose, penalties, similarities, standard
from app.tasks.model import Line, SectionNotes, Style
from app.tasks.parts import Part, pieces

_T = TypeVar("_T")

MAX_CANDIDATES = 1500
"""Sentences compared with each other for the final choice: their similarities take n * n * 4 bytes."""
NOTED_BONUS = 0.5
"""In standard deviations: the final choice prefers what was chosen as a note, where the model had its say."""
UNSUPPORTED_PENALTY = 2.0
"""In standard deviations: a written line without a supporting quote comes in only where nothing better is."""


@dataclass(frozen=True, slots=True)
class _Ranked:
    """A sentence that the summary may take. rank: in standard deviations, among those of its part."""

    claim: Candidate
    rank: float
    is_noted: bool
    part_index: int


def compose_key_passages(
    document: Document, parts: Sequence[Part], sections: Sequence[SectionNotes], lexicon: Lexicon
) -> tuple[Line, ...]:
    """The best sentences of the whole document, word for word.

    Works from the text and the notes alone, so that a resumed summary ends like an uninterrupted one.
    """
    share = max(2, MAX_CANDIDATES // max(1, len(parts)))
    ranked: list[_Ranked] = []
    for part, section in zip(parts, sections, strict=True):
        own = _ranked(document, part, section, lexicon)
        ranked += _best(own, [-one.rank for one in own], share)
    ranked = _best(ranked, [-one.rank for one in ranked], MAX_CANDIDATES)
    lines = summary_lines(Style.KEY_PASSAGES, sum(part.tokens for part in parts))
    if not ranked:
        return _opening(document, parts, lines)
    claims = [one.claim for one in ranked]
    groups = [one.part_index for one in ranked]
    similar = similarities([claim.keys for claim in claims])
    scores = standard(centrality(similar)) - penalties(claims) + _bonuses([one.is_noted for one in ranked])
    chosen = choose(scores, similar, lines, groups=groups, per_group=lines_per_part(lines, len(set(groups))))
    return tuple(verbatim(document, claims[index].span) for index in chosen)


def _ranked(document: Document, part: Part, section: SectionNotes, lexicon: Lexicon) -> list[_Ranked]:
    """The sentences of a part in its order, each with what it says beside the others of the part."""
    claims = candidates(document, part, lexicon)
    if not claims:
        return []
    places = {(citation.page, citation.start) for line in section.notes for citation in line.citations}
    noted = [_place(document, claim.span[0]) in places for claim in claims]
    ranks = standard(centrality(similarities([claim.keys for claim in claims]))) + _bonuses(noted)
    return [
        _Ranked(claim, rank, is_noted, part.index)
        for claim, rank, is_noted in zip(claims, ranks.tolist(), noted, strict=True)
    ]


def _bonuses(noted: Sequence[bool]) -> Floats:
    return NOTED_BONUS * np.array(noted, dtype=np.float32)


def compose_written(
    parts: Sequence[Part], sections: Sequence[SectionNotes], style: Style, lexicon: Lexicon
) -> tuple[Line, ...]:
    """The written lines that say the most, supported ones first, no two of them the same."""
    share = max(1, MAX_CANDIDATES // max(1, len(sections)))
    said: list[tuple[Line, int]] = []
    for section in sections:
        notes = _best(list(section.notes), [not line.supported for line in section.notes], share)
        said += [(line, section.index) for line in notes]
    said = _best(said, [not line.supported for line, _ in said], MAX_CANDIDATES)
    lines = [line for line, _ in said]
    groups = [index for _, index in said]
    if not lines:
        return ()
    similar = similarities([lexicon.keys(line.text) for line in lines])
    scores = standard(centrality(similar))
    scores -= UNSUPPORTED_PENALTY * np.array([not line.supported for line in lines], dtype=np.float32)
    count = summary_lines(style, sum(part.tokens for part in parts))
    chosen = choose(scores, similar, count, groups=groups, per_group=lines_per_part(count, len(set(groups))))
    return tuple(lines[index] for index in chosen)


def _best(items: list[_T], costs: Sequence[float], limit: int) -> list[_T]:
    """The `limit` items of least cost, earlier ones where costs are equal, in the order they came in."""
    if len(items) <= limit:
        return items
    order = sorted(range(len(items)), key=lambda index: costs[index])
    return [items[index] for index in sorted(order[:limit])]


def _opening(document: Document, parts: Sequence[Part], count: int) -> tuple[Line, ...]:
    """What the document begins with, for one without a whole sentence of prose: a card, a form, a table."""
    spans = (piece.sentence for part in parts for piece in pieces(document, part.start, part.end))
    worded = (span for span in spans if any(character.isalpha() for character in document.text[slice(*span)]))
    return tuple(verbatim(document, span) for span in islice(worded, count))


def _place(document: Document, offset: int) -> tuple[int, int]:
    place = next(document.locate(offset, offset + 1), None)
    return (place.page, place.start) if place else (0, 0)
