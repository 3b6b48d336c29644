"""Summary jobs: what is finished of a summary, part by part, each part committed at once.

A job is found again by its key. Summaries made anew are new rows; the older ones of the same key go when
the new one is finished, so an interrupted second run never costs the first one's result.
Notes, lines and statistics are JSON made by services.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.storage.database import Database


@dataclass(frozen=True, slots=True)
class SummaryKey:
    """All that a summary's text depends on: the same key may re-use the same notes."""

    document_id: str
    model_fingerprint: str
    style: str
    page_range: str
    options: str
    """Versions of the reader and of the summary task, and their settings."""


@dataclass(frozen=True, slots=True)
class SummaryRecord:
    """One job. `parts` are the JSON notes of parts 0..n-1; the other JSON texts are '' until they are known."""

    id: str
    key: SummaryKey
    finished: bool
    model_name: str
    parts_total: int
    runs: int
    parts: tuple[str, ...]
    usage: str
    lines: str
    sections: str
    stats: str
    started_at: float
    updated_at: float


class SummaryStore:
    """Summary jobs in the library database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def newest(self, key: SummaryKey) -> SummaryRecord | None:
        """The job begun last for this key, running or finished."""
        rows = self._database.rows(
            "SELECT * FROM summaries WHERE document_id = ? AND model_fingerprint = ? AND style = ? AND page_range = ?"
            " AND options = ? ORDER BY started_at DESC, rowid DESC LIMIT 1",
            [key.document_id, key.model_fingerprint, key.style, key.page_range, key.options],
        )
        return self._record(rows[0]) if rows else None

    def begin(self, job_id: str, key: SummaryKey, *, model_name: str, now: float) -> None:
        """Open a new job; an unfinished older one of the same key is dropped, a finished one stays for now."""
        with self._database.transaction() as db:
            db.execute(
                "DELETE FROM summaries WHERE document_id = ? AND model_fingerprint = ? AND style = ?"
                " AND page_range = ? AND options = ? AND state = 'running'",
                [key.document_id, key.model_fingerprint, key.style, key.page_range, key.options],
            )
            db.execute(
                "INSERT INTO summaries (id, document_id, model_fingerprint, style, page_range, options, state,"
                " model_name, parts_total, runs, usage, lines, sections, stats, started_at, updated_at)"
                " VALUES (?, ?, ?, ?, ?, ?, 'running', ?, 0, 1, '', '', '', '', ?, ?)",
                [
                    job_id,
                    key.document_id,
                    key.model_fingerprint,
                    key.style,
                    key.page_range,
                    key.options,
                    model_name,
                    now,
                    now,
                ],
            )

    def reopen(self, job_id: str, *, now: float) -> None:
        """Count one more run of an unfinished job."""
        with self._database.transaction() as db:
            db.execute("UPDATE summaries SET runs = runs + 1, updated_at = ? WHERE id = ?", [now, job_id])

    def add_part(self, job_id: str, position: int, notes: str, *, parts_total: int, usage: str, now: float) -> None:
        """Commit the notes of one part together with the totals of tokens and seconds so far."""
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO summary_parts VALUES (?, ?, ?, ?)", [job_id, position, notes, now])
            db.execute(
                "UPDATE summaries SET parts_total = ?, usage = ?, updated_at = ? WHERE id = ?",
                [parts_total, usage, now, job_id],
            )

    def finish(self, job_id: str, *, lines: str, sections: str, usage: str, stats: str, now: float) -> None:
        """Commit the result; older jobs of the same key go, this one has taken their place."""
        with self._database.transaction() as db:
            db.execute(
                "UPDATE summaries SET state = 'finished', lines = ?, sections = ?, usage = ?, stats = ?,"
                " updated_at = ? WHERE id = ?",
                [lines, sections, usage, stats, now, job_id],
            )
            db.execute(
                "DELETE FROM summaries WHERE id <> ? AND (document_id, model_fingerprint, style, page_range, options)"
                " = (SELECT document_id, model_fingerprint, style, page_range, options FROM summaries WHERE id = ?)",
                [job_id, job_id],
            )

    def overview(self) -> list[dict[str, Any]]:
        """All jobs, newest first: id, document title and path, model, style, state, parts, time of last change."""
        return self._database.rows(
            "SELECT summaries.id, coalesce(readings.title, '') AS title, documents.path, summaries.model_name,"
            " summaries.style, summaries.page_range, summaries.state, summaries.parts_total,"
            " (SELECT count(*) FROM summary_parts WHERE summary_id = summaries.id) AS parts_done,"
            " summaries.updated_at FROM summaries JOIN documents ON documents.id = summaries.document_id"
            " LEFT JOIN readings ON readings.document_id = documents.id AND readings.page_range = summaries.page_range"
            " ORDER BY summaries.updated_at DESC, summaries.rowid DESC"
        )

    def of_document(self, document_id: str, page_range: str, *, finished: bool = False) -> SummaryRecord | None:
        """The job of a document that was changed last, of those that have come to something if there are any.

        finished: only of those that are finished.
        """
        rows = self._database.rows(
            "SELECT * FROM summaries WHERE document_id = ? AND page_range = ? AND (state = 'finished' OR NOT ?)"
            " ORDER BY state = 'finished' OR EXISTS (SELECT 1 FROM summary_parts WHERE summary_id = summaries.id) DESC,"
            " updated_at DESC, rowid DESC LIMIT 1",
            [document_id, page_range, finished],
        )
        return self._record(rows[0]) if rows else None

    def progress(self) -> dict[tuple[str, str], float]:
        """How much of each document and page range is summarised, 0 to 1, by the job that is furthest on."""
        rows = self._database.rows(
            "SELECT document_id, page_range, max(CASE WHEN state = 'finished' THEN 1.0 ELSE"
            " min(0.99, (SELECT count(*) FROM summary_parts WHERE summary_id = summaries.id) * 1.0"
            " / max(1, parts_total)) END) AS share FROM summaries GROUP BY document_id, page_range"
        )
        return {(row["document_id"], row["page_range"]): float(row["share"]) for row in rows}

    def find(self, id_or_prefix: str) -> list[SummaryRecord]:
        """The job with this id, else all whose id begins so, in order of id."""
        exact = self._database.rows("SELECT * FROM summaries WHERE id = ?", [id_or_prefix])
        rows = exact or self._database.rows(
            "SELECT * FROM summaries WHERE substr(id, 1, length(?)) = ? ORDER BY id", [id_or_prefix] * 2
        )
        return [self._record(row) for row in rows]

    def get(self, job_id: str) -> SummaryRecord | None:
        """One job by its id."""
        rows = self._database.rows("SELECT * FROM summaries WHERE id = ?", [job_id])
        return self._record(rows[0]) if rows else None

    def _record(self, row: dict[str, Any]) -> SummaryRecord:
        parts = self._database.rows(
            "SELECT position, notes FROM summary_parts WHERE summary_id = ? ORDER BY position", [row["id"]]
        )
        return SummaryRecord(
            id=row["id"],
            key=SummaryKey(
                row["document_id"], row["model_fingerprint"], row["style"], row["page_range"], row["options"]
            ),
            finished=row["state"] == "finished",
            model_name=row["model_name"],
            parts_total=row["parts_total"],
            runs=row["runs"],
            parts=tuple(part["notes"] for part in parts),
            usage=row["usage"],
            lines=row["lines"],
            sections=row["sections"],
            stats=row["stats"],
            started_at=row["started_at"],
            updated_at=row["updated_at"],
        )
