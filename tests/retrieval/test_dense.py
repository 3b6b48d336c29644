"""Vectors in the library: made in steps or when needed, once, and never another encoder's."""

from __future__ import annotations

import numpy as np
import pytest

from app.retrieval import dense, lexical
from app.retrieval.dense import ENCODED_AT_ONCE, DenseSearch
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.passage_index import IndexedReading, PassageIndex, TermHit
from app.storage.passage_vectors import PassageVectors
from tests.searchable import WordEncoder, index_passages
from tests.searchable import dense as dense_search

TEXTS = ["the elbe floods", "dams hold water", "trains cross bridges", "snow on mountains"]


@pytest.fixture
def index(database: Database) -> PassageIndex:
    return PassageIndex(database)


def by_words(index: PassageIndex, question: str, *readings: IndexedReading) -> list[TermHit]:
    return lexical.search(index, readings, question, limit=100)


def kept(database: Database, encoder: str = "words") -> int:
    rows = database.rows(
        "SELECT sum(json_array_length(numbers)) AS n FROM passage_vectors WHERE encoder = ?", [encoder]
    )
    return int(rows[0]["n"] or 0)


def test_filled_and_asked(database: Database, index: PassageIndex) -> None:
    """With all vectors made, the cosines are the encoder's own, and only the question is encoded."""
    encoder = WordEncoder()
    search = dense_search(database, encoder)
    reading = index_passages(database, TEXTS)
    assert search.fill(reading)
    assert encoder.encoded == TEXTS
    found = search.cosines([reading], [], "dams hold snow")
    assert encoder.encoded == [*TEXTS, "dams hold snow"]
    expected = encoder.encode(TEXTS) @ encoder.encode(["dams hold snow"])[0]
    assert list(found) == [(reading.id, number) for number in range(4)]
    np.testing.assert_allclose(list(found.values()), expected, atol=0.01)


