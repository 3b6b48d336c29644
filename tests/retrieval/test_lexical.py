"""Filling the index so that nothing is done twice or lost, and the search by words."""

from __future__ import annotations

import subprocess
import sys

import pytest

from app.core.errors import StorageError
from app.retrieval import lexical
from app.retrieval.boilerplate import BOILERPLATE
from app.retrieval.lexical import INDEX_VERSION, QuestionTerms, fill, search
from app.retrieval.terms import OTHER
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.passage_index import IndexedReading, PassageIndex
from tests.searchable import check_index, index_passages, save_passages

TEXTS = [f"Passage number{i} tells of the river Elbe and its dams." for i in range(20)]

CHILD = """
import os, signal, sys
from pathlib import Path
from app.retrieval import lexical
from app.storage.database import Database
from app.storage.passage_index import PassageIndex
lexical.BATCH_PASSAGES = 3
database = Database.open(Path(sys.argv[1]), busy_timeout_s=60)
index = PassageIndex(database)
def die(): os.kill(os.getpid(), signal.SIGKILL)
"""
FILL = 'lexical.fill(index, index.reading("d1", ""), lambda: "english", on_progress=progress)\n'
DIES_BETWEEN_BATCHES = f"""
def progress(done, total):
    if done == 6: die()
{FILL}"""
DIES_WHILE_IT_MAKES_TERMS = f"""
progress, weight, calls = None, lexical.match_weight, []
def match_weight(*texts):
    calls.append(texts)
    if len(calls) == 8: die()
    return weight(*texts)
lexical.match_weight = match_weight
{FILL}"""
DIES_IN_A_TRANSACTION = f"""
progress, seen = None, []
def trace(sql):
    seen.append(sql.startswith("UPDATE readings SET passages_indexed"))
    if sum(seen) == 3: die()
with database.transaction() as db: db.conn.set_trace_callback(trace)
{FILL}"""
FILLS_AND_TELLS = f"""
def progress(done, total): print(done, flush=True)
input()
{FILL}"""


@pytest.fixture
def index(database: Database) -> PassageIndex:
    return PassageIndex(database)


def found(index: PassageIndex, question: str, *readings: IndexedReading) -> list[int]:
    return [hit.number for hit in search(index, readings, question, limit=9)]


@pytest.mark.parametrize("script", [DIES_BETWEEN_BATCHES, DIES_WHILE_IT_MAKES_TERMS, DIES_IN_A_TRANSACTION])
def test_filling_goes_on_after_kill_9(database: Database, index: PassageIndex, script: str) -> None:
    """What was committed is not done again, what was not is: in the end each passage is there once."""
    saved = save_passages(database, TEXTS)
    killed = subprocess.run([sys.executable, "-c", CHILD + script, database.path], check=False)
    assert killed.returncode == -9
    left = index.reading("d1", "")
    assert left is not None and (left.version, left.done, left.language) == (INDEX_VERSION, 6, "english")
    check_index(database)
    told: list[int] = []
    filled = fill(index, left, lambda: pytest.fail("asked twice"), on_progress=lambda done, total: told.append(done))
    assert filled is not None and filled.done == filled.total == 20 and told == [20]
    check_index(database)
    assert index.document_frequency('"elb"', [saved.id]) == 20
    assert all(index.document_frequency(f'"number{i}"', [saved.id]) == 1 for i in range(20))


