"""Finding what a question is answered from: in one document, in several, or in all of the library."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from app.documents.evidence import Evidence
from app.documents.model import Document
from app.inference.generator import Cancelled, never
from app.retrieval import lexical
from app.retrieval.dense import DenseSearch, Place
from app.retrieval.fusion import fuse
from app.retrieval.highlight import ranked_sentences
from app.retrieval.joining import Ranked, join_neighbours, without_repeats
from app.retrieval.lexical import QuestionTerms
from app.retrieval.terms import OTHER, text_language
from app.services.library import LibraryDocument, LibraryEntry
from app.storage.passage_index import IndexedReading, PassageIndex
from app.tasks.evidence_index import Similarity

CANDIDATES = 100
"""Passages that the search by words puts forward."""
EVIDENCE_PASSAGES = 5
"""Passages that make the evidence for one question."""
LEAST_SHARE = 0.3
"""A passage that holds less of the question, by the weight of its terms, says nothing about it (docs/quality.md)."""
LEAST_COSINE = 0.4
"""A passage nearer in meaning than this may answer in other words."""

Searchable = LibraryDocument | LibraryEntry
"""A document of the library, at hand or only named."""
Load = Callable[[str, str], LibraryDocument | None]
"""A document by its id and page range; None where the library has it no more."""
Progress = Callable[[int, int], None]
"""Called with passages done and passages in all."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a search found, best first; nothing where no passage holds enough of the question."""

    evidence: tuple[Evidence, ...]
    sentences: tuple[Evidence, ...]
    """Those of the evidence, each as evidence of its own, the likeliest answer first."""
    reason: str = ""
    """Why there is nothing, as a sentence."""


class _Scope:
    """The documents of one search: their readings in the index, and each document once it is needed."""

    def __init__(self, found: Sequence[tuple[IndexedReading, Searchable]], load: Load) -> None:
        self.readings = [reading for reading, _ in found]
        self._items = {reading.id: item for reading, item in found}
        self._load = load

    def document(self, reading_id: int) -> LibraryDocument | None:
        """The document of a reading; None where the library lost it meanwhile."""
        item = self._items.get(reading_id)
        if isinstance(item, LibraryEntry):
            loaded = self._load(item.document_id, item.page_range)
            if loaded is None:
                del self._items[reading_id]
                return None
            item = self._items[reading_id] = loaded
        return item

    def ranked(self, scores: Mapping[Place, float]) -> Iterator[tuple[IndexedReading, Ranked]]:
        """Passages by their scores, best first."""
        readings = {reading.id: reading for reading in self.readings}
        for place in sorted(scores, key=lambda place: (-scores[place], place)):
            item = self.document(place[0])
            if item is not None and place[1] < len(item.passages):
                yield readings[place[0]], Ranked(item.document, item.passages[place[1]], scores[place])


