"""Evidence for questions: from one document, from several, from what the library lists; and reasons for none."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.documents.limits import PageRange
from app.documents.model import Document
from app.retrieval import lexical
from app.services.library import LibraryDocument, LibraryEntry, LibraryService
from app.services.search import SearchService
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.passage_index import PassageIndex
from tests.documents_for_tasks import make_document
from tests.searchable import WordEncoder, check_index, search_service

FILLER = " ".join(f"The mill of village number {i} grinds corn for the people who live around it." for i in range(40))
RIVER = "The Elbe rises in the Krkonoše mountains of Bohemia. It floods the fields in April, when the snow melts."
DAMS = "The great dam near Hamburg holds forty thousand cubic metres of water. It was finished in 1912 by Otto Weber."
GERMAN = "Die Elbe entspringt im Riesengebirge. Sie überschwemmt im April die Felder, wenn der Schnee schmilzt."


class Library:
    """A library, and documents put into it as if they had been read from files."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self.service = LibraryService(DocumentStore(database), load=self._load, now=lambda: 1.0)
        self._next = make_document([""])

    def add(
        self,
        pages: Sequence[str],
        sections: Sequence[tuple[str, int]] = (),
        *,
        of: Sequence[str] = (),
        pages_read: str = "",
    ) -> LibraryDocument:
        """A document of these pages; `of` are those of the whole file where they are its page range `pages_read`."""
        self._next = make_document(pages, sections)
        path = self.folder / hashlib.sha256("\f".join(of or pages).encode()).hexdigest()
        path.write_text("\f".join(of or pages))
        return self.service.import_file(path, pages=PageRange.parse(pages_read) if pages_read else None)

    def _load(self, path: Path, **_: object) -> Document:
        return replace(self._next, content_hash=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def library(tmp_path: Path, database: Database) -> Library:
    return Library(tmp_path, database)


@pytest.fixture
def search(database: Database, library: Library) -> SearchService:
    return search_service(database, library.service.by_id)


def with_encoder(database: Database, library: Library, encoder: WordEncoder) -> SearchService:
    return search_service(database, library.service.by_id, encoder)


def entry(item: LibraryDocument) -> LibraryEntry:
    return LibraryEntry(item.document_id, item.page_range, item.document.title, "/x", len(item.document.pages))


def book() -> tuple[list[str], list[tuple[str, int]]]:
    """Three pages, a section each."""
    pages = [f"{RIVER} {FILLER}", FILLER.replace("mill", "inn"), f"{DAMS} {FILLER.replace('mill', 'farm')}"]
    return pages, [(title, len(page) + 1) for title, page in zip(("Rivers", "Inns", "Dams"), pages, strict=True)]


@pytest.mark.parametrize("encoder", [None, WordEncoder()])
@pytest.mark.parametrize(
    ("question", "answer", "page", "section"),
    [
        ("When does the Elbe flood the fields?", "It floods the fields in April, when the snow melts.", 1, "Rivers"),
        ("By whom was the dam finished in 1912?", "It was finished in 1912 by Otto Weber.", 3, "Dams"),
        (
            "How much water does the dam hold?",
            "The great dam near Hamburg holds forty thousand cubic metres of water.",
            3,
            "Dams",
        ),
    ],
)
def test_a_question_is_answered_from_its_passage(
    database: Database,
    library: Library,
    encoder: WordEncoder | None,
    question: str,
    answer: str,
    page: int,
    section: str,
) -> None:
    """The passage and the sentence that hold the answer stand first, word for word and with their place."""
    item = library.add(*book())
    found = search_service(database, library.service.by_id, encoder).find([item], question)
    assert found.reason == ""
    best = found.evidence[0]
    assert answer in best.text and (best.page_from, best.section) == (page, section)
    assert found.sentences[0].text == answer and found.sentences[0].page_from == page


def test_the_shape_of_evidence(library: Library, search: SearchService) -> None:
    """At most so many passages, best first, each a stretch of one section; the sentences are theirs, each once."""
    item = library.add(*book())
    for limit in (1, 3, 5):
        found = search.find([item], "mill, inn and farm of village number 7, 21 and 33", limit=limit)
        scores = [evidence.score for evidence in found.evidence]
        assert 1 <= len(scores) <= limit and scores == sorted(scores, reverse=True)
        stretches = sorted((evidence.start, evidence.end) for evidence in found.evidence)
        for start, end in stretches:
            assert item.document.text[start:end].strip()
            assert sum(section.start <= start and end <= section.end for section in item.document.sections) == 1
        for sentence in found.sentences:
            assert any(start <= sentence.start and sentence.end <= end for start, end in stretches)
        places = [(sentence.start, sentence.end) for sentence in found.sentences]
        assert len(set(places)) == len(places)


def test_repeats_are_shown_once(library: Library, search: SearchService) -> None:
    """A paragraph that stands on every page is one piece of evidence."""
    pages = [DAMS, FILLER, f"{DAMS} Again.", RIVER, DAMS]
    item = library.add(pages, [(str(i), len(page) + 1) for i, page in enumerate(pages)])
    found = search.find([item], "Who finished the great dam near Hamburg?")
    assert sum("Otto Weber" in evidence.text for evidence in found.evidence) == 1


@pytest.mark.parametrize("encoder", [None, WordEncoder()])
def test_one_document_never_answers_for_another(
    database: Database, library: Library, encoder: WordEncoder | None
) -> None:
    """However much better the other one's passages are."""
    dams, rivers = library.add([DAMS]), library.add([f"{RIVER} {FILLER}"])
    service = search_service(database, library.service.by_id, encoder)
    for item in (dams, rivers):
        service.encode(item)
    for question in ("Who finished the dam?", "When does the Elbe flood the fields?", "Where does the Elbe rise?"):
        for item in (dams, rivers):
            ranked = service.rank([item], question)
            assert {found.document.content_hash for found in ranked} <= {item.document_id}
            assert {e.document.content_hash for e in service.find([item], question).evidence} <= {item.document_id}
    assert service.find([rivers], "Who finished the dam near Hamburg in 1912?").evidence == ()


def test_several_documents(library: Library, search: SearchService) -> None:
    """The one that holds the answer stands first; both may give evidence; in whatever order they are named."""
    dams, rivers = library.add([f"{DAMS} {FILLER}"]), library.add([f"{RIVER} {FILLER.replace('mill', 'inn')}"])
    for items in ([dams, rivers], [rivers, dams], [dams, rivers, dams]):
        found = search.find(items, "When does the Elbe flood the fields?")
        assert found.evidence[0].document == rivers.document
        both = search.find(items, "The dam near Hamburg, and the Elbe in April")
        assert {e.document.content_hash for e in both.evidence} == {dams.document_id, rivers.document_id}
        for sentence in both.sentences:
            assert sentence.text == sentence.document.text[sentence.start : sentence.end]


def test_documents_of_two_languages(library: Library, search: SearchService) -> None:
    """Each is asked in its own, so that stems find what they should."""
    english, german = library.add([f"{RIVER} {FILLER}"]), library.add([GERMAN])
    assert (
        search.find([english, german], "Wann überschwemmt die Elbe das Feld?").evidence[0].document == german.document
    )
    assert search.find([english, german], "When does the Elbe flood a field?").evidence[0].document == english.document


def test_listed_documents_are_loaded_when_they_are_found(library: Library, database: Database) -> None:
    """Of those that only their entry names, the library loads no text but that of the best."""
    items = [library.add([f"{DAMS} {FILLER}"]), library.add([f"{RIVER} {FILLER}"]), library.add([FILLER])]
    loaded: list[str] = []

    def load(document_id: str, page_range: str) -> LibraryDocument | None:
        loaded.append(document_id)
        return library.service.by_id(document_id, page_range)

    search = SearchService(PassageIndex(database), load)
    for item in items:
        search.index(entry(item))
    assert loaded == [item.document_id for item in items]  # to tell their languages
    loaded.clear()
    found = search.find([entry(item) for item in items], "When does the Elbe flood the fields?", limit=1)
    assert [evidence.document for evidence in found.evidence] == [items[1].document]
    assert loaded == [items[1].document_id]
    assert search.find([entry(item) for item in items], "Who finished the dam?") == search.find(
        items, "Who finished the dam?"
    )
    assert library.service.entries()[0].document_id in {item.document_id for item in items}


def test_a_listed_document_that_is_gone(library: Library, search: SearchService) -> None:
    """It is left out, before it was indexed and after; alone, the reason says so."""
    gone, here = library.add([DAMS]), library.add([f"{RIVER} {FILLER}"])
    listed = [entry(gone), entry(here)]
    search.find(listed, "dam")
    library.service.remove(gone.document_id)
    assert search.index(entry(gone)) is None and not search.encode(entry(gone))
    assert search.find(listed, "When does the Elbe flood?").evidence[0].document == here.document
    for items in ([entry(gone)], [gone], []):
        found = search.find(items, "Who finished the dam?")
        assert found.evidence == found.sentences == ()
        assert found.reason == "There is no document to search: the library holds none of those asked about."
        assert search.rank(items, "Who finished the dam?") == []


@pytest.mark.parametrize("encoder", [None, WordEncoder()])
def test_a_document_that_goes_while_it_is_asked(
    database: Database, library: Library, encoder: WordEncoder | None
) -> None:
    """After its words were found and before its text was loaded: others answer, or the reason says so."""
    gone, here = library.add([DAMS]), library.add([f"{RIVER} {FILLER}"])

    def load(document_id: str, page_range: str) -> LibraryDocument | None:
        if document_id == gone.document_id:
            library.service.remove(document_id)
        return library.service.by_id(document_id, page_range)

    items = [entry(gone), entry(here)]
    question = "Who finished the dam near Hamburg, and when does the Elbe flood the fields?"
    service = search_service(database, library.service.by_id, encoder)
    for item in items:
        service.encode(item) if encoder else service.index(item)
    service = search_service(database, load, encoder)
    found = service.find(items, question)
    assert [evidence.document for evidence in found.evidence] == [here.document] * len(found.evidence) != []
    gone = library.add([DAMS])
    search_service(database, library.service.by_id).index(entry(gone))
    alone = service.find([entry(gone)], question)
    assert (alone.evidence, alone.sentences) == ((), ())
    assert alone.reason == "There is no document to search: the library holds none of those asked about."


def test_a_document_that_goes_while_it_is_indexed(
    library: Library, search: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback: the document is not there."""
    monkeypatch.setattr(lexical, "BATCH_PASSAGES", 2)
    item = library.add(*book())
    assert search.index(item, on_progress=lambda done, total: library.service.remove(item.document_id) and None) is None
    assert search.find([item], "dam").reason.startswith("There is no document to search")


def test_the_whole_and_a_page_range(database: Database, library: Library) -> None:
    """Each keeps its own offsets; asked together, the whole file speaks for both."""
    pages, sections = book()
    whole = library.add(pages, sections)
    part = library.add(pages[2:], sections[2:], of=pages, pages_read="3-3")
    assert whole.document_id == part.document_id and whole.document != part.document
    service = with_encoder(database, library, WordEncoder())
    question = "Who finished the dam near Hamburg?"
    for items, document in (([whole], whole.document), ([part], part.document), ([part, whole], whole.document)):
        found = service.find(items, question)
        assert {id(evidence.document) for evidence in found.evidence} == {id(document)}
        assert "Otto Weber" in found.evidence[0].text
        assert found.sentences[0].text in DAMS
    assert {id(ranked.document) for ranked in service.rank([part, whole], question)} == {id(whole.document)}
    by_words = search_service(database, library.service.by_id)
    assert by_words.find([part], "When does the Elbe flood the fields in April?").evidence == ()


def test_two_page_ranges_of_a_file(library: Library, search: SearchService) -> None:
    """They are two documents with one hash: nothing is joined, each sentence is its own document's."""
    pages, sections = book()
    parts = [
        library.add(pages[i : i + 1], sections[i : i + 1], of=pages, pages_read=f"{i + 1}-{i + 1}") for i in (0, 2)
    ]
    found = search.find(parts, "The dam near Hamburg, and the Elbe in April")
    assert {id(evidence.document) for evidence in found.evidence} == {id(part.document) for part in parts}
    texts = [sentence.text for sentence in found.sentences]
    assert "It was finished in 1912 by Otto Weber." in texts
    assert "It floods the fields in April, when the snow melts." in texts


def test_indexing_goes_on_after_kill_9(library: Library, database: Database, search: SearchService) -> None:
    """A program that died while it indexed a document leaves what it did; the next question does the rest."""
    item = library.add(*book())
    script = f"""
import os, signal, sys
from pathlib import Path
from app.retrieval import lexical
from app.services.search import SearchService
from app.services.library import LibraryEntry
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.services.library import LibraryService
from app.storage.passage_index import PassageIndex
lexical.BATCH_PASSAGES = 3
database = Database.open(Path({str(database.path)!r}))
library = LibraryService(DocumentStore(database), load=None, now=lambda: 2.0)
search = SearchService(PassageIndex(database), library.by_id)
search.index(library.entries()[0], on_progress=lambda done, total: os.kill(os.getpid(), signal.SIGKILL))
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    left = PassageIndex(database).reading(item.document_id, "")
    assert left is not None and (left.done, left.total) == (3, len(item.passages))
    assert "Otto Weber" in search.find([item], "Who finished the dam in 1912?").evidence[0].text
    check_index(database)


def test_cancelled_and_gone_on(
    library: Library, database: Database, search: SearchService, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Indexing that was cancelled goes on where it was; no vectors are made of a document meanwhile."""
    monkeypatch.setattr(lexical, "BATCH_PASSAGES", 2)
    item = library.add(*book())
    answers = iter([False, True])
    reading = search.index(item, cancelled=lambda: next(answers))
    assert reading is not None and reading.done == 2
    encoder = WordEncoder()
    assert not with_encoder(database, library, encoder).encode(item, cancelled=lambda: True)
    assert encoder.encoded == []
    told: list[int] = []
    reading = search.index(item, on_progress=lambda done, total: told.append(done))
    assert reading is not None and reading.done == reading.total == len(item.passages) and told[0] == 4


def test_vectors_are_made_once(library: Library, database: Database) -> None:
    """For the document when asked to, with progress; then a question costs one vector for itself and its sentences."""
    item = library.add(*book())
    encoder = WordEncoder()
    service = with_encoder(database, library, encoder)
    told: list[tuple[int, int]] = []
    assert service.encode(item, on_progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (len(item.passages), len(item.passages))
    assert encoder.encoded == [passage.text for passage in item.passages]
    encoder.encoded.clear()
    assert service.encode(item) and encoder.encoded == []
    service.rank([item], "Who finished the dam?")
    assert encoder.encoded == ["Who finished the dam?"]


def test_a_document_that_goes_while_it_is_encoded(library: Library, database: Database) -> None:
    """Its vectors are not all there, though none is missing."""
    item = library.add(*book())

    class Removing(WordEncoder):
        def encode(self, texts):
            library.service.remove(item.document_id)
            return super().encode(texts)

    assert not with_encoder(database, library, Removing()).encode(item)
    assert database.rows("SELECT * FROM passage_vectors") == []


def test_warmed_up(library: Library, database: Database, search: SearchService) -> None:
    """The encoder has been used before the first search; without one there is nothing to open."""
    encoder = WordEncoder()
    with_encoder(database, library, encoder).warm_up()
    assert encoder.encoded
    search.warm_up()
    assert search.similarity is None


def test_vectors_need_an_encoder_that_knows_the_language(library: Library, database: Database) -> None:
    """Without one, nothing is made; the search by words goes on."""
    item = library.add([GERMAN])
    assert not search_service(database, library.service.by_id).encode(item)
    assert search_service(database, library.service.by_id).similarity is None
    encoder = WordEncoder(languages=frozenset({"english"}))
    service = with_encoder(database, library, encoder)
    assert not service.encode(item) and encoder.encoded == []
    assert service.rank([item], "Elbe")[0].document is item.document and encoder.encoded == []
    assert service.similarity is not None and service.similarity("a b", ["b a"]) == pytest.approx([1])


@pytest.mark.parametrize("encoder", [None, WordEncoder()])
def test_nothing_relevant(database: Database, library: Library, encoder: WordEncoder | None) -> None:
    """A question about something else: no evidence, and the reason; with one word of many in common too."""
    item = library.add(*book())
    service = search_service(database, library.service.by_id, encoder)
    for question in (
        "Which vitamins do lemons contain?",
        "Explain quantum chromodynamics",
        "Which vitamins, proteins, minerals and acids do lemons, oranges and a mill contain?",
    ):
        found = service.find([item], question)
        assert (found.evidence, found.sentences) == ((), ())
        assert found.reason == "Nothing in the document holds enough of what the question says."


def test_what_is_near_in_meaning_is_found_without_the_words(library: Library, database: Database) -> None:
    """The encoder's word is enough where no word is shared."""

    class Knowing(WordEncoder):
        def encode(self, texts):
            return super().encode([text.replace("barrage", "dam great finished Otto Weber 1912") for text in texts])

    item = library.add([DAMS, FILLER], [("Dams", len(DAMS) + 1), ("Mills", 0)])
    service = with_encoder(database, library, Knowing())
    service.encode(item)
    assert service.find([item], "barrage").evidence[0].text == DAMS
    assert search_service(database, library.service.by_id).find([item], "barrage").evidence == ()


def test_a_question_in_another_language(library: Library, search: SearchService) -> None:
    """The reason names both languages; one in the document's own does not."""
    english, german = library.add([f"{RIVER} {FILLER}"]), library.add([GERMAN])
    asked = "Wie viele Einwohner hat die Hauptstadt von Frankreich?"
    assert search.find([english], asked).reason == (
        "Nothing in the document holds enough of what the question says. "
        "It seems to be asked in German, and the document to be written in English."
    )
    assert search.find([german], asked).reason == "Nothing in the document holds enough of what the question says."
    assert search.find([english, german], asked).reason == (
        "Nothing in the 2 documents holds enough of what the question says."
    )
    assert search.find([english, german], "Combien de vaches y a-t-il dans les prés de la Normandie ?").reason.endswith(
        "It seems to be asked in French, and the 2 documents to be written in English and German."
    )


@pytest.mark.parametrize("encoder", [None, WordEncoder()])
@pytest.mark.parametrize("question", ["", "  ", "???", "!", "\0", "\ud800", "😀", '"'])
def test_a_question_without_words(
    library: Library, database: Database, encoder: WordEncoder | None, question: str
) -> None:
    """Punctuation alone: the reason says so, and no meaning is looked for in it."""
    item = library.add([f"??? {RIVER}"])
    service = search_service(database, library.service.by_id, encoder)
    service.encode(item)
    found = service.find([item], question)
    assert (found.evidence, found.reason) == ((), "The question has no words to search for.")
    assert service.rank([item], question) == []


@pytest.mark.parametrize("encoder", [None, WordEncoder()])
def test_a_document_without_text(library: Library, database: Database, encoder: WordEncoder | None) -> None:
    """Scanned pages: the reason says so; beside a document with text it does not matter."""
    empty, full = library.add(["", ""]), library.add([RIVER])
    service = search_service(database, library.service.by_id, encoder)
    question = "When does the Elbe flood?"
    assert service.find([empty], question).reason == "There is no text in the document: nothing can be searched."
    assert service.find([empty, empty], question).reason == "There is no text in the document: nothing can be searched."
    assert service.find([empty, full], question).evidence[0].document is full.document


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("我们喜欢河流。河流很长，山很高。", "河流在哪里?"),
        ("我们喜欢河流。河流很长，山很高。", "山"),
        ("서울은 한국의 수도이다. 인구는 구백만 명이다.", "서울의 인구는 얼마입니까?"),
        ("नदी बहुत लंबी है।", "नदी कितनी लंबी है?"),
        ("Река очень длинная.", "Какая река длинная?"),
        ("แม่น้ำยาวมาก", "แม่น้ำยาวไหม"),
    ],
)
def test_short_documents_in_any_script(library: Library, search: SearchService, text: str, question: str) -> None:
    """A note of one passage is evidence for a question about it."""
    item = library.add([text])
    assert [evidence.text for evidence in search.find([item], question).evidence] == [text]


@pytest.mark.parametrize(
    "question", ["x" * 10_000, "dam " * 2_500, "".join(map(chr, range(0x4E00, 0x4E00 + 5000))), "dam\0?", "dam \ud83d"]
)
def test_any_question(library: Library, database: Database, question: str) -> None:
    """Long or broken text is a question like any other."""
    item = library.add(*book())
    service = with_encoder(database, library, WordEncoder())
    found = service.find([item], question.replace("\ud83d", ""))
    assert bool(found.evidence) == ("dam" in question) != bool(found.reason)
    assert search_service(database, library.service.by_id).find([item], question).evidence or ("dam" not in question)
