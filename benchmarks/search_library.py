"""A library in a folder of its own with the evaluation sets in it, searched through the program's own services."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path
from types import TracebackType

from app.documents.model import Document, Page, PageKind, Passage, Section
from app.retrieval.dense import DenseSearch
from app.retrieval.encoder import Encoder
from app.services.library import LibraryDocument, LibraryService, to_reading
from app.services.search import SearchService
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.passage_index import PassageIndex
from app.storage.passage_vectors import PassageVectors
from app.worker.reading import load_document
from benchmarks.evaluation_sets import QuestionSet


class SearchLibrary:
    """An empty library with its services; closed at the end of the block."""

    def __init__(self, folder: Path, encoder: Encoder | None = None) -> None:
        self._folder = folder
        self.database = Database.open(folder / "library.sqlite")
        self._store = DocumentStore(self.database)
        self.library = LibraryService(self._store, load=load_document, now=lambda: 0.0)
        self.index = PassageIndex(self.database)
        dense = DenseSearch(PassageVectors(self.database), encoder) if encoder is not None else None
        self.search = SearchService(self.index, self.library.by_id, dense)

    def __enter__(self) -> SearchLibrary:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.database.close()

    def one_document(self, questions: QuestionSet) -> tuple[list[LibraryDocument], list[int]]:
        """All texts of a set as one file, read as any other, and about where each begins in it."""
        item = self._read(questions.name, "\n\n".join(questions.texts))
        return [item], [0, *accumulate(len(text) + 2 for text in questions.texts[:-1])]

    def one_each(self, questions: QuestionSet) -> tuple[list[LibraryDocument], list[int]]:
        """Each text as a file of its own."""
        items = [self._read(f"{questions.name} {i}", text) for i, text in enumerate(questions.texts)]
        return items, [0] * len(items)

    def _read(self, name: str, text: str) -> LibraryDocument:
        path = self._folder / f"{name}.txt"
        path.write_text(text, encoding="utf-8")
        return self.library.import_file(path)

    def passages(self, name: str, texts: Sequence[str]) -> LibraryDocument:
        """A document whose passages are these texts as they are, one page each, past the reader."""
        pages = tuple(Page(number, text) for number, text in enumerate(texts, start=1))
        starts = [0, *accumulate(len(text) + 1 for text in texts[:-1])]
        section = Section(0, "", 1, 0, starts[-1] + len(texts[-1]), 1, len(texts))
        document = Document(name, "text", name, PageKind.PART, pages, (section,))
        passages = tuple(
            Passage(i, text, start, start + len(text), i + 1, i + 1, 0)
            for i, (text, start) in enumerate(zip(texts, starts, strict=True))
        )
        self._store.save(to_reading(document, passages, ""), path=name, nbytes=section.end, now=0.0)
        return LibraryDocument(document, passages, "", reused=False)
