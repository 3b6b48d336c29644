"""Documents in a library, passage by passage, and an encoder that knows words only: for the tests of search."""

from __future__ import annotations

import re
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from app.retrieval import lexical
from app.retrieval.dense import DenseSearch
from app.retrieval.encoder import Encoder, Vectors
from app.services.search import Load, SearchService
from app.storage.database import Database
from app.storage.documents import DocumentStore, PageRecord, PassageRecord, Reading, SectionRecord
from app.storage.passage_index import IndexedReading, PassageIndex
from app.storage.passage_vectors import PassageVectors

DIMENSION = 64


class WordEncoder:
    """Texts to unit vectors whose cosine is about the share of words in common."""

    def __init__(self, name: str = "words", languages: frozenset[str] = frozenset()) -> None:
        self.name = name
        self.languages = languages
        self.encoded: list[str] = []
        """Every text it was given, in order."""

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Each word counts in one of the numbers; a text without words points away from all."""
        self.encoded += texts
        rows = np.zeros((len(texts), DIMENSION), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row[crc32(word.encode()) % (DIMENSION - 1)] += 1
            if not row.any():
                row[DIMENSION - 1] = 1
        vectors: Vectors = rows / np.linalg.norm(rows, axis=1, keepdims=True).clip(1e-9)
        return vectors


def dense(database: Database, encoder: Encoder | None = None) -> DenseSearch:
    """Search by meaning over a library, by words in common unless another encoder is given."""
    return DenseSearch(PassageVectors(database), encoder or WordEncoder())


def search_service(database: Database, load: Load, encoder: Encoder | None = None) -> SearchService:
    """Search over a library, by meaning too if there is an encoder."""
    return SearchService(PassageIndex(database), load, dense(database, encoder) if encoder is not None else None)


def save_passages(
    database: Database,
    texts: Sequence[str],
    *,
    document_id: str = "d1",
    page_range: str = "",
    sections: Sequence[str] = ("Whole",),
    section_of: Sequence[int] | None = None,
) -> IndexedReading:
    """A document of these passages, not indexed; `section_of` gives the section of each, by default the first."""
    places = section_of or [0] * len(texts)
    reading = Reading(
        document_id=document_id,
        page_range=page_range,
        reader_version="1",
        title=document_id,
        format="text",
        page_kind="page",
        warnings=(),
        pages=(PageRecord(1, "\n".join(texts), ""),),
        sections=tuple(SectionRecord(title, 1, 0, 1, 1, 1) for title in sections),
        passages=tuple(
            PassageRecord(number, text, 0, len(text), 1, 1, place)
            for number, (text, place) in enumerate(zip(texts, places, strict=True))
        ),
    )
    DocumentStore(database).save(reading, path=f"/{document_id}.txt", nbytes=1, now=1.0)
    found = PassageIndex(database).reading(document_id, page_range)
    assert found is not None
    return found


def index_passages(
    database: Database,
    texts: Sequence[str],
    *,
    language: str = "english",
    document_id: str = "d1",
    page_range: str = "",
) -> IndexedReading:
    """A document of these passages whose words are in the index."""
    saved = save_passages(database, texts, document_id=document_id, page_range=page_range)
    found = lexical.fill(PassageIndex(database), saved, lambda: language)
    assert found is not None
    return found


def check_index(database: Database) -> None:
    """SQLite finds the index whole, and every passage that is done stands in it once."""
    with database.transaction() as db:
        db.execute("INSERT INTO passage_terms (passage_terms, rank) VALUES ('integrity-check', 1)")
    done = "SELECT p.id FROM passages AS p JOIN readings AS r ON r.id = p.reading_id AND p.number < r.passages_indexed"
    assert database.rows("SELECT rowid AS id FROM passage_terms ORDER BY id") == database.rows(f"{done} ORDER BY p.id")
