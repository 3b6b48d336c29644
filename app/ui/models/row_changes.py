"""The rows that have to go and to come so that one list becomes another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Rows = tuple[int, int]
"""First and last row, both included."""

MOST_RANGES = 32
"""Each range costs every view a pass over its rows; where there are more, one new layout is cheaper."""


@dataclass(frozen=True, slots=True)
class RowChanges:
    """First what goes, last rows first, by old numbers; then what comes, first rows first, by new numbers."""

    removed: tuple[Rows, ...]
    inserted: tuple[Rows, ...]


def row_changes(old: Sequence[str], new: Sequence[str]) -> RowChanges | None:
    """How `old` becomes `new` (unique keys), or None where rows change places or too many ranges would."""
    olds, news = set(old), set(new)
    if [key for key in old if key in news] != [key for key in new if key in olds]:
        return None
    removed = ranges(row for row, key in enumerate(old) if key not in news)
    inserted = ranges(row for row, key in enumerate(new) if key not in olds)
    if len(removed) + len(inserted) > MOST_RANGES:
        return None
    return RowChanges(removed[::-1], inserted)


def ranges(rows: Iterable[int]) -> tuple[Rows, ...]:
    """Ascending rows as ranges of neighbours."""
    ascending = list(rows)
    if not ascending:
        return ()
    breaks = [place for place, (row, after) in enumerate(pairwise(ascending), start=1) if after != row + 1]
    starts, ends = [0, *breaks], [*breaks, len(ascending)]
    return tuple((ascending[start], ascending[end - 1]) for start, end in zip(starts, ends, strict=True))