def test_filling_goes_on_where_it_stopped(
    database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cancelled after a step, or dead in the middle of one: what was kept is not encoded again."""
    monkeypatch.setattr(dense, "_STEP", 2)
    reading = index_passages(database, [f"passage {i}" for i in range(7)])
    told: list[tuple[int, int]] = []
    answers = iter([False, True])
    first = WordEncoder()
    assert not dense_search(database, first).fill(
        reading, on_progress=lambda done, total: told.append((done, total)), cancelled=lambda: next(answers)
    )
    assert told == [(2, 7)] and first.encoded == ["passage 0", "passage 1"]

    class Dying(WordEncoder):
        def encode(self, texts):
            if "passage 4" in texts:
                raise MemoryError
            return super().encode(texts)

    with pytest.raises(MemoryError):
        dense_search(database, Dying()).fill(reading)
    assert kept(database) == 4
    last = WordEncoder()
    assert dense_search(database, last).fill(reading) and DenseSearch(PassageVectors(database), last).fill(reading)
    assert last.encoded == ["passage 4", "passage 5", "passage 6"]
    assert kept(database) == 7


def test_candidates_are_encoded_when_asked_and_kept(database: Database, index: PassageIndex) -> None:
    """Where no vectors are made, the best by words get one; asked again, only the question is encoded."""
    encoder = WordEncoder()
    search = dense_search(database, encoder)
    reading = index_passages(database, TEXTS)
    question = "elbe dams"
    hits = by_words(index, question, reading)
    assert sorted(hit.number for hit in hits) == [0, 1]
    first = search.cosines([reading], hits, question)
    assert sorted(encoder.encoded) == sorted([TEXTS[0], TEXTS[1], question])
    assert set(first) == {(reading.id, 0), (reading.id, 1)}
    encoder.encoded.clear()
    assert search.cosines([reading], hits, question) == pytest.approx(first)
    assert encoder.encoded == [question]
    assert dense_search(database, encoder).fill(reading)
    assert sorted(encoder.encoded[1:]) == sorted(TEXTS[2:])


def test_no_more_than_so_many_are_encoded_for_a_question(database: Database, index: PassageIndex) -> None:
    """The best ones by words."""
    encoder = WordEncoder()
    reading = index_passages(database, [f"river {i}" for i in range(ENCODED_AT_ONCE + 20)])
    hits = by_words(index, "river", reading)
    found = dense_search(database, encoder).cosines([reading], hits, "river")
    assert len(encoder.encoded) == ENCODED_AT_ONCE + 1
    assert set(found) == {(hit.reading_id, hit.number) for hit in hits[:ENCODED_AT_ONCE]}


def test_the_nearest_are_put_forward(database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """They, and those that the words put forward however far they are."""
    monkeypatch.setattr(dense, "NEAREST", 2)
    search = dense_search(database, WordEncoder())
    reading = index_passages(database, ["alpha beta", "alpha gamma delta epsilon", "zeta", "alpha"])
    search.fill(reading)
    assert set(search.cosines([reading], [], "alpha")) == {(reading.id, 3), (reading.id, 0)}
    hits = by_words(index, "zeta", reading)
    assert set(search.cosines([reading], hits, "alpha")) == {(reading.id, 3), (reading.id, 0), (reading.id, 2)}


def test_a_language_that_the_encoder_does_not_know(database: Database, index: PassageIndex) -> None:
    """Left alone: no vectors are made of it, and none are asked."""
    encoder = WordEncoder(languages=frozenset({"english"}))
    search = dense_search(database, encoder)
    english = index_passages(database, ["elbe river"])
    german = index_passages(database, ["elbe fluss"], language="german", document_id="d2")
    assert search.knows(english) and not search.knows(german)
    hits = by_words(index, "elbe", german, english)
    assert {hit.reading_id for hit in hits} == {english.id, german.id}
    assert set(search.cosines([german, english], hits, "elbe")) == {(english.id, 0)}
    assert sorted(encoder.encoded) == ["elbe", "elbe river"]
    assert search.cosines([german], hits, "elbe") == {} == search.cosines([], hits, "elbe")
    assert sorted(encoder.encoded) == ["elbe", "elbe river"]
    assert dense_search(database, WordEncoder(languages=frozenset())).knows(german)


def test_encoders_are_never_mixed(database: Database, index: PassageIndex) -> None:
    """What another one made is not looked at, and is not overwritten."""

    class Backwards(WordEncoder):
        def encode(self, texts):
            return -super().encode(texts)[:, :32]

    reading = index_passages(database, TEXTS)
    one, other = (
        dense_search(database, WordEncoder()),
        dense_search(database, Backwards("backwards")),
    )
    assert one.fill(reading)
    before = one.cosines([reading], [], "the elbe floods")
    assert other.cosines([reading], [], "the elbe floods") == {}
    assert other.fill(reading)
    assert (kept(database), kept(database, "backwards")) == (4, 4)
    assert one.cosines([reading], [], "the elbe floods") == before
    assert before[reading.id, 0] == pytest.approx(1, abs=0.01)


def test_a_search_keeps_to_its_readings(database: Database, index: PassageIndex) -> None:
    """Another document's vectors are not looked at, even where its words were put forward."""
    search = dense_search(database, WordEncoder())
    one = index_passages(database, ["elbe"])
    other = index_passages(database, ["elbe elbe"], document_id="d2")
    part = index_passages(database, ["elbe part"], page_range="1-1")
    for reading in (one, other, part):
        search.fill(reading)
    hits = by_words(index, "elbe", one, other, part)
    for reading in (one, other, part):
        assert set(search.cosines([reading], hits, "elbe")) == {(reading.id, 0)}
    assert len(search.cosines([one, other], hits, "elbe")) == 2


def test_a_document_that_is_deleted_meanwhile(database: Database, index: PassageIndex) -> None:
    """While its passages are encoded: its vectors are not kept, and nobody fails."""

    class Deleting(WordEncoder):
        def encode(self, texts):
            DocumentStore(database).remove("d1")
            return super().encode(texts)

    reading = index_passages(database, TEXTS)
    hits = by_words(index, "elbe", reading)
    assert dense_search(database, Deleting()).cosines([reading], hits, "elbe") == {}
    reading = index_passages(database, TEXTS)
    dense_search(database, Deleting()).fill(reading)
    assert kept(database) == 0
    assert dense_search(database, WordEncoder()).cosines([reading], hits, "elbe") == {}


def test_similarity() -> None:
    """The cosine of a text with each of the others."""
    search = DenseSearch(None, WordEncoder())  # type: ignore[arg-type]
    assert search.similarity("elbe dam", ["dam elbe", "bridge", "elbe"]) == pytest.approx([1, 0, 0.5**0.5], abs=1e-6)
    assert search.similarity("elbe", []) == []
