"""The index over passages: their search terms, and what a match in each is worth.

It is filled in steps, each a transaction, so that what was done before a crash is not done again. A reading whose index
was made by another version, or never, has none until it is filled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.storage.database import Database

TITLE_WEIGHT = 0.5
"""What a term of the section's title counts beside one of the passage's own."""


@dataclass(frozen=True, slots=True)
class IndexedReading:
    """How far a reading is indexed: `done` of `total` passages, by `version`, in `language`."""

    id: int
    document_id: str
    page_range: str
    version: str
    language: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class PassageText:
    """A passage that is to be indexed; `row` is its row id, `section` the title of its section."""

    row: int
    number: int
    text: str
    section: str


@dataclass(frozen=True, slots=True)
class IndexRow:
    """A passage's terms and its section title's, parted by spaces, and what a match in it is worth."""

    row: int
    terms: str
    title: str
    weight: float


@dataclass(frozen=True, slots=True)
class TermHit:
    """A passage that holds some of the terms: its reading, its number there, its row id; higher scores are better."""

    reading_id: int
    number: int
    row: int
    score: float


class PassageIndex:
    """Terms of passages in the library database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def reading(self, document_id: str, page_range: str) -> IndexedReading | None:
        """The state of one reading's index; None where the library has no such reading."""
        rows = self._database.rows(
            "SELECT id, document_id, page_range, index_version AS version, language, passages_indexed AS done,"
            " (SELECT count(*) FROM passages WHERE reading_id = readings.id) AS total"
            " FROM readings WHERE document_id = ? AND page_range = ?",
            [document_id, page_range],
        )
        return IndexedReading(**rows[0]) if rows else None

    def begin(self, reading_id: int, *, version: str, language: str) -> None:
        """Make a reading's index one of this version; what another version made of it is dropped first."""
        with self._database.transaction() as db:
            found = db.execute("SELECT index_version FROM readings WHERE id = ?", [reading_id]).fetchone()
            if found is None or found[0] == version:
                return
            db.execute(
                "DELETE FROM passage_terms WHERE rowid IN (SELECT id FROM passages WHERE reading_id = ?)", [reading_id]
            )
            db.execute("UPDATE passages SET weight = 1 WHERE reading_id = ? AND weight <> 1", [reading_id])
            db.execute(
                "UPDATE readings SET index_version = ?, language = ?, passages_indexed = 0 WHERE id = ?",
                [version, language, reading_id],
            )

    def unindexed(self, reading_id: int, *, limit: int) -> list[PassageText]:
        """The next passages of a reading that are not in its index."""
        rows = self._database.rows(
            "SELECT passages.id AS row, passages.number, passages.text, coalesce(sections.title, '') AS section"
            " FROM passages JOIN readings ON readings.id = passages.reading_id"
            " LEFT JOIN sections ON sections.reading_id = readings.id AND sections.position = passages.section_index"
            " WHERE readings.id = ? AND passages.number >= readings.passages_indexed"
            " ORDER BY passages.number LIMIT ?",
            [reading_id, limit],
        )
        return [PassageText(**row) for row in rows]

    def add(self, reading_id: int, rows: Sequence[IndexRow], *, version: str, first: int) -> bool:
        """Add the passages from number `first` on; False where another program has done so or begun anew meanwhile."""
        with self._database.transaction() as db:
            found = db.execute(
                "SELECT index_version, passages_indexed FROM readings WHERE id = ?", [reading_id]
            ).fetchone()
            if found != (version, first):
                return False
            db.conn.executemany(
                "INSERT INTO passage_terms (rowid, terms, title, reading) VALUES (?, ?, ?, ?)",
                [(row.row, row.terms, row.title, _scope(reading_id)) for row in rows],
            )
            db.conn.executemany(
                "UPDATE passages SET weight = ? WHERE id = ?",
                [(row.weight, row.row) for row in rows if row.weight != 1],
            )
            db.execute("UPDATE readings SET passages_indexed = ? WHERE id = ?", [first + len(rows), reading_id])
        return True

    def search(self, match: str, reading_ids: Sequence[int], *, limit: int) -> list[TermHit]:
        """The passages of some readings that match, best first: BM25 times what a match in the passage is worth.

        match: terms in FTS5's query language.
        """
        if not reading_ids:
            return []
        scope = " OR ".join(f'"{_scope(reading)}"' for reading in reading_ids)
        rows = self._database.rows(
            "SELECT passages.reading_id, passages.number, passages.id AS row,"
            f" -bm25(passage_terms, 1.0, {TITLE_WEIGHT}, 0.0) * passages.weight AS score"
            " FROM passage_terms CROSS JOIN passages ON passages.id = passage_terms.rowid"
            " WHERE passage_terms MATCH ? ORDER BY score DESC, passages.reading_id, passages.number LIMIT ?",
            [f"{{terms title}} : ({match}) AND reading : ({scope})", limit],
        )
        return [TermHit(**row) for row in rows]

    def document_frequency(self, match: str, reading_ids: Sequence[int]) -> int:
        """How many passages of some readings hold a term in their text. match: as for `search`."""
        if not reading_ids:
            return 0
        scope = " OR ".join(f'"{_scope(reading)}"' for reading in reading_ids)
        rows = self._database.rows(
            "SELECT count(*) AS n FROM passage_terms WHERE passage_terms MATCH ?",
            [f"terms : ({match}) AND reading : ({scope})"],
        )
        return int(rows[0]["n"])


def _scope(reading_id: int) -> str:
    # No word is a term with a dot in it, so that none is counted for a reading's mark.
    return f"r.{reading_id}"
