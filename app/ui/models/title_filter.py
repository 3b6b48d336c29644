"""Titles filtered by the words that the user types: in any order, whatever their case and accents."""

from __future__ import annotations

from app.core.text import folded


class TitleFilter:
    """Accepts titles that hold all words of a query; an empty query accepts every title."""

    def __init__(self, query: str = "") -> None:
        self._words = tuple(folded(query).split())

    def __bool__(self) -> bool:
        return bool(self._words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TitleFilter) and other._words == self._words

    def __hash__(self) -> int:
        return hash(self._words)

    def accepts(self, folded_title: str) -> bool:
        """Whether a title, as `folded` gives it, holds every word or part of a word."""
        return all(word in folded_title for word in self._words)
