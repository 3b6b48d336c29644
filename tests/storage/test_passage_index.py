"""The index's rows: filled in order and once, searched by reading, dropped with their document."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.passage_index import IndexedReading, IndexRow, PassageIndex
from app.storage.passage_vectors import PassageVectors
from tests.searchable import check_index, save_passages


@pytest.fixture
def index(database: Database) -> PassageIndex:
    return PassageIndex(database)


def add_all(index: PassageIndex, reading: IndexedReading, *, weight: float = 1.0) -> None:
    """Every passage's own words, and its section title's, as terms."""
    index.begin(reading.id, version="v", language="english")
    rows = [IndexRow(p.row, p.text, p.section, weight) for p in index.unindexed(reading.id, limit=999)]
    assert index.add(reading.id, rows, version="v", first=0)


def numbers(index: PassageIndex, match: str, *readings: IndexedReading) -> list[int]:
    return [hit.number for hit in index.search(match, [reading.id for reading in readings], limit=9)]


def test_a_reading_that_nobody_has(index: PassageIndex) -> None:
    """No document, or not these pages of it: None."""
    assert index.reading("d1", "") is None


def test_filled_in_steps(database: Database, index: PassageIndex) -> None:
    """Each step takes the next passages with their section's title, and the reading tells how far it is."""
    reading = save_passages(database, ["elbe", "oder", "rhine"], sections=["East", "West"], section_of=[0, 0, 1])
    assert (reading.version, reading.language, reading.done, reading.total) == ("", "", 0, 3)
    index.begin(reading.id, version="v", language="german")
    first = index.unindexed(reading.id, limit=2)
    assert [(p.number, p.text, p.section) for p in first] == [(0, "elbe", "East"), (1, "oder", "East")]
    assert index.add(reading.id, [IndexRow(p.row, p.text, "", 1.0) for p in first], version="v", first=0)
    now = index.reading("d1", "")
    assert now is not None and (now.version, now.language, now.done, now.total) == ("v", "german", 2, 3)
    assert [p.number for p in index.unindexed(reading.id, limit=2)] == [2]
    check_index(database)


def test_a_step_that_another_did_is_not_done_again(database: Database, tmp_path: Path) -> None:
    """Two programs take the same passages: the second one's are refused, and nothing stands there twice."""
    reading = save_passages(database, ["elbe", "oder"])
    with Database.open(tmp_path / "library.sqlite") as second:
        one, other = PassageIndex(database), PassageIndex(second)
        for index in (one, other):
            index.begin(reading.id, version="v", language="english")
        steps = [
            (index, [IndexRow(p.row, p.text, "", 1.0) for p in index.unindexed(reading.id, limit=1)])
            for index in (one, other)
        ]
        assert [index.add(reading.id, rows, version="v", first=0) for index, rows in steps] == [True, False]
        check_index(second)


def test_what_an_older_version_made_is_dropped(database: Database, index: PassageIndex) -> None:
    """Its terms find nothing, the filling starts over, and a step that the old version still does is refused."""
    reading = save_passages(database, ["elbe"])
    add_all(index, reading)
    index.begin(reading.id, version="v", language="english")  # the same again changes nothing
    assert numbers(index, '"elbe"', reading) == [0]
    index.begin(reading.id, version="w", language="dutch")
    assert numbers(index, '"elbe"', reading) == []
    found = index.reading("d1", "")
    assert found is not None and (found.version, found.language, found.done) == ("w", "dutch", 0)
    assert not index.add(reading.id, [IndexRow(1, "elbe", "", 1.0)], version="v", first=0)
    check_index(database)