class SearchService:
    """Searches documents of the library: by words, and by meaning where there is an encoder."""

    def __init__(self, index: PassageIndex, load: Load, dense: DenseSearch | None = None) -> None:
        """`load` gives a document of the library, as `LibraryService.by_id`."""
        self._index = index
        self._load = load
        self._dense = dense

    @property
    def similarity(self) -> Similarity | None:
        """How near texts are in meaning; None without an encoder."""
        return self._dense.similarity if self._dense is not None else None

    def warm_up(self) -> None:
        """Open what the first search would have to wait for."""
        if self._dense is not None:
            self._dense.similarity("", [""])

    def index(
        self, item: Searchable, *, on_progress: Progress | None = None, cancelled: Cancelled = never
    ) -> IndexedReading | None:
        """Bring the words of a document into the index, from where that was left; None where the library lost it.

        Raises StorageError and ResourceError.
        """
        reading = self._index.reading(item.document_id, item.page_range)
        if reading is None:
            return None
        return lexical.fill(
            self._index, reading, partial(self._language, item), on_progress=on_progress, cancelled=cancelled
        )

    def encode(self, item: Searchable, *, on_progress: Progress | None = None, cancelled: Cancelled = never) -> bool:
        """Make the vectors of a document that are not made yet; whether all are there.

        False too where there is no encoder, or it does not know the document's language. Raises as `index`.
        """
        reading = self.index(item, cancelled=cancelled)
        if self._dense is None or reading is None or not self._dense.knows(reading):
            return False
        done = self._dense.fill(reading, on_progress=on_progress, cancelled=cancelled)
        return done and self._holds(reading)

    def rank(self, items: Sequence[Searchable], question: str, *, limit: int = CANDIDATES) -> list[Ranked]:
        """The passages of some documents, best first, whether or not they are relevant. Raises as `index`."""
        scope = self._scope(items)
        scores, _ = self._scores(scope, question)
        return [ranked for _, ranked in islice(scope.ranked(scores), limit)]

    def find(self, items: Sequence[Searchable], question: str, *, limit: int = EVIDENCE_PASSAGES) -> Findings:
        """Evidence for a question from `limit` passages at most: repeats left out, neighbours joined.

        Raises as `index`. A document that the library lost is left out.
        """
        scope = self._scope(items)
        scores, best_cosine = self._scores(scope, question)
        asked: dict[str, QuestionTerms] = {}
        terms_of: dict[int, QuestionTerms] = {}

        def put_forward() -> Iterator[Ranked]:
            for reading, ranked in scope.ranked(scores):
                if reading.language not in asked:
                    asked[reading.language] = QuestionTerms(self._index, question, reading.language, scope.readings)
                terms_of[id(ranked.document)] = asked[reading.language]
                yield ranked

        def terms(document: Document) -> QuestionTerms:
            return terms_of[id(document)]

        kept = without_repeats(put_forward(), lambda r: terms(r.document).terms(r.passage.text), limit=limit)
        share = max((terms(found.document).share(found.passage.text) for found in kept), default=0.0)
        if not kept or (share < LEAST_SHARE and best_cosine < LEAST_COSINE):
            return Findings((), (), _nothing([r for r in scope.readings if self._holds(r)], question))
        evidence = join_neighbours(kept)
        near = partial(self._dense.similarity, question) if self._dense is not None else None
        sentences = ranked_sentences(evidence, lambda item: terms(item.document).share, near)
        return Findings(tuple(evidence), tuple(sentences))

    def _language(self, item: Searchable) -> str:
        whole = self._load(item.document_id, item.page_range) if isinstance(item, LibraryEntry) else item
        return text_language(whole.document.text) if whole is not None else OTHER

    def _holds(self, reading: IndexedReading) -> bool:
        """Whether the library has a reading still."""
        return self._index.reading(reading.document_id, reading.page_range) is not None

    def _scope(self, items: Sequence[Searchable]) -> _Scope:
        """Each document once: a range of its pages says nothing that the whole of it does not."""
        whole = {item.document_id for item in items if not item.page_range}
        different = {
            (item.document_id, item.page_range): item
            for item in items
            if not item.page_range or item.document_id not in whole
        }
        indexed = [(self.index(item), item) for item in different.values()]
        return _Scope([(reading, item) for reading, item in indexed if reading is not None], self._load)

    def _scores(self, scope: _Scope, question: str) -> tuple[dict[Place, float], float]:
        """Scores of the passages put forward, and the best cosine among them (0 without an encoder)."""
        by_words = lexical.search(self._index, scope.readings, question, limit=CANDIDATES)
        word_scores = {(hit.reading_id, hit.number): hit.score for hit in by_words}
        cosines: dict[Place, float] = {}
        if self._dense is not None and _says_something(question):
            cosines = self._dense.cosines(scope.readings, by_words, question)
        return fuse(word_scores, cosines), max(cosines.values(), default=0.0)


def _says_something(question: str) -> bool:
    return any(character.isalnum() for character in question)


def _nothing(readings: Sequence[IndexedReading], question: str) -> str:
    """Why nothing was found, as a sentence."""
    which = "the document" if len(readings) == 1 else f"the {len(readings)} documents"
    if not _says_something(question):
        return "The question has no words to search for."
    if not readings:
        return "There is no document to search: the library holds none of those asked about."
    if not any(reading.total for reading in readings):
        return f"There is no text in {which}: nothing can be searched."
    reason = f"Nothing in {which} holds enough of what the question says."
    asked, told = text_language(question), {reading.language for reading in readings} - {OTHER}
    if asked not in {OTHER, *told} and told:
        others = " and ".join(sorted(language.capitalize() for language in told))
        reason += f" It seems to be asked in {asked.capitalize()}, and {which} to be written in {others}."
    return reason
