"""What a search found inside conversations, as a list for views."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import IntEnum
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.text import folded
from app.services.shelf_rows import ShelfHit

AnyIndex = QModelIndex | QPersistentModelIndex

MATCH_BEGIN, MATCH_END = "\x02", "\x03"
LEAD_CHARACTERS = 40
"""So much of an excerpt stands before its first match at the most, so that the match is seen."""
EXCERPT_CHARACTERS = 400
QUERY_WORDS = 20
"""More of a query are not marked."""
_UNSPACED = re.compile("[\u2e80-\uffef]")

Span = tuple[int, int]


class HitRole(IntEnum):
    """What the model tells of a hit beside Qt's own roles."""

    HIT = Qt.ItemDataRole.UserRole + 1
    EXCERPT = Qt.ItemDataRole.UserRole + 2
    """(text, spans of its matches), see `parted`."""


class HitModel(QAbstractListModel):
    """Hits in the order in which they were given, best first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hits: tuple[ShelfHit, ...] = ()
        self._query = ""
        self._excerpts: dict[int, tuple[str, tuple[Span, ...]]] = {}

    def rowCount(self, parent: AnyIndex = QModelIndex()) -> int:  # noqa: N802, B008
        return 0 if parent.isValid() else len(self._hits)

    def data(self, index: AnyIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        hit = self._hits[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return hit.title
            case Qt.ItemDataRole.AccessibleTextRole:
                return f"{hit.title}: {self._excerpt(index.row())[0]}"
            case HitRole.HIT:
                return hit
            case HitRole.EXCERPT:
                return self._excerpt(index.row())
        return None

    def set_hits(self, hits: Sequence[ShelfHit], query: str = "") -> None:
        """Show what a query has found; another one has another list, so nothing is kept."""
        if (tuple(hits), query) != (self._hits, self._query):
            self.beginResetModel()
            self._hits, self._query = tuple(hits), query
            self._excerpts.clear()
            self.endResetModel()

    def _excerpt(self, row: int) -> tuple[str, tuple[Span, ...]]:
        if row not in self._excerpts:
            self._excerpts[row] = parted(self._hits[row].excerpt, self._query)
        return self._excerpts[row]


def parted(excerpt: str, query: str = "") -> tuple[str, tuple[Span, ...]]:
    """An excerpt on one line, and where its matches stand [start, end); what lies far before the first is cut.

    Where nothing is marked as a match, words are that begin with one of the query's.
    """
    text, begun = "", -1
    spans: list[Span] = []
    for piece in _pieces(" ".join(excerpt.split())):
        if piece == MATCH_BEGIN:
            begun = len(text)
        elif piece == MATCH_END:
            if 0 <= begun < len(text):
                spans.append((begun, len(text)))
            begun = -1
        else:
            text += piece
    spans = spans or _spans_of(query, text)
    cut = _lead(text, spans[0][0]) if spans else 0
    mark = "…" if cut else ""
    shift = len(mark) - cut
    shown = mark + text[cut:]
    limit = min(len(shown), EXCERPT_CHARACTERS)
    placed = ((start + shift, min(end + shift, limit)) for start, end in spans)
    return shown[:limit], tuple((start, end) for start, end in placed if start < end)


def _pieces(text: str) -> list[str]:
    marked = text.replace(MATCH_BEGIN, f"\0{MATCH_BEGIN}\0").replace(MATCH_END, f"\0{MATCH_END}\0")
    return [piece for piece in marked.split("\0") if piece]


def _lead(text: str, first_match: int) -> int:
    """How much is cut from the beginning: up to a space, if there is one within reach."""
    if first_match <= LEAD_CHARACTERS:
        return 0
    earliest = first_match - LEAD_CHARACTERS
    space = text.find(" ", earliest, first_match)
    return space + 1 if space >= 0 else earliest


def _spans_of(query: str, text: str) -> list[Span]:
    letters = [(letter, place) for place, plain in enumerate(text) for letter in folded(plain)]
    words = sorted(set(folded(query).split()[:QUERY_WORDS]), key=len, reverse=True)
    # Scripts without spaces have no beginnings of words.
    sought = [re.escape(word) if _UNSPACED.search(word) else rf"\b{re.escape(word)}\w*" for word in words]
    if not sought or not letters:
        return []
    found = re.finditer("|".join(sought), "".join(letter for letter, _ in letters))
    return [(letters[match.start()][1], letters[match.end() - 1][1] + 1) for match in found]
