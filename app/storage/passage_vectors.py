"""The vectors of passages, in batches as they were made: few rows to read for a search."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from app.storage.database import Database
from app.storage.passage_index import PassageText


@dataclass(frozen=True, slots=True)
class VectorBatch:
    """Vectors of some passages of a reading: their numbers, and as many packed vectors one after the other."""

    reading_id: int
    numbers: tuple[int, ...]
    vectors: bytes


class PassageVectors:
    """Vectors in the library database, by encoder."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def batches(self, reading_ids: Sequence[int], encoder: str) -> list[VectorBatch]:
        """All vectors of some readings; where a passage has two, the later one is as good."""
        rows = self._database.rows(
            "SELECT reading_id, numbers, vectors FROM passage_vectors"
            " WHERE reading_id IN (SELECT value FROM json_each(?)) AND encoder = ? ORDER BY reading_id, id",
            [json.dumps(list(reading_ids)), encoder],
        )
        return [VectorBatch(row["reading_id"], tuple(json.loads(row["numbers"])), row["vectors"]) for row in rows]

    def missing(self, reading_id: int, encoder: str, *, limit: int) -> list[PassageText]:
        """The first passages of a reading that have no vector of an encoder."""
        rows = self._database.rows(
            "SELECT id AS row, number, text, '' AS section FROM passages WHERE reading_id = ? AND number NOT IN"
            " (SELECT made.value FROM passage_vectors, json_each(numbers) AS made WHERE reading_id = ? AND encoder = ?)"
            " ORDER BY number LIMIT ?",
            [reading_id, reading_id, encoder, limit],
        )
        return [PassageText(**row) for row in rows]

    def texts(self, rows: Sequence[int]) -> dict[int, str]:
        """The text of some passages by row id; one that is gone meanwhile is left out."""
        found = self._database.rows(
            "SELECT id, text FROM passages WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(rows))]
        )
        return {row["id"]: row["text"] for row in found}

    def add(self, reading_id: int, encoder: str, rows: Sequence[tuple[int, str, bytes]]) -> VectorBatch:
        """Keep the vectors of a reading's passages: number, text, vector. Returns those that were kept.

        One of a passage that is another now is left out. The text tells: SQLite gives the id of a deleted reading to
        the next one.
        """
        with self._database.transaction() as db:
            texts = dict(
                db.execute(
                    "SELECT number, text FROM passages WHERE reading_id = ?"
                    " AND number IN (SELECT value FROM json_each(?))",
                    [reading_id, json.dumps([number for number, _, _ in rows])],
                ).fetchall()
            )
            kept = [(number, vector) for number, text, vector in rows if texts.get(number) == text]
            batch = VectorBatch(reading_id, tuple(n for n, _ in kept), b"".join(vector for _, vector in kept))
            if kept:
                db.execute(
                    "INSERT INTO passage_vectors (reading_id, encoder, numbers, vectors) VALUES (?, ?, ?, ?)",
                    [reading_id, encoder, json.dumps(batch.numbers), batch.vectors],
                )
        return batch
