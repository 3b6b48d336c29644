"""A library of an older schema with documents in it is used after the upgrade as a new one is."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.retrieval import lexical
from app.storage.database import Database
from app.storage.documents import DocumentStore, PageRecord, PassageRecord, Reading, SectionRecord
from app.storage.migrations import LIBRARY
from app.storage.passage_index import PassageIndex
from app.storage.refusals import RefusalStore
from tests.searchable import check_index

TEXTS = ("The Elbe floods in April.", "Dams hold water back.")
READING = Reading(
    document_id="d1",
    page_range="",
    reader_version="1",
    title="Rivers",
    format="text",
    page_kind="page",
    warnings=(),
    pages=(PageRecord(1, " ".join(TEXTS), ""),),
    sections=(SectionRecord("Floods", 1, 0, 47, 1, 1),),
    passages=tuple(PassageRecord(i, text, 26 * i, 26 * i + len(text), 1, 1, 0) for i, text in enumerate(TEXTS)),
)


@pytest.mark.parametrize("version", [1, 2, 3])
def test_documents_are_searched_after_the_upgrade(tmp_path: Path, version: int) -> None:
    """Nothing of an older library is lost; its passages are indexed when they are asked for, and go when deleted."""
    path = tmp_path / "library.sqlite"
    with Database.open(path, migrations=LIBRARY[:version]) as old:
        DocumentStore(old).save(READING, path="/a.txt", nbytes=1, now=1.0)
    with Database.open(path) as database:
        index, store = PassageIndex(database), DocumentStore(database)
        assert store.find("d1", "", "1") == READING
        reading = index.reading("d1", "")
        assert reading is not None and (reading.version, reading.done, reading.total) == ("", 0, 2)
        filled = lexical.fill(index, reading, lambda: "english")
        assert filled is not None and filled.done == 2
        assert [hit.number for hit in lexical.search(index, [filled], "Which dam holds back water?", limit=5)] == [1]
        check_index(database)
        store.save(READING, path="/a.txt", nbytes=1, now=2.0)  # read again: the triggers are those of the new schema
        assert database.rows("SELECT * FROM passage_terms") == []
        assert store.remove("d1") and store.entries() == []


def test_files_are_refused_after_the_upgrade(tmp_path: Path) -> None:
    """A library of before there were refusals takes them in."""
    path = tmp_path / "library.sqlite"
    Database.open(path, migrations=LIBRARY[:3]).close()
    with Database.open(path) as database:
        RefusalStore(database).add("/a.pdf", code="damaged", message="is damaged", now=1.0)
    with Database.open(path) as database:
        assert [refusal.path for refusal in RefusalStore(database).all()] == ["/a.pdf"]
