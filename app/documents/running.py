"""Running headers, footers and page numbers: lines at a page's edge that its neighbours repeat."""

from __future__ import annotations

import re
from collections.abc import Sequence

from app.documents.raw import Line, RawPage

_EDGE_LINES = 3
_NEIGHBOURS = 6
"""How many pages on either side are looked at: headers alternate left and right and change with the chapter."""
_MIN_REPEATS = 2
_TOLERANCE = 6.0
"""Points by which the height of a header may differ between pages."""
_NUMBER = re.compile(r"\d+|\b[ivxlcdm]+\b")
_SPACES = re.compile(r"\s+")

_Edge = tuple[str, float]


def _key(text: str) -> str:
    return _SPACES.sub(" ", _NUMBER.sub("#", text.lower())).strip()


def _edge_lines(page: RawPage, *, bottom: bool) -> list[Line]:
    """The outermost lines of a page, from the edge inwards."""
    if bottom:
        return sorted(page.lines, key=lambda line: -line.bottom)[: _EDGE_LINES + 1]
    return sorted(page.lines, key=lambda line: line.top)[: _EDGE_LINES + 1]


def drop_running_lines(pages: Sequence[RawPage]) -> list[tuple[Line, ...]]:
    """For each page its lines without running headers, footers and page numbers."""
    dropped: list[set[int]] = [set() for _ in pages]
    for bottom in (False, True):
        edges = [_edge_lines(page, bottom=bottom) for page in pages]
        keys: list[list[_Edge]] = [
            [(_key(line.text), line.bottom if bottom else line.top) for line in edge] for edge in edges
        ]
        for index, edge in enumerate(edges):
            for place, line in enumerate(edge[:_EDGE_LINES]):
                inner = edge[place + 1] if place + 1 < len(edge) else None
                if not _stands_apart(line, inner) or not _repeated(keys, index, keys[index][place]):
                    break
                dropped[index].add(id(line))
    return [
        tuple(line for line in page.lines if id(line) not in gone) for page, gone in zip(pages, dropped, strict=True)
    ]


def _stands_apart(line: Line, inner: Line | None) -> bool:
    """Whether white space or another size of type parts the line from the text; the head of a table does not."""
    if inner is None:
        return True
    if min(line.bottom, inner.bottom) - max(line.top, inner.top) > 0:  # another piece of the same header
        return True
    gap = max(inner.top - line.bottom, line.top - inner.bottom)
    size = min(line.size, inner.size)
    return gap > 0.45 * size or max(line.size, inner.size) > 1.1 * size


def _repeated(keys: list[list[_Edge]], index: int, edge: _Edge) -> bool:
    key, height = edge
    repeats = 0
    for other in range(max(0, index - _NEIGHBOURS), min(len(keys), index + _NEIGHBOURS + 1)):
        if other != index and any(
            key == other_key and abs(height - other_height) < _TOLERANCE for other_key, other_height in keys[other]
        ):
            repeats += 1
    return repeats >= _MIN_REPEATS
