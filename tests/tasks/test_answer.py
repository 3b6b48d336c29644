from __future__ import annotations

from app.documents.passages import split_passages
from app.tasks.answer import INSTRUCTION, answer
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator

PAGES = (
    "The northern dam at Elbe holds forty thousand cubic metres of clear mountain water.",
    "The southern bridge carries heavy freight trains across a narrow and windy valley.",
)
DOCUMENT = make_document(PAGES, [("Dam", len(PAGES[0]) + 1), ("Bridge", 0)])
PASSAGES = split_passages(DOCUMENT)


def test_evidence_is_given_in_document_order_and_returned_best_first() -> None:
    """The model reads pages in order, whatever their rank; the caller gets the rank back."""
    seen: list[str] = []

    def reply(text: str) -> str:
        seen.append(text)
        return "Freight trains cross."

    best_first = [PASSAGES[1], PASSAGES[0]]
    found = answer(DOCUMENT, "What crosses?", best_first, FakeGenerator(reply, window_tokens=1000))
    assert found.evidence == tuple(best_first)
    prompt = f"{INSTRUCTION}\n\n(page 1) {PAGES[0]}\n\n(page 2) {PAGES[1]}\n\nQuestion: What crosses?"
    assert seen == [f"<0><1>{prompt}<2><1>"]


def test_each_sentence_is_checked() -> None:
    """A sentence with the passages' words is cited with its page; an invented one is marked."""
    text = "The southern bridge carries heavy freight trains across a narrow valley. It was painted by monks in 1712."
    found = answer(DOCUMENT, "What crosses?", PASSAGES, FakeGenerator(lambda _: text, window_tokens=1000))
    assert [(line.supported, [c.page for c in line.citations]) for line in found.lines] == [(True, [2]), (False, [])]


def test_without_evidence_nothing_is_written() -> None:
    """No passage matches: the model is not even asked."""
    generator = FakeGenerator(lambda _: "made up")
    assert answer(DOCUMENT, "What?", [], generator).lines == ()
    assert generator.usage.decode_tokens == 0


def test_evidence_is_cut_to_the_window() -> None:
    """What does not fit beside the question and the answer is left out, the best stays, and no state is left."""
    generator = FakeGenerator(lambda _: "Yes.", window_tokens=256 + 50)
    found = answer(DOCUMENT, "What crosses?", [PASSAGES[1], PASSAGES[0]], generator)
    assert found.evidence == (PASSAGES[1],)
    assert generator.states == {}


def test_a_question_of_the_models_own_ends_the_answer() -> None:
    """What a small model adds in the prompt's form, and all after it, is not part of the answer."""
    text = "Freight trains cross the southern bridge. Question: What is a train? It runs on rails."
    found = answer(DOCUMENT, "What crosses?", PASSAGES, FakeGenerator(lambda _: text, window_tokens=1000))
    assert [line.text for line in found.lines] == ["Freight trains cross the southern bridge."]
