"""Documents as they were read: pages, sections and passages.

The id of a document is the SHA-256 of its bytes, so the same bytes twice are one document. What a reader
made of them is a reading: one per page range, replaced when a newer reader reads again. The records here
are plain rows; services turn them into the document model and back.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from app.storage.database import Database


@dataclass(frozen=True, slots=True)
class PageRecord:
    """One page: number from 1, normalised text, reason when text is missing."""

    number: int
    text: str
    problem: str


@dataclass(frozen=True, slots=True)
class SectionRecord:
    """One section; offsets into the document's text, half open."""

    title: str
    level: int
    start: int
    end: int
    page_from: int
    page_to: int


@dataclass(frozen=True, slots=True)
class PassageRecord:
    """One passage; offsets into the document's text, half open."""

    number: int
    text: str
    start: int
    end: int
    page_from: int
    page_to: int
    section_index: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader of version `reader_version` made of one document's page range ('' means all pages)."""

    document_id: str
    page_range: str
    reader_version: str
    title: str
    format: str
    page_kind: str
    warnings: tuple[str, ...]
    pages: tuple[PageRecord, ...]
    sections: tuple[SectionRecord, ...]
    passages: tuple[PassageRecord, ...]


class DocumentStore:
    """Documents and readings in the library database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save(self, reading: Reading, *, path: str, nbytes: int, now: float) -> None:
        """Store a reading, and its document if it is new, in one transaction; replaces the same page range."""
        with self._database.transaction() as db:
            db.execute(
                "INSERT INTO documents (id, path, nbytes, added_at, opened_at) VALUES (?, ?, ?, ?, ?)"
                " ON CONFLICT (id) DO UPDATE SET path = excluded.path, opened_at = excluded.opened_at",
                [reading.document_id, path, nbytes, now, now],
            )
            db.execute(
                "DELETE FROM readings WHERE document_id = ? AND page_range = ?",
                [reading.document_id, reading.page_range],
            )
            reading_id = db.execute(
                "INSERT INTO readings (document_id, page_range, reader_version, title, format, page_kind, warnings,"
                " read_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    reading.document_id,
                    reading.page_range,
                    reading.reader_version,
                    reading.title,
                    reading.format,
                    reading.page_kind,
                    json.dumps(reading.warnings, ensure_ascii=False),
                    now,
                ],
            ).lastrowid
            db.conn.executemany(
                "INSERT INTO pages VALUES (?, ?, ?, ?, ?)",
                [(reading_id, i, p.number, p.text, p.problem) for i, p in enumerate(reading.pages)],
            )
            db.conn.executemany(
                "INSERT INTO sections VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (reading_id, i, s.title, s.level, s.start, s.end, s.page_from, s.page_to)
                    for i, s in enumerate(reading.sections)
                ],
            )
            db.conn.executemany(
                "INSERT INTO passages (reading_id, number, text, start_offset, end_offset, page_from, page_to,"
                " section_index) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    (reading_id, p.number, p.text, p.start, p.end, p.page_from, p.page_to, p.section_index)
                    for p in reading.passages
                ],
            )

    def find(self, document_id: str, page_range: str, reader_version: str | None) -> Reading | None:
        """The stored reading, or None where there is none by this reader version (None: by any)."""
        found = self._database.rows(
            "SELECT * FROM readings WHERE document_id = ? AND page_range = ?", [document_id, page_range]
        )
        if not found or reader_version not in (None, found[0]["reader_version"]):
            return None
        row = found[0]
        pages = self._database.rows("SELECT * FROM pages WHERE reading_id = ? ORDER BY position", [row["id"]])
        sections = self._database.rows("SELECT * FROM sections WHERE reading_id = ? ORDER BY position", [row["id"]])
        passages = self._database.rows("SELECT * FROM passages WHERE reading_id = ? ORDER BY number", [row["id"]])
        return Reading(
            document_id=document_id,
            page_range=page_range,
            reader_version=row["reader_version"],
            title=row["title"],
            format=row["format"],
            page_kind=row["page_kind"],
            warnings=_warnings(row["warnings"]),
            pages=tuple(PageRecord(p["number"], p["text"], p["problem"]) for p in pages),
            sections=tuple(
                SectionRecord(s["title"], s["level"], s["start_offset"], s["end_offset"], s["page_from"], s["page_to"])
                for s in sections
            ),
            passages=tuple(_passage(p) for p in passages),
        )

    def touch(self, document_id: str, *, path: str, now: float) -> None:
        """Note that the document was opened again, perhaps from another place."""
        with self._database.transaction() as db:
            db.execute("UPDATE documents SET path = ?, opened_at = ? WHERE id = ?", [path, now, document_id])

    def entries(self) -> list[dict[str, Any]]:
        """Documents, last opened first: document_id, page_range, title, path, page_kind, pages, opened_at.

        A document's page ranges are listed where the whole of it was never read.
        """
        return self._database.rows(
            "SELECT document_id, page_range, title, path, page_kind, opened_at,"
            " (SELECT count(*) FROM pages WHERE reading_id = readings.id) AS pages"
            " FROM readings JOIN documents ON documents.id = document_id"
            " WHERE page_range = '' OR NOT EXISTS"
            " (SELECT 1 FROM readings AS whole WHERE whole.document_id = documents.id AND whole.page_range = '')"
            " ORDER BY opened_at DESC, documents.rowid DESC, page_range"
        )

    def remove(self, document_id: str) -> bool:
        """Delete a document with its readings and summaries; whether it was there."""
        with self._database.transaction() as db:
            return bool(db.execute("DELETE FROM documents WHERE id = ?", [document_id]).rowcount)

    def counts(self) -> dict[str, int]:
        """Number of documents, passages, summaries and conversations, for `doctor`."""
        tables = ("documents", "passages", "summaries", "conversations")
        return {name: self._database.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in tables}


def _warnings(stored: str) -> tuple[str, ...]:
    """None of what damage has made of them: they are not worth the document."""
    try:
        return tuple(map(str, json.loads(stored)))
    except (TypeError, ValueError):
        return ()


def _passage(row: dict[str, Any]) -> PassageRecord:
    return PassageRecord(
        number=row["number"],
        text=row["text"],
        start=row["start_offset"],
        end=row["end_offset"],
        page_from=row["page_from"],
        page_to=row["page_to"],
        section_index=row["section_index"],
    )