def test_a_search_keeps_to_its_readings(database: Database, index: PassageIndex) -> None:
    """Another document's passage, or one of the same file's page range, is never among the hits."""
    whole = save_passages(database, ["elbe one", "two"])
    part = save_passages(database, ["elbe part"], page_range="1-1")
    other = save_passages(database, ["three", "four", "elbe other"], document_id="d2")
    for reading in (whole, part, other):
        add_all(index, reading)
    for reading, number in ((whole, 0), (part, 0), (other, 2)):
        hits = index.search('"elbe"', [reading.id], limit=9)
        assert [(hit.reading_id, hit.number) for hit in hits] == [(reading.id, number)]
    both = index.search('"elbe"', [whole.id, other.id], limit=9)
    assert {(hit.reading_id, hit.number) for hit in both} == {(whole.id, 0), (other.id, 2)}
    assert index.search('"elbe"', [], limit=9) == []
    assert index.search('"elbe" OR "two"', [whole.id], limit=1)[0].reading_id == whole.id


def test_a_search_over_thousands_of_documents(database: Database, index: PassageIndex) -> None:
    """The list of readings is no expression that grows too deep."""
    reading = save_passages(database, ["elbe"])
    add_all(index, reading)
    hits = index.search('"elbe"', range(reading.id, reading.id + 5000), limit=9)
    assert [(hit.reading_id, hit.number) for hit in hits] == [(reading.id, 0)]


def test_own_words_count_more_than_the_titles(database: Database, index: PassageIndex) -> None:
    """A title's word finds all of its section, below a passage that says it."""
    texts = ["bridges over water", "dams hold back water", "floods come with water"]
    reading = save_passages(database, texts, sections=["floods", "other"], section_of=[0, 1, 1])
    add_all(index, reading)
    assert numbers(index, '"floods"', reading) == [2, 0]


def test_what_a_match_is_worth(database: Database, index: PassageIndex) -> None:
    """The score is multiplied by the passage's weight; equals stand in document order."""
    reading = save_passages(database, ["elbe", "elbe", "elbe", "rest", "rest", "rest", "rest"])
    index.begin(reading.id, version="v", language="english")
    weights = [0.5, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0]
    rows = [
        IndexRow(p.row, p.text, "", weight)
        for p, weight in zip(index.unindexed(reading.id, limit=9), weights, strict=True)
    ]
    index.add(reading.id, rows, version="v", first=0)
    hits = index.search('"elbe"', [reading.id], limit=9)
    assert [hit.number for hit in hits] == [1, 2, 0]
    assert hits[2].score == pytest.approx(0.5 * hits[0].score) and hits[0].score > 0


def test_how_many_passages_hold_a_term(database: Database, index: PassageIndex) -> None:
    """Passages of the readings asked for, not occurrences; titles and the marks of readings are no terms."""
    reading = save_passages(database, ["elbe elbe r1", "elbe 1.5", "oder"])
    add_all(index, reading)
    asked = {"elbe": 2, "oder": 1, "rhine": 0, "r1": 1, "r": 0, str(reading.id): 0, "1.5": 1, "whole": 0}
    other = save_passages(database, ["elbe"], document_id="d2")
    add_all(index, other)
    assert {term: index.document_frequency(f'"{term}"', [reading.id]) for term in asked} == asked
    assert index.document_frequency('"elbe"', [reading.id, other.id]) == 3
    assert index.document_frequency('"elbe" OR "oder"', [reading.id]) == 3
    assert index.document_frequency('"elbe"', []) == 0


@pytest.mark.parametrize("again", [False, True])
def test_a_deleted_document_leaves_nothing(database: Database, index: PassageIndex, again: bool) -> None:
    """Terms and vectors go with it, be it removed or read anew, and the next document does not inherit them."""
    vectors = PassageVectors(database)
    reading = save_passages(database, ["elbe", "oder"])
    add_all(index, reading)
    vectors.add(reading.id, "e", [(0, "elbe", b"vector")])
    if not again:
        assert DocumentStore(database).remove("d1")
        assert index.reading("d1", "") is None
    following = save_passages(database, ["rhine", "main"], document_id="d1" if again else "d2")
    assert (following.version, following.done) == ("", 0)
    assert database.rows("SELECT * FROM passage_terms") == []
    assert database.rows("SELECT * FROM passage_vectors") == []
    assert index.document_frequency('"elbe"', [reading.id, following.id]) == 0
    assert numbers(index, '"elbe"', reading, following) == []
    check_index(database)
