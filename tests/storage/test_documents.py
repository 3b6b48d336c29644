from __future__ import annotations

from dataclasses import replace

import pytest

from app.storage.database import Database
from app.storage.documents import DocumentStore, PageRecord, PassageRecord, Reading, SectionRecord

READING = Reading(
    document_id="d1",
    page_range="",
    reader_version="1",
    title="Rivers",
    format="pdf",
    page_kind="page",
    warnings=("page 2: no text",),
    pages=(PageRecord(1, "The Elbe floods in April.", ""), PageRecord(2, "", "no text: a scanned image?")),
    sections=(SectionRecord("Floods", 1, 0, 26, 1, 2),),
    passages=(
        PassageRecord(0, "The Elbe floods in April.", 0, 25, 1, 1, 0),
        PassageRecord(1, "Dams hold water back.", 30, 51, 2, 2, 0),
    ),
)


@pytest.fixture
def store(database: Database) -> DocumentStore:
    return DocumentStore(database)


def test_what_is_saved_is_found(store: DocumentStore) -> None:
    """A reading comes back equal, in order."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    assert store.find("d1", "", "1") == READING


def test_other_range_or_reader_is_no_hit(store: DocumentStore) -> None:
    """Another page range or a newer reader has to read again."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    assert store.find("d1", "1-1", "1") is None
    assert store.find("d1", "", "2") is None


def test_same_bytes_twice_are_one_document(store: DocumentStore, database: Database) -> None:
    """Saving again keeps one document, moves its path, and leaves no old passage."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    newer = replace(READING, reader_version="2", passages=(PassageRecord(0, "Only bridges.", 0, 13, 1, 1, 0),))
    store.save(newer, path="/b.pdf", nbytes=10, now=2.0)
    assert database.rows("SELECT path, added_at, opened_at FROM documents") == [
        {"path": "/b.pdf", "added_at": 1.0, "opened_at": 2.0}
    ]
    assert store.counts() == {"documents": 1, "passages": 1, "summaries": 0, "conversations": 0}


def test_two_ranges_live_side_by_side(store: DocumentStore) -> None:
    """Pages 1-1 read alone do not replace the whole document."""
    part = replace(READING, page_range="1-1", passages=READING.passages[:1])
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    store.save(part, path="/a.pdf", nbytes=10, now=2.0)
    assert store.find("d1", "", "1") == READING
    assert store.find("d1", "1-1", "1") == part


def test_touch_moves_the_path(store: DocumentStore, database: Database) -> None:
    """Opening the same bytes from another place notes place and time."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    store.touch("d1", path="/c.pdf", now=5.0)
    assert database.rows("SELECT path, opened_at FROM documents") == [{"path": "/c.pdf", "opened_at": 5.0}]


def test_entries_are_listed_last_opened_first(store: DocumentStore) -> None:
    """One entry for each document with its path and its pages; the one opened last stands first."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    store.save(replace(READING, document_id="d2", title="Seas", pages=()), path="/b.pdf", nbytes=10, now=2.0)
    both = {"page_range": "", "page_kind": "page"}
    rivers = both | {"document_id": "d1", "title": "Rivers", "path": "/a.pdf", "pages": 2, "opened_at": 1.0}
    seas = both | {"document_id": "d2", "title": "Seas", "path": "/b.pdf", "pages": 0, "opened_at": 2.0}
    assert store.entries() == [seas, rivers]
    store.touch("d1", path="/moved.pdf", now=3.0)
    assert store.entries() == [rivers | {"path": "/moved.pdf", "opened_at": 3.0}, seas]


def test_entries_of_page_ranges(store: DocumentStore) -> None:
    """Each range is an entry, until the whole document is there."""
    for pages in ("3-4", "1-2"):
        store.save(replace(READING, page_range=pages), path="/a.pdf", nbytes=10, now=1.0)
    assert [entry["page_range"] for entry in store.entries()] == ["1-2", "3-4"]
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    assert [entry["page_range"] for entry in store.entries()] == [""]


def test_nothing_is_listed_of_an_empty_library(store: DocumentStore) -> None:
    """No documents, no entries; nothing to remove either."""
    assert store.entries() == []
    assert not store.remove("d1")


def test_remove(store: DocumentStore, database: Database) -> None:
    """Every reading of the document and its summaries go, another document stays."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    store.save(replace(READING, page_range="1-1"), path="/a.pdf", nbytes=10, now=1.0)
    other = replace(READING, document_id="d2")
    store.save(other, path="/b.pdf", nbytes=10, now=1.0)
    assert store.remove("d1") and not store.remove("d1")
    assert store.find("d1", "", None) is None and store.find("d1", "1-1", None) is None
    assert store.find("d2", "", None) == other
    counts = {name: database.rows(f"SELECT count(*) AS n FROM {name}")[0]["n"] for name in ("pages", "sections")}
    assert counts == {"pages": 2, "sections": 1}
    assert store.counts()["passages"] == 2


@pytest.mark.parametrize("stored", ["{", "7", '"\N{REPLACEMENT CHARACTER}'])
def test_damaged_warnings_are_none(store: DocumentStore, database: Database, stored: str) -> None:
    """They are not worth the document."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    with database.transaction() as db:
        db.execute("UPDATE readings SET warnings = ?", [stored])
    assert store.find("d1", "", "1") == replace(READING, warnings=())
