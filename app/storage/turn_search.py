"""Full-text search of all conversations, as the user types: what each word is, and which turns and titles hold it.

In steps, the next only where the last found nothing: all words (BM25 over Porter stems, the last word also as the
beginning of a word), any word, any piece of a word. Text in scripts without spaces between words is searched by
pairs of its characters, as passages are (app/storage/documents.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.core.text import folded
from app.storage.database import Database
from app.storage.search_terms import character_pairs, is_unspaced, quoted, words

SNIPPET_WORDS = 16
_SNIPPET_CHARACTERS = 90
"""About as many words, for text found without the index."""


@dataclass(frozen=True, slots=True)
class TurnHit:
    """A turn found by a search, or a title (`turn_id` None, `role` ''); the higher score is the better match."""

    conversation_id: str
    title: str
    turn_id: int | None
    role: str
    snippet: str
    """About 16 words around what was found, on one line, with an ellipsis where text was left out."""
    score: float


def search_turns(database: Database, query: str, *, limit: int, with_deleted: bool = False) -> list[TurnHit]:
    """Titles, then turns, that hold the query's words, best first; none for a query without words."""
    found = words(query)
    if not found or limit < 1:
        return []
    search = _Search(database, limit, "" if with_deleted else " AND conversations.deleted_at IS NULL")
    if is_unspaced(query):
        terms = character_pairs(found)
        return search.pieces(terms, every=True) or search.pieces(terms, every=False)
    begun = f"{quoted(found[-1])} OR {quoted(found[-1])}*"
    whole = [quoted(word) for word in found[:-1]]
    return (
        search.indexed(" AND ".join([*whole, f"({begun})"]), found, every=True)
        or (search.indexed(" OR ".join([*whole, begun]), found, every=False) if whole else [])
        # A stem hides what is being typed: "running" is indexed as "run", which does not begin with "runni".
        or search.pieces(character_pairs(found), every=False)
    )


class _Search:
    """One query's ways to search: each gives the hits of titles and turns together, best first."""

    def __init__(self, database: Database, limit: int, seen: str) -> None:
        self._database = database
        self._limit = limit
        self._seen = seen

    def indexed(self, match: str, terms: Sequence[str], *, every: bool) -> list[TurnHit]:
        """By the full-text index, with the query in its language."""
        # CROSS keeps the index outside, which then gives its rows in order of rank: the snippets of `limit` only.
        rows = self._database.rows(
            "SELECT turns.id, turns.conversation_id, turns.role, conversations.title, -turns_fts.rank AS score,"
            f" snippet(turns_fts, 0, '', '', '…', {SNIPPET_WORDS}) AS snippet"
            " FROM turns_fts CROSS JOIN turns ON turns.id = turns_fts.rowid"
            " CROSS JOIN conversations ON conversations.id = turns.conversation_id"
            f" WHERE turns_fts MATCH ?{self._seen} ORDER BY turns_fts.rank LIMIT ?",
            [match, self._limit],
        )
        return self._together(terms, every, [_hit(row, row["snippet"], row["score"]) for row in rows])

    def pieces(self, terms: Sequence[str], *, every: bool) -> list[TurnHit]:
        """By the number of terms that stand anywhere in a turn, newest first among equals: reads all text."""
        tests = [f"(instr({'turns.text' if is_unspaced(term) else 'lower(turns.text)'}, ?) > 0)" for term in terms]
        held = "1" if every else " + ".join(tests)
        rows = self._database.rows(
            f"SELECT * FROM (SELECT turns.id, turns.conversation_id, turns.role, turns.text, conversations.title,"
            f" {held} AS score FROM turns JOIN conversations ON conversations.id = turns.conversation_id"
            f" WHERE {' AND '.join(tests) if every else '1'}{self._seen})"
            " WHERE score > 0 ORDER BY score DESC, id DESC LIMIT ?",
            [*terms, self._limit],
        )
        hits = [_hit(row, _around(row["text"], terms), len(terms) if every else row["score"]) for row in rows]
        return self._together(terms, every, hits)

    def _together(self, terms: Sequence[str], every: bool, turns: list[TurnHit]) -> list[TurnHit]:
        """A title that holds every term stands before all turns, one that holds some of them among the turns."""
        best = max((hit.score for hit in turns), default=1.0)
        sought = [folded(term) for term in terms]
        titles = []
        for row in self._database.rows(
            f"SELECT id, title FROM conversations WHERE 1{self._seen} ORDER BY updated_at DESC, rowid DESC"
        ):
            title = folded(row["title"])
            held = sum(term in title for term in sought)
            if held and (held == len(sought) or not every):
                score = best + 1.0 if held == len(sought) else best * held / len(sought)
                titles.append(TurnHit(row["id"], row["title"], None, "", _line(row["title"]), score))
        return sorted([*titles, *turns], key=lambda hit: -hit.score)[: self._limit]


def _hit(row: dict[str, Any], snippet: str, score: float) -> TurnHit:
    return TurnHit(row["conversation_id"], row["title"], row["id"], row["role"], _line(snippet), float(score))


def _around(text: str, terms: Sequence[str]) -> str:
    """Text around the first of the terms, cut at spaces where there are some near."""
    low = text.lower()
    first = min((at for term in terms if (at := low.find(term)) >= 0), default=0)
    start = max(0, first - _SNIPPET_CHARACTERS // 3)
    end = min(len(text), start + _SNIPPET_CHARACTERS)
    if start > 0 and (space := text.find(" ", start, first)) >= 0:
        start = space + 1
    if end < len(text) and (space := text.rfind(" ", first + 1, end)) >= 0:
        end = space
    return f"{'…' if start > 0 else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def _line(text: str) -> str:
    return " ".join(text.split())
