"""Sentences of the evidence, the likeliest answer first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from app.documents.evidence import Evidence
from app.documents.model import Document
from app.retrieval.highlight import COMPARED, SIMILARITY_WEIGHT, ranked_sentences
from tests.documents_for_tasks import make_document

TEXT = (
    "The Elbe\n\nThe Elbe is a river in Europe with many dams. Its source lies in the Krkonoše mountains of Bohemia. "
    "It often floods the fields in April. Trains cross a bridge of steel near Hamburg every hour."
)
SOURCE = "Its source lies in the Krkonoše mountains of Bohemia."


def asks(question: str):
    """The share of the question's words that some texts hold."""
    wanted = set(question.lower().split())

    def share(*texts: str) -> float:
        return len(wanted & set(" ".join(texts).lower().replace(".", "").split())) / len(wanted)

    return lambda item: share


def whole(document: Document, score: float = 1.0) -> Evidence:
    return Evidence(document, 0, len(document.text), score)


def texts(found: Sequence[Evidence]) -> list[str]:
    return [item.text for item in found]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("source mountains elbe", SOURCE),
        ("when floods fields elbe", "It often floods the fields in April."),
        ("what trains cross", "Trains cross a bridge of steel near Hamburg every hour."),
    ],
)
def test_the_obvious_answer_stands_first(question: str, answer: str) -> None:
    """The sentence with the question's words, or one beside that which names its subject; every sentence is there."""
    found = ranked_sentences([whole(make_document([TEXT]))], asks(question))
    assert found[0].text == answer
    assert len(found) == 5
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


def test_each_sentence_once() -> None:
    """Evidence that overlaps gives each sentence one time, with the better of its scores."""
    document = make_document([TEXT])
    middle = document.text.index("Its source")
    end = document.text.index("It often") - 1
    pieces = [Evidence(document, 0, end, 0.2), Evidence(document, middle, len(document.text), 1.0)]
    for order in (pieces, pieces[::-1]):
        found = ranked_sentences(order, asks("source"))
        assert len(set(texts(found))) == len(found) == 5
        assert found[0].text == SOURCE
        alone = ranked_sentences([pieces[1]], asks("source"))
        assert found[0].score == pytest.approx(max(alone[0].score, found[0].score))


def test_offsets_give_back_the_text() -> None:
    """Each is evidence of its own: its place in the document, on its page."""
    document = make_document(["Dams hold water back here.", "The river floods in April, they say."])
    start = document.text.index("The river")
    (found,) = ranked_sentences([Evidence(document, start, len(document.text), 0.5)], asks("river"))
    assert (found.start, found.end, found.text) == (start, len(document.text), "The river floods in April, they say.")
    assert (found.page_from, found.document is document) == (2, True)


def test_one_files_whole_and_part_are_two_documents() -> None:
    """The same hash and the same offsets, other sentences: both are there."""
    document = make_document(["Dams hold the water back.", "Dams hold the river back."])
    part = replace(make_document([document.pages[1].text]), content_hash=document.content_hash)
    found = ranked_sentences([Evidence(document, 0, 25, 1.0), Evidence(part, 0, 25, 0.9)], asks("dams"))
    assert texts(found) == ["Dams hold the water back.", "Dams hold the river back."]


def test_headings_and_endless_tables_do_not_win() -> None:
    """They hold the question's words and say nothing; a sentence with nearly as many stands above."""
    table = "source elbe mountains " * 40
    document = make_document([f"Source of the Elbe\n\n{table}\n\nThe Elbe has its source in the mountains of Bohemia."])
    found = ranked_sentences([whole(document)], asks("source of the elbe"))
    assert found[0].text == "The Elbe has its source in the mountains of Bohemia."


@pytest.mark.parametrize(
    "heading",
    [
        "3.2 Sources of the river Elbe in Bohemia",
        "Figure 4 Sources of the river Elbe",
        "The sources of the river Elbe are:",
    ],
)
def test_what_has_no_end_stands_below_what_has_one(heading: str) -> None:
    """Headings, captions and what only announces say nothing; the sentence with the same words does."""
    answer = "Of all sources of the river Elbe the highest is in Bohemia."
    found = ranked_sentences([whole(make_document([f"{heading}\n\n{answer}"]))], asks("sources river elbe"))
    assert texts(found) == [answer, heading]


