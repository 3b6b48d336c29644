"""Running headers, footers and page numbers: lines at a page's edge that its neighbours repeat."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from app.documents.raw import Line, RawPage

_EDGE_LINES = 3
_NEIGHBOURS = 6
"""How many pages on either side are looked at: headers alternate left and right and change with the chapter."""
_MIN_REPEATS = 2
_TOLERANCE = 6.0
"""Points by which the height of a header may differ between pages."""
_MIN_SHARED_LETTERS = 8
_NUMBER = re.compile(r"\d+|\b[ivxlcdm]+\b")
_DIGITS = re.compile(r"(?<!\d)[0-9]{1,5}(?!\d)")


@dataclass(frozen=True, slots=True)
class _Edge:
    """What one line at a page's edge can be recognised by on other pages."""

    line: Line
    height: float
    words: tuple[str, ...]
    """Its words, every number replaced by #."""
    offsets: frozenset[int]
    """Each number in it less the page's own: equal from page to page where it is the page number."""


def _edges(page: RawPage, *, bottom: bool) -> list[_Edge]:
    """The outermost lines of a page, from the edge inwards."""
    ordered = sorted(page.lines, key=lambda line: -line.bottom if bottom else line.top)
    return [
        _Edge(
            line=line,
            height=line.bottom if bottom else line.top,
            words=tuple(_NUMBER.sub("#", line.text.lower()).split()),
            offsets=frozenset(int(digits) - page.number for digits in _DIGITS.findall(line.text)),
        )
        for line in ordered[: _EDGE_LINES + 1]
    ]


def drop_running_lines(pages: Sequence[RawPage]) -> list[tuple[Line, ...]]:
    """For each page its lines without running headers, footers and page numbers."""
    dropped: list[set[int]] = [set() for _ in pages]
    for bottom in (False, True):
        edges = [_edges(page, bottom=bottom) for page in pages]
        for index, edge in enumerate(edges):
            for place, outer in enumerate(edge[:_EDGE_LINES]):
                inner = edge[place + 1].line if place + 1 < len(edge) else None
                if not _stands_apart(outer.line, inner) or not _repeated(edges, index, outer):
                    break
                dropped[index].add(id(outer.line))
    kept = [
        tuple(line for line in page.lines if id(line) not in gone) for page, gone in zip(pages, dropped, strict=True)
    ]
    emptied = sum(1 for page, lines in zip(pages, kept, strict=True) if page.lines and not lines)
    if emptied > len(pages) / 2:  # slides or labels that repeat: what repeats is the text
        return [page.lines for page in pages]
    return kept


def _stands_apart(line: Line, inner: Line | None) -> bool:
    """Whether white space or another size of type parts the line from the text; the head of a table does not."""
    if inner is None:
        return True
    if min(line.bottom, inner.bottom) - max(line.top, inner.top) > 0:  # another piece of the same header
        return True
    gap = max(inner.top - line.bottom, line.top - inner.bottom)
    size = min(line.size, inner.size)
    return gap > 0.45 * size or max(line.size, inner.size) > 1.1 * size


def _repeated(edges: list[list[_Edge]], index: int, edge: _Edge) -> bool:
    repeats = 0
    for other in range(max(0, index - _NEIGHBOURS), min(len(edges), index + _NEIGHBOURS + 1)):
        repeats += other != index and any(_alike(edge, candidate) for candidate in edges[other])
    return repeats >= _MIN_REPEATS


def _alike(one: _Edge, other: _Edge) -> bool:
    """Same place, and the same words, the same page number, or two words in common at either end (a chapter's name
    beside a section's)."""
    if abs(one.height - other.height) > _TOLERANCE:
        return False
    if one.words == other.words or not one.offsets.isdisjoint(other.offsets):
        return True
    return any(
        len(ours) == 2 and ours == theirs and sum(map(len, ours)) >= _MIN_SHARED_LETTERS
        for ours, theirs in ((one.words[:2], other.words[:2]), (one.words[-2:], other.words[-2:]))
    )
