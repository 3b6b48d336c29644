"""From sections to parts: the stretches of a document after which notes are written.

A section that does not fit the window is divided at paragraph ends (then sentence ends) into parts of about equal
length; very small neighbouring sections are joined. Parts in order cover the document without gap or overlap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from app.documents.model import Document, Section
from app.documents.prose import is_boilerplate_title
from app.documents.sentences import sentence_spans
from app.tasks.budget import Budget

TextSpan = tuple[int, int]
Tokenize = Callable[[str], list[int]]

MAX_PIECE = 1500
"""Longest piece in characters: text without sentence ends (tables, listings) is cut at white space before it."""


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the document, half open in document offsets. Notes are written unless it is boilerplate."""

    index: int
    title: str
    start: int
    end: int
    tokens: int
    boilerplate: bool


@dataclass(frozen=True, slots=True)
class Piece:
    """What is tokenised at once: a sentence with the white space before it, and the sentence alone."""

    start: int
    end: int
    sentence: TextSpan


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A section, or sections joined, on the way to becoming parts; `ends` are candidates for a cut."""

    sections: tuple[Section, ...]
    ends: tuple[int, ...]
    counts: tuple[int, ...]
    boilerplate: bool

    @property
    def tokens(self) -> int:
        return sum(self.counts)


def pieces(document: Document, start: int, end: int) -> Iterator[Piece]:
    """The stretch [start, end) cut into pieces, in order and without gap: joined, they are the text itself."""
    position = start
    text = document.text[start:end]
    spans = [short for span in sentence_spans(text) for short in _shortened(text, span)]
    for number, (low, high) in enumerate(spans):
        stop = end if number == len(spans) - 1 else start + high
        yield Piece(position, stop, (start + low, start + high))
        position = stop
    if position < end:
        yield Piece(position, end, (position, position))


def plan_parts(document: Document, tokenize: Tokenize, budget: Budget) -> list[Part]:
    """The parts of a document. Counts tokens but keeps none: a large document's ids would fill the memory."""
    parts: list[Part] = []
    for stretch in _join((_measure(document, section, tokenize) for section in document.sections), budget):
        cuts = _cut(document, stretch, budget.part)
        title = _title(stretch.sections)
        start = stretch.sections[0].start
        for number, (end, tokens) in enumerate(cuts, start=1):
            name = f"{title} ({number} of {len(cuts)})" if len(cuts) > 1 else title
            parts.append(Part(len(parts), name, start, end, tokens, stretch.boilerplate))
            start = end
    return parts


def _shortened(text: str, span: TextSpan) -> Iterator[TextSpan]:
    start, end = span
    while end - start > MAX_PIECE:
        space = max(text.rfind(" ", start + 1, start + MAX_PIECE), text.rfind("\n", start + 1, start + MAX_PIECE))
        cut = space if space > 0 else start + MAX_PIECE
        yield start, cut
        start = cut
    yield start, end


def _measure(document: Document, section: Section, tokenize: Tokenize) -> _Stretch:
    ends: list[int] = []
    counts: list[int] = []
    for piece in pieces(document, section.start, section.end):
        ends.append(piece.end)
        counts.append(len(tokenize(document.text[piece.start : piece.end])))
    return _Stretch((section,), tuple(ends), tuple(counts), is_boilerplate_title(section.title))


def _join(stretches: Iterator[_Stretch], budget: Budget) -> Iterator[_Stretch]:
    held: _Stretch | None = None
    for stretch in stretches:
        if held is None:
            held = stretch
            continue
        deeper = stretch.sections[0].level - held.sections[0].level
        # What ends a chapter joins the next chapter only when it is next to nothing.
        small = held.tokens < (budget.join_below if deeper >= 0 else budget.join_below // 4) or (
            stretch.tokens < budget.join_below and deeper > 0
        )
        empty = not held.tokens or not stretch.tokens
        alike = held.boilerplate == stretch.boilerplate
        if empty or (small and alike and held.tokens + stretch.tokens <= budget.part):
            held = _Stretch(
                held.sections + stretch.sections,
                held.ends + stretch.ends,
                held.counts + stretch.counts,
                (held.boilerplate or not held.tokens) and (stretch.boilerplate or not stretch.tokens),
            )
        else:
            yield held
            held = stretch
    if held is not None:
        yield held


def _title(sections: Sequence[Section]) -> str:
    titled = [section for section in sections if section.title]
    if not titled:
        return ""
    first, last = titled[0], titled[-1]
    if len(titled) == 1 or all(section.level > first.level for section in titled[1:]):
        return first.title
    return f"{first.title} – {last.title}"


def _cut(document: Document, stretch: _Stretch, limit: int) -> list[tuple[int, int]]:
    """Ends and token counts of parts of at most `limit` tokens (a single piece longer than that stays whole)."""
    cuts: list[tuple[int, int]] = []
    first, count = 0, len(stretch.counts)
    end_of_all = stretch.sections[-1].end
    totals = [0, *accumulate(stretch.counts)]
    while first < count and totals[count] - totals[first] > limit:
        rest = totals[count] - totals[first]
        target = rest / -(-rest // limit)
        fitting = [k for k in range(first + 1, count) if totals[k] - totals[first] <= limit] or [first + 1]
        paragraphs = [
            k
            for k in fitting
            if totals[k] - totals[first] >= 0.6 * target and _ends_paragraph(document, stretch.ends[k - 1])
        ]
        start = first
        chosen = min(paragraphs or fitting, key=lambda k: abs(totals[k] - totals[start] - target))
        cuts.append((stretch.ends[chosen - 1], totals[chosen] - totals[first]))
        first = chosen
    cuts.append((end_of_all, totals[count] - totals[first]))
    return cuts if len(cuts) < 2 or cuts[-1][1] else [*cuts[:-2], (end_of_all, cuts[-2][1])]


def _ends_paragraph(document: Document, end: int) -> bool:
    gap = document.text[end : end + 40]
    white = gap[: len(gap) - len(gap.lstrip())]
    return white.count("\n") > 1
