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
    """Saving again keeps one document, moves its path, and leaves no old passage in the index."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    newer = replace(READING, reader_version="2", passages=(PassageRecord(0, "Only bridges.", 0, 13, 1, 1, 0),))
    store.save(newer, path="/b.pdf", nbytes=10, now=2.0)
    assert database.rows("SELECT path, added_at, opened_at FROM documents") == [
        {"path": "/b.pdf", "added_at": 1.0, "opened_at": 2.0}
    ]
    assert store.search("d1", "", "Elbe", limit=5) == []
    assert [hit.passage.text for hit in store.search("d1", "", "bridge", limit=5)] == ["Only bridges."]
    assert store.counts() == {"documents": 1, "passages": 1, "summaries": 0, "conversations": 0}


def test_two_ranges_live_side_by_side(store: DocumentStore) -> None:
    """Pages 1-1 read alone do not replace the whole document, and searches keep to their range."""
    part = replace(READING, page_range="1-1", passages=READING.passages[:1])
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    store.save(part, path="/a.pdf", nbytes=10, now=2.0)
    assert store.find("d1", "", "1") == READING
    assert store.find("d1", "1-1", "1") == part
    assert len(store.search("d1", "", "floods", limit=5)) == 1


def test_search_stems_and_ranks(store: DocumentStore) -> None:
    """'dam' finds 'Dams'; the passage with more of the question's words comes first."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    hits = store.search("d1", "", "Which dam held the water back? The Elbe's?", limit=5)
    assert [hit.passage.number for hit in hits] == [1, 0]
    assert hits[0].score > hits[1].score


@pytest.mark.parametrize("question", ['"', "AND OR NOT", "a* ^b NEAR(c", "it's -- ; DROP TABLE", "", "???"])
def test_search_takes_any_text(store: DocumentStore, question: str) -> None:
    """No question is a syntax error of the search language."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    assert store.search("d1", "", question, limit=5) == []


@pytest.mark.parametrize(
    ("question", "found"),
    [
        ("Wo ist die Straße?", [0]),
        ("re\u0301sume\u0301", [0]),  # decomposed, as macOS gives file names and some keyboards give text
        ("C++", [1]),
        ("河流在哪里?", [2, 3]),  # both pairs of 河流 and 在哪; the second passage holds one of them
        ("C语言", [3, 1]),
        ("แม่น้ำ", [4]),
        ("雪", []),
    ],
)
def test_search_in_other_scripts(store: DocumentStore, question: str, found: list[int]) -> None:
    """Letters that fold oddly, composed or not, and scripts without spaces between words."""
    texts = ("Die Straße, ein Résumé.", "He taught C++.", "河流在哪里。", "我们喜欢C语言和河流。", "แม่น้ำยาว")
    passages = tuple(PassageRecord(i, text, 0, 1, 1, 1, 0) for i, text in enumerate(texts))
    store.save(replace(READING, passages=passages), path="/a.pdf", nbytes=10, now=1.0)
    assert [hit.passage.number for hit in store.search("d1", "", question, limit=5)] == found


def test_search_takes_long_questions(store: DocumentStore) -> None:
    """A page pasted as a question, in either kind of script."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    latin = " ".join(f"word{i}" for i in range(5000))
    assert [hit.passage.number for hit in store.search("d1", "", f"{latin} dams", limit=5)] == [1]
    assert store.search("d1", "", "".join(map(chr, range(0x4E00, 0x4E00 + 5000))), limit=5) == []


def test_touch_moves_the_path(store: DocumentStore, database: Database) -> None:
    """Opening the same bytes from another place notes place and time."""
    store.save(READING, path="/a.pdf", nbytes=10, now=1.0)
    store.touch("d1", path="/c.pdf", now=5.0)
    assert database.rows("SELECT path, opened_at FROM documents") == [{"path": "/c.pdf", "opened_at": 5.0}]
