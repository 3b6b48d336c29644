"""Search by meaning: the vectors of passages, made in steps or when they are first needed, and their cosines."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from app.retrieval.encoder import Encoder
from app.retrieval.vectors import pack, products
from app.storage.passage_index import IndexedReading, TermHit
from app.storage.passage_vectors import PassageVectors, VectorBatch

NEAREST = 100
"""Passages that the search puts forward."""
ENCODED_AT_ONCE = 64
"""Best matches by words that are encoded for a question where the document's vectors are not made yet."""
_STEP = 64
"""Passages whose vectors are kept in one transaction."""

Place = tuple[int, int]
"""A passage: the id of its reading and its number there."""


class DenseSearch:
    """Vectors of one encoder over the passages of the library."""

    def __init__(self, store: PassageVectors, encoder: Encoder) -> None:
        self._store = store
        self._encoder = encoder

    def knows(self, reading: IndexedReading) -> bool:
        """Whether the encoder was trained on a reading's language."""
        return not self._encoder.languages or reading.language in self._encoder.languages

    def fill(
        self,
        reading: IndexedReading,
        *,
        on_progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Make the vectors of a reading that are not made yet; whether all are there."""
        while not cancelled():
            missing = self._store.missing(reading.id, self._encoder.name, limit=_STEP)
            if not missing:
                return True
            self._make(reading.id, [(passage.number, passage.text) for passage in missing])
            if on_progress is not None:
                on_progress(missing[-1].number + 1, reading.total)
        return False

    def cosines(
        self,
        readings: Sequence[IndexedReading],
        by_words: Sequence[TermHit],
        question: str,
    ) -> dict[Place, float]:
        """How near the question is to the passages nearest to it, and to those that its words put forward.

        Only passages that have a vector are looked at, and the best of `by_words` (best first), which get one now.
        """
        ids = sorted({reading.id for reading in readings if self.knows(reading)})
        if not ids:
            return {}
        batches = self._store.batches(ids, self._encoder.name)
        places = _places(batches)
        new = self._make_now([hit for hit in by_words if hit.reading_id in ids][:ENCODED_AT_ONCE], places)
        batches, places = [*batches, *new], [*places, *_places(new)]
        if not places:
            return {}
        asked = self._encoder.encode([question])[0]
        cosines = products([batch.vectors for batch in batches], len(places), asked)
        nearest = np.argpartition(-cosines, min(NEAREST, len(cosines)) - 1)[:NEAREST]
        put_forward = {_place(hit) for hit in by_words}
        chosen = {*nearest.tolist(), *(i for i, place in enumerate(places) if place in put_forward)}
        return {places[i]: float(cosines[i]) for i in sorted(chosen)}

    def _make_now(self, hits: Sequence[TermHit], places: Sequence[Place]) -> list[VectorBatch]:
        """The vectors of those hits that are at none of `places`, which have theirs."""
        made = {_place(hit) for hit in hits}.intersection(places)
        missing = [hit for hit in hits if _place(hit) not in made]
        if not missing:
            return []
        texts = self._store.texts([hit.row for hit in missing])
        new: list[VectorBatch] = []
        for reading_id in sorted({hit.reading_id for hit in missing}):
            own = [hit for hit in missing if hit.reading_id == reading_id and hit.row in texts]
            new.append(self._make(reading_id, [(hit.number, texts[hit.row]) for hit in own]))
        return new

    def _make(self, reading_id: int, passages: Sequence[tuple[int, str]]) -> VectorBatch:
        """Encode passages, number and text, and keep their vectors."""
        vectors = pack(self._encoder.encode([text for _, text in passages]))
        rows = [(number, text, vector) for (number, text), vector in zip(passages, vectors, strict=True)]
        return self._store.add(reading_id, self._encoder.name, rows)

    def similarity(self, text: str, others: Sequence[str]) -> list[float]:
        """The cosine of a text with each of the others."""
        vectors = self._encoder.encode([text, *others])
        return [float(cosine) for cosine in vectors[1:] @ vectors[0]]


def _place(hit: TermHit) -> Place:
    return hit.reading_id, hit.number


def _places(batches: Sequence[VectorBatch]) -> list[Place]:
    """Of all vectors, in their order."""
    return [(batch.reading_id, number) for batch in batches for number in batch.numbers]