def test_two_programs_at_once(database: Database, index: PassageIndex) -> None:
    """Both come to the end, and between them every passage is done once."""
    texts = [f"number{i} river" for i in range(120)]
    saved = save_passages(database, texts)
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CHILD + FILLS_AND_TELLS, database.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for child in children:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
    told = [child.communicate()[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert {output[-1] for output in told if output} == {"120"}
    check_index(database)
    assert index.document_frequency('"river"', [saved.id]) == 120


def test_progress_and_language(database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Told after each step; the language is asked once and kept."""
    monkeypatch.setattr(lexical, "BATCH_PASSAGES", 8)
    told: list[tuple[int, int]] = []
    languages = iter(["german"])
    filled = fill(
        index,
        save_passages(database, TEXTS),
        lambda: next(languages),
        on_progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(8, 20), (16, 20), (20, 20)]
    assert filled is not None and filled.language == "german"
    assert fill(index, filled, lambda: pytest.fail("asked again")) == filled


def test_cancelled(database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stops after the step it is at; what is done is searched, and the next run does the rest."""
    monkeypatch.setattr(lexical, "BATCH_PASSAGES", 5)
    answers = iter([False, True])
    part = fill(index, save_passages(database, TEXTS), lambda: "english", cancelled=lambda: next(answers))
    assert part is not None and (part.done, part.total) == (5, 20)
    assert found(index, "number4", part) == [4] and found(index, "number5", part) == []
    whole = fill(index, part, lambda: "english")
    assert whole is not None and found(index, "number5", whole) == [5]


def test_a_document_without_text(database: Database, index: PassageIndex) -> None:
    """Nothing to do, nothing to find."""
    filled = fill(index, save_passages(database, []), lambda: OTHER)
    assert filled is not None and (filled.done, filled.total) == (0, 0)
    assert found(index, "river", filled) == []


def test_an_older_index_is_made_anew(database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its language too; what the old one held is not found any more."""
    monkeypatch.setattr(lexical, "INDEX_VERSION", "0")
    monkeypatch.setattr(lexical, "match_weight", lambda text, section: 0.1)
    old = index_passages(database, ["Die Dämme am Fluss."], language=OTHER)
    monkeypatch.undo()
    new = fill(index, old, lambda: "german")
    assert new is not None and (new.version, new.language, new.done) == (INDEX_VERSION, "german", 1)
    assert found(index, "Damm", new) == [0]
    check_index(database)


def test_weights_of_an_older_index_are_not_kept(
    database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A passage that was taken for an index page once counts in full when the new rules say text."""
    monkeypatch.setattr(lexical, "INDEX_VERSION", "0")
    monkeypatch.setattr(lexical, "match_weight", lambda text, section: BOILERPLATE)
    old = index_passages(database, ["The river.", "Dams."])
    monkeypatch.undo()
    fill(index, old, lambda: "english")
    assert database.rows("SELECT DISTINCT weight FROM passages") == [{"weight": 1.0}]


def test_deleted_while_it_is_indexed(database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """None, and nothing of it stays."""
    monkeypatch.setattr(lexical, "BATCH_PASSAGES", 5)
    store = DocumentStore(database)
    saved = save_passages(database, TEXTS)
    assert fill(index, saved, lambda: "english", on_progress=lambda done, total: store.remove("d1") and None) is None
    assert database.rows("SELECT * FROM passage_terms") == []
    assert fill(index, saved, lambda: "english") is None


def test_read_again_while_it_is_indexed(
    database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The new reading, which has the old one's row id, is indexed from its beginning."""
    monkeypatch.setattr(lexical, "BATCH_PASSAGES", 5)
    saved = save_passages(database, TEXTS)
    times = iter([True])

    def read_again(done: int, total: int) -> None:
        if next(times, False):
            assert save_passages(database, [f"new {text}" for text in TEXTS]).id == saved.id

    filled = fill(index, saved, lambda: "english", on_progress=read_again)
    assert filled is not None and filled.done == 20
    assert index.document_frequency('"new"', [filled.id]) == 20
    check_index(database)


def test_two_versions_do_not_take_turns(
    database: Database, index: PassageIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version's program that begins anew all the time is named, rather than fought for ever."""
    monkeypatch.setattr(lexical, "BATCH_PASSAGES", 5)
    saved = save_passages(database, TEXTS)
    with pytest.raises(StorageError, match="another version of Griffin Desk") as caught:
        fill(
            index,
            saved,
            lambda: "english",
            on_progress=lambda done, total: index.begin(saved.id, version="other", language=OTHER),
        )
    assert caught.value.code == "locked"


QUESTIONS = [
    '"', "AND OR NOT", "a* ^b NEAR(c", "it's -- ; DROP TABLE", "", " ", "???", "{terms} : x", "reading : r1", "r.1",
    "\0", "Elbe\0dam", "\ud83d", "😀", "\u200b", "-", "+1", "(((", "*", "a" * 10_000, "dam " * 2_500, "?" * 10_000,
    "".join(map(chr, range(0x4E00, 0x4E00 + 5000))), " ".join(f"word{i}" for i in range(2000)), "雪" * 10_000,
    " ".join("雪山水" * 1000), "\u0301" * 10_000,
]  # fmt: skip


@pytest.mark.parametrize("question", QUESTIONS, ids=range(len(QUESTIONS)))
def test_any_question_can_be_asked(database: Database, index: PassageIndex, question: str) -> None:
    """Nothing in it is the search language's, no length is too much, and what it holds of words is found."""
    reading = index_passages(database, ["Dams hold water back.", "The Elbe floods in April.", "Other."])
    other = index_passages(database, ["雪山很高。"], language=OTHER, document_id="d2")
    words = {"dam": 0, "Elbe": 1}
    expected = [number for word, number in words.items() if word in question]
    assert sorted(found(index, question, reading)) == sorted(expected)
    assert found(index, question, other) == ([0] if "雪山" in question or "雪 " in question else [])
    assert 0 <= QuestionTerms(index, question, "english", [reading]).share("Dams hold water back.") <= 1


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("Wo ist die Straße?", [0]),
        ("STRASSE", [0]),
        ("re\u0301sume\u0301", [0]),  # decomposed, as macOS gives file names and some keyboards give text
        ("resume", [0]),
        ("C++", [1, 3]),
        ("河流在哪里?", [2, 3]),  # both pairs of 河流 and 在哪; the second passage holds one of them
        ("河", [2, 3]),
        ("流", [2, 3]),  # no pair begins with it in 3
        ("C语言", [3, 1]),
        ("แม่น้ำ", [4]),
        ("서울 인구", [5]),
        ("강", [5]),
        ("नदी", [6]),
        ("न", []),
        ("محمد", [7]),
        ("река", [8]),
        ("1000", [9]),
        ("1,000", [9]),
        ("1000.0", [9]),
        ("2,50", [9]),
        ("foo_bar", [10]),
        ("bar", [10]),
        ("state of the art", [10]),
        ("Darcys", []),
        ("darcy's", [11]),
        ("雪", []),
    ],
)
def test_any_writing(database: Database, index: PassageIndex, question: str, numbers: list[int]) -> None:
    """Letters that fold oddly, composed or not, scripts without spaces, numbers in several forms, identifiers."""
    texts = [
        "Die Straße, ein Résumé.", "He taught C++.", "河流在哪里。", "我们喜欢C语言和河流。", "แม่น้ำยาว",
        "서울의 인구는 강을 따라.",
        "नदी बहती है।", "مُحَمَّد", "Река течёт.", "It cost 1,000 francs, then 2.5.",
        "Call foo_bar, a state-of-the-art function",
        "It was Darcy’s.",
    ]  # fmt: skip
    reading = index_passages(database, texts, language=OTHER)
    assert found(index, question, reading) == numbers


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("english", "Dams are holding the waters back.", "Which dam holds water?"),
        ("german", "Die Häuser der Städte wurden überschwemmt.", "Welches Haus der Stadt?"),
        ("french", "L'eau des rivières gelées.", "Quelle rivière gèle ? De l’eau gelée"),
        ("spanish", "Los perros ladraban.", "¿Qué perro?"),
    ],
)
def test_stems_of_the_documents_language(
    database: Database, index: PassageIndex, language: str, text: str, question: str
) -> None:
    """Another form of a word finds it; function words find nothing by themselves."""
    reading = index_passages(database, ["Zzz.", text, "Yyy."], language=language)
    assert found(index, question, reading) == [1]


def test_without_a_stop_list_words_are_found_as_they_are(database: Database, index: PassageIndex) -> None:
    """Nothing is stemmed, function words are words."""
    reading = index_passages(database, ["Älven och dammarna", "dammen"], language=OTHER)
    assert found(index, "dammarna", reading) == [0] and found(index, "och", reading) == [0]


def test_each_reading_is_asked_in_its_language(database: Database, index: PassageIndex) -> None:
    """One question, an English and a German document: both hits, the best ones where the limit cuts."""
    english = index_passages(database, ["The houses of Hamburg", "x", "y", "z"])
    german = index_passages(database, ["Die Häuser in Hamburg, Hamburg", "x"], language="german", document_id="d2")
    hits = search(index, [english, german], "Houses, Häuser, Hamburg", limit=9)
    assert {(hit.reading_id, hit.number) for hit in hits} == {(english.id, 0), (german.id, 0)}
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    assert search(index, [english, german], "Houses, Häuser, Hamburg", limit=1) == hits[:1]
    assert search(index, [], "Hamburg", limit=9) == []


def test_contents_and_index_rank_below_the_text(database: Database, index: PassageIndex) -> None:
    """They hold the question's words more often than the passage that answers it."""
    contents = "1 The dam … 1\n1.1 Dam gates … 2\n1.2 Gates of the dam … 5\n2 Floods … 9\n3 Gates … 14\n4 Dams … 20"
    listed = "dam, 1, 5, 20\ndam gate, 2\nflood, 9\ngate, 2, 5, 14\nriver, 3\nwater, 8\nweir, 30"
    text = "The gates of the dam are opened in April, when the river brings the water of the snow from the mountains."
    others = [f"Something else, number {i}, about a mill." for i in range(20)]
    reading = index_passages(database, [contents, text, *others, listed])
    assert found(index, "When are the gates of the dam opened?", reading)[0] == 1


def test_share_of_a_question(database: Database, index: PassageIndex) -> None:
    """Rare words say more than common ones, several texts hold what each of them does, and all of it is 1."""
    texts = ["The river Elbe.", *(f"The river number{i}." for i in range(30))]
    reading = index_passages(database, texts)
    terms = QuestionTerms(index, "Does the river Elbe flood?", "english", [reading])
    river, elbe, both = terms.share("a river"), terms.share("Elbe!"), terms.share("River", "Elbe")
    assert 0 < river < 0.1 < elbe < both < 1
    assert both == pytest.approx(river + elbe)
    assert terms.share("floods on rivers", "the Elbe") == pytest.approx(1)
    assert terms.share("") == terms.share() == 0
    assert terms.terms("Rivers flood rivers") == {"river", "flood"}


@pytest.mark.parametrize("question", ["", "???", "\0"])
def test_share_of_nothing(database: Database, index: PassageIndex, question: str) -> None:
    """A question without words is held by no text."""
    assert QuestionTerms(index, question, "english", [index_passages(database, TEXTS)]).share("river") == 0


def test_share_in_a_note_of_one_passage(database: Database, index: PassageIndex) -> None:
    """What the only passage holds counts, beside what it does not; so it does in Chinese and Korean."""
    english = index_passages(database, ["The Elbe floods in April."])
    assert QuestionTerms(index, "Where does the Elbe flow?", "english", [english]).share("The Elbe floods.") > 0.3
    text = "河流很长。"
    chinese = index_passages(database, [text], language=OTHER, document_id="d2")
    assert QuestionTerms(index, "河流在哪里?", OTHER, [chinese]).share(text) > 0.3
    assert QuestionTerms(index, "河", OTHER, [chinese]).share(text) == 1
    assert QuestionTerms(index, "今天天气怎么样?", OTHER, [chinese]).share(text) == 0
