"""Vectors of passages, in batches by reading and encoder."""

from __future__ import annotations

import pytest

from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.passage_vectors import PassageVectors, VectorBatch
from tests.searchable import save_passages


@pytest.fixture
def vectors(database: Database) -> PassageVectors:
    return PassageVectors(database)


def missing(vectors: PassageVectors, reading_id: int, encoder: str = "e") -> list[int]:
    return [passage.number for passage in vectors.missing(reading_id, encoder, limit=9)]


def test_kept_by_reading_and_encoder(database: Database, vectors: PassageVectors) -> None:
    """Batches come as they were made, those of the other encoder and of other readings left out."""
    one = save_passages(database, ["elbe", "oder", "rhine"])
    two = save_passages(database, ["main"], document_id="d2")
    made = vectors.add(one.id, "e", [(2, "rhine", b"rr"), (0, "elbe", b"ee")])
    assert made == VectorBatch(one.id, (2, 0), b"rree")
    later = vectors.add(one.id, "e", [(1, "oder", b"oo")])
    other = vectors.add(two.id, "e", [(0, "main", b"mm")])
    apart = vectors.add(one.id, "f", [(1, "oder", b"of")])
    assert vectors.batches([one.id], "e") == [made, later]
    assert vectors.batches([two.id, one.id], "e") == [made, later, other]
    assert vectors.batches([one.id], "f") == [apart]
    assert vectors.batches([], "e") == []


def test_what_is_missing(database: Database, vectors: PassageVectors) -> None:
    """The first passages without a vector of this encoder, as many as are asked for."""
    reading = save_passages(database, ["elbe", "oder", "rhine"])
    assert missing(vectors, reading.id) == [0, 1, 2]
    vectors.add(reading.id, "e", [(1, "oder", b"o")])
    assert missing(vectors, reading.id) == [0, 2]
    assert missing(vectors, reading.id, "f") == [0, 1, 2]
    assert [passage.text for passage in vectors.missing(reading.id, "e", limit=1)] == ["elbe"]


def test_a_passage_that_is_another_now(database: Database, vectors: PassageVectors) -> None:
    """A vector made of a document that was deleted meanwhile is not given to the reading that has its id."""
    reading = save_passages(database, ["elbe"])
    DocumentStore(database).remove("d1")
    assert vectors.add(reading.id, "e", [(0, "elbe", b"e")]) == VectorBatch(reading.id, (), b"")
    following = save_passages(database, ["rhine"], document_id="d2")
    assert following.id == reading.id  # SQLite gave it again
    assert vectors.add(reading.id, "e", [(0, "elbe", b"e")]).numbers == ()
    assert vectors.batches([following.id], "e") == []
    assert missing(vectors, following.id) == [0]


def test_texts(database: Database, vectors: PassageVectors) -> None:
    """By row id; what is gone is left out."""
    reading = save_passages(database, ["elbe", "oder"])
    rows = [passage.row for passage in vectors.missing(reading.id, "e", limit=9)]
    assert vectors.texts([rows[1], 999]) == {rows[1]: "oder"}
    assert vectors.texts([]) == {}