def test_the_title_of_the_section_answers_last() -> None:
    """Numbered or not, even where nothing else holds a word of the question."""
    for heading in ("2.4 Sources of the river Elbe", "SOURCES OF THE RIVER ELBE"):
        text = f"{heading}\n\nThey lie on the ridge of the Krkonoše mountains."
        document = make_document([text], [("Sources of the river Elbe", 0)])
        by_title = {item.text: item.score for item in ranked_sentences([whole(document)], asks("river elbe"))}
        untitled = {
            item.text: item.score for item in ranked_sentences([whole(make_document([text]))], asks("river elbe"))
        }
        assert by_title[heading] < untitled[heading]
        assert [by_title[other] for other in by_title if other != heading] == [untitled[text.split("\n\n")[1]]]


def test_an_item_of_a_list_needs_no_full_stop() -> None:
    """It answers as a sentence does; the same words without its mark are taken for a heading."""
    item, heading = "• dams that hold the river back in April", "dams that hold the river back in April"
    found = ranked_sentences([whole(make_document([f"{heading}\n\n{item}"]))], asks("dams river"))
    assert [entry.text for entry in found] == [item, heading]


@pytest.mark.parametrize("mark", ["?", "?”", "？", "؟"])
def test_questions_of_the_text_do_not_win(mark: str) -> None:
    """They hold the words that were asked for, and no answer."""
    asking, answer = f"When does the river flood the fields again{mark}", "In April the river will flood the fields."
    found = ranked_sentences([whole(make_document([f"{asking}\n\n{answer}"]))], asks("river flood fields"))
    assert texts(found)[0] == answer


def test_a_chinese_sentence_is_not_short() -> None:
    """Of twenty characters it says what ten words do; of six it is a heading."""
    sentence, fragment = "易北河发源于捷克北部的克尔科诺谢山。", "易北河的源头。"
    document = make_document([f"{fragment}{sentence}"])
    scores = {item.text: item.score for item in ranked_sentences([whole(document)], lambda item: lambda *texts: 1.0)}
    assert scores[sentence] - scores[fragment] == pytest.approx(0.3)


def test_what_a_sentence_begins_with_it_is_about() -> None:
    """Of two that hold the same, the one that names it first."""
    late = "All along the valley there are many villages that were built by the river near a dam."
    early = "A dam is a wall of stone or of earth that holds the water of a river back in a valley."
    found = ranked_sentences([whole(make_document([f"{late} {early}"]))], asks("dam"))
    assert texts(found) == [early, late]


def test_the_better_passage_counts() -> None:
    """Of two sentences with the same words, the one in the better match stands first."""
    document = make_document(["The dam was built of grey stone.", "The dam was built of red brick."])
    second = document.text.index("The dam was built of red")
    pieces = [Evidence(document, 0, second - 1, 0.1), Evidence(document, second, len(document.text), 0.9)]
    assert ranked_sentences(pieces, asks("dam"))[0].text == "The dam was built of red brick."


def test_meaning_counts_where_there_is_an_encoder() -> None:
    """Its cosine is added; the best by words alone are compared, once, and a far one loses nothing."""
    document = make_document([TEXT])
    seen: list[list[str]] = []

    def similarity(others: Sequence[str]) -> list[float]:
        seen.append(list(others))
        return [1.0 if other.startswith("It often") else -0.5 for other in others]

    by_words = ranked_sentences([whole(document)], asks("source"))
    found = ranked_sentences([whole(document)], asks("source"), similarity)
    assert seen == [texts(by_words)]
    scores = {item.text: item.score for item in by_words}
    expected = {text: score + SIMILARITY_WEIGHT * text.startswith("It often") for text, score in scores.items()}
    assert {item.text: item.score for item in found} == pytest.approx(expected)
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


def test_no_more_than_so_many_are_compared() -> None:
    """The rest keeps its place below."""
    document = make_document([" ".join(f"Sentence number {i} tells of a river." for i in range(COMPARED + 10))])
    seen: list[int] = []

    def similarity(others: Sequence[str]) -> list[float]:
        seen.append(len(others))
        return [-1.0] * len(others)

    found = ranked_sentences([whole(document)], asks("river"), similarity)
    assert seen == [COMPARED] and len(found) == COMPARED + 10
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)


@pytest.mark.parametrize("score", [0.0, 1e-9])
def test_nothing_and_scores_of_nothing(score: float) -> None:
    """No evidence, no text in it, or a score of zero: no division, and no encoder is asked about nothing."""
    assert ranked_sentences([], asks("river"), lambda others: pytest.fail("asked")) == []
    assert (
        ranked_sentences([whole(make_document([" \n "]), score)], asks("river"), lambda o: pytest.fail("asked")) == []
    )
    assert len(ranked_sentences([whole(make_document([TEXT]), score)], asks("river"))) == 5
