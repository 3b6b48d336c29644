"""Sections that cover the whole document in order, from its outline, else its headings, else groups of pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.documents.model import Page, PageKind, Section

PageAt = Callable[[int], int]
"""Document offset -> page number."""

_GROUP_CHARS = 10_000
_MAX_TITLE = 200
_MAX_LEVEL = 6
FRONT_TITLE = "Beginning"
_TOKENS = re.compile(r"[^\W_]+")
_NUMBER_PREFIX = re.compile(
    r"[ \t]*(?:(?:chapter|part|section|appendix|§)?[ \t]*[\dIVXLCA-Z]{1,5}(?:\.\d+)*[.:)]?[ \t]*)?", re.IGNORECASE
)


_MAX_PREFIX = 40
"""Characters of a line that may stand before a title: a number. A line without end is not looked at for each match."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A place where a section begins: a document offset with a title."""

    title: str
    level: int
    start: int


def tidy_title(title: str) -> str:
    """A title on one line, of bounded length."""
    return " ".join(title.split())[:_MAX_TITLE].strip()


def find_title(text: str, title: str, hint: int) -> int | None:
    """The page offset at which a heading with this title begins: the one at a line's start nearest to `hint`.

    White space, punctuation, case and a leading number may differ. None where there is no such line.
    """
    tokens = _TOKENS.findall(title)[:12]
    if not tokens:
        return None
    exact = re.compile(r"[\W_]*".join(map(re.escape, tokens)), re.IGNORECASE)
    found = [start for match in exact.finditer(text) if (start := _line_start(text, match.start())) is not None]
    if not found and len(tokens) > 2 and re.fullmatch(r"[\dIVXLC]+|[A-Z]", tokens[0]):
        # The outline numbers its entries, the page does not.
        words = tokens[1:]
        while len(words) > 1 and words[0].isdigit():
            words = words[1:]
        loose = re.compile(r"[\W_]*".join(map(re.escape, words)), re.IGNORECASE)
        found = [start for match in loose.finditer(text) if (start := _line_start(text, match.start())) is not None]
    return min(found, key=lambda start: abs(start - hint), default=None)


def _line_start(text: str, position: int) -> int | None:
    """The start of the line that holds `position` if nothing but a number stands before it."""
    earliest = max(0, position - _MAX_PREFIX - 1)
    begin = text.rfind("\n", earliest, position) + 1
    if begin == 0 and earliest > 0:
        return None
    return begin if position == begin or _NUMBER_PREFIX.fullmatch(text, begin, position) else None


def sections_from_marks(marks: Sequence[Mark], text_length: int, page_at: PageAt) -> tuple[Section, ...]:
    """Sections between marks; what comes before the first mark becomes a section of its own."""
    ordered: list[Mark] = []
    for mark in sorted(marks, key=lambda mark: mark.start):
        if ordered and mark.start == ordered[-1].start:
            # Two titles at one place (a part and its first chapter): the inner one holds the text.
            ordered[-1] = Mark(mark.title or ordered[-1].title, mark.level, mark.start)
        elif 0 <= mark.start < text_length:
            ordered.append(mark)
    if not ordered or ordered[0].start > 0:
        ordered.insert(0, Mark(FRONT_TITLE, 1, 0))
    ends = [mark.start for mark in ordered[1:]] + [text_length]
    return tuple(
        Section(
            index=index,
            title=tidy_title(mark.title) or "(untitled)",
            level=max(1, min(_MAX_LEVEL, mark.level)),
            start=mark.start,
            end=end,
            page_from=page_at(mark.start),
            page_to=page_at(max(mark.start, end - 1)),
        )
        for index, (mark, end) in enumerate(zip(ordered, ends, strict=True))
    )


def page_group_marks(pages: Sequence[Page], starts: Sequence[int], kind: PageKind) -> list[Mark]:
    """Marks at every few pages, about 10,000 characters apart."""
    marks: list[Mark] = []
    group: list[int] = []
    letters = 0
    noun = "Page" if kind is PageKind.PAGE else "Part"
    for index, page in enumerate(pages):
        group.append(index)
        letters += len(page.text)
        if letters >= _GROUP_CHARS or index == len(pages) - 1:
            first, last = pages[group[0]].number, pages[group[-1]].number
            title = f"{noun} {first}" if first == last else f"{noun}s {first}–{last}"
            marks.append(Mark(title, 1, starts[group[0]]))
            group, letters = [], 0
    return marks
