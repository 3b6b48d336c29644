"""Passages: stretches of about 900 characters that begin and end with sentences and stay within one section.

Each begins with the last sentences of the one before it, so that what two sentences say together stands in one passage.
"""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from app.documents.model import Document, Passage, Section
from app.documents.sentences import sentence_spans

TARGET_CHARS = 900
OVERLAP_CHARS = 200
"""Most that a passage repeats of the one before it; whole sentences only."""
_NEW_CHARS = TARGET_CHARS - OVERLAP_CHARS // 2
"""What a passage aims to add: on average half of what may be repeated is."""
_MIN_CHARS = 500
"""A paragraph's end closes a passage from here on."""
_MAX_CHARS = 1200
_MAX_SENTENCE = 1500
"""A longer 'sentence' (a table, a list without full stops) is cut at line or word ends."""

Span = tuple[int, int]


def split_passages(document: Document) -> list[Passage]:
    """The document's passages in order: together they hold every sentence of every section."""
    passages: list[Passage] = []
    for section in document.sections:
        for start, end in _section_spans(document.text, section):
            passages.append(
                Passage(
                    id=len(passages),
                    text=document.text[start:end],
                    start=start,
                    end=end,
                    page_from=document.page_at(start),
                    page_to=document.page_at(end - 1),
                    section_index=section.index,
                )
            )
    return passages


def _section_spans(text: str, section: Section) -> list[Span]:
    body = text[section.start : section.end]
    sentences = [
        (section.start + start, section.start + end)
        for sentence in sentence_spans(body)
        for start, end in _short_spans(body, sentence)
    ]
    spans: list[Span] = []
    begin: int | None = None
    last = 0
    for start, end in sentences:
        if begin is not None and _closes(text, begin, last, start, end):
            spans.append((begin, last))
            begin = None
        if begin is None:
            begin = start
        last = end
    if begin is not None:
        # A short rest joins its neighbour rather than stand alone.
        if spans and last - begin < 200 and last - spans[-1][0] <= _MAX_CHARS:
            begin = spans.pop()[0]
        spans.append((begin, last))
    return _overlapping(spans, [start for start, _ in sentences])


def _overlapping(spans: list[Span], starts: list[int]) -> list[Span]:
    """The spans, each but the first begun as many sentences earlier as OVERLAP_CHARS allows."""
    return [
        *spans[:1],
        *(
            (starts[bisect_left(starts, max(before[0] + 1, start - OVERLAP_CHARS))], end)
            for before, (start, end) in pairwise(spans)
        ),
    ]


def _closes(text: str, begin: int, last: int, start: int, end: int) -> bool:
    """Whether the passage [begin, last) ends before the sentence [start, end)."""
    length = last - begin
    longer = end - begin
    if longer - _NEW_CHARS > _NEW_CHARS - length or longer > _MAX_CHARS:
        return True  # the passage is nearer to its target without the sentence
    at_paragraph_end = "\n\n" in text[last:start]
    return at_paragraph_end and length >= _MIN_CHARS and longer > _NEW_CHARS


def _short_spans(text: str, sentence: Span) -> list[Span]:
    """A sentence, or the pieces of an endless one."""
    start, end = sentence
    spans: list[Span] = []
    while end - start > _MAX_SENTENCE:
        limit = start + TARGET_CHARS
        cut = text.rfind("\n", start + TARGET_CHARS // 2, limit)
        if cut < 0:
            cut = text.rfind(" ", start + TARGET_CHARS // 2, limit)
        if cut < 0:
            cut = limit
        spans.append((start, cut))
        start = cut
        while start < end and text[start].isspace():
            start += 1
    spans.append((start, end))
    return spans
