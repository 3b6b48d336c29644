from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import WorkerLostError
from app.documents.evidence import Evidence
from app.documents.model import Document, PageKind
from app.inference.generator import FinishReason, Generation, ReadCancelled
from app.tasks.answer import (
    INSTRUCTION,
    MAX_ANSWER_TOKENS,
    MODEL_WEIGHT,
    QUOTED_SENTENCES,
    SCORED_TOKENS,
    default_answer_style,
    extract,
    quoted_answer,
    telling,
    written_answer,
)
from app.tasks.model import AnswerStyle, Citation
from app.tasks.summarize import SMALL_MODEL
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator
from tests.services.dying import DyingGenerator

DAM = "The northern dam at Elbe holds forty thousand cubic metres of clear mountain water."
BRIDGE = "The southern bridge carries heavy freight trains across a narrow and windy valley."
FORD = "A ford near the mill lets carts of hay pass in every month but April."


def document(*pages: str, title: str = "Test", name: str = "d") -> Document:
    return replace(make_document(pages), title=title, content_hash=name)


def page(whole: Document, number: int, score: float = 1.0) -> Evidence:
    """A page of a document as evidence."""
    start = whole.text.index(whole.pages[number - 1].text)
    return Evidence(whole, start, start + len(whole.pages[number - 1].text), score)


VALLEY = document(DAM, BRIDGE)
BEST_FIRST = [page(VALLEY, 2, 2.0), page(VALLEY, 1, 1.0)]


def listening(answer: str = "Freight trains cross.", **options: Any) -> tuple[FakeGenerator, list[str]]:
    """A model and all that it has read when it is asked."""
    heard: list[str] = []

    def reply(text: str) -> str:
        heard.append(text)
        return answer

    return FakeGenerator(reply, **{"window_tokens": 1000, **options}), heard


def saying(answer: str) -> FakeGenerator:
    return listening(answer)[0]


def preferring(words: str, nats_per_token: float = 10.0) -> FakeGenerator:
    """Finds any question likelier after a text that holds the words."""

    def score(before: str, after: str) -> float:
        return -len(after.split()) * (0.0 if words in before else nats_per_token)

    return FakeGenerator(scorer=score)


def test_evidence_is_given_in_document_order_and_returned_best_first() -> None:
    """The model reads pages in order, whatever their rank; the caller gets the rank back."""
    generator, heard = listening()
    found = written_answer("What crosses?", BEST_FIRST, generator)
    assert found.evidence == tuple(BEST_FIRST)
    prompt = f"{INSTRUCTION}\n\n(page 1) {DAM}\n\n(page 2) {BRIDGE}\n\nQuestion: What crosses?"
    assert heard == [f"<0><1>{prompt}<2><1>"]
    assert generator.states == {}


def test_several_documents_are_named_in_prompt_and_citations() -> None:
    """Each excerpt with its title, the document of the best match first; each quote with its document's id."""
    parts = replace(document(FORD, DAM, title="Mills", name="m"), page_kind=PageKind.PART)
    bridges = document(BRIDGE, title="Bridges", name="b")
    generator, heard = listening(
        "Heavy freight trains cross the southern bridge. A ford near the mill lets carts pass."
    )
    found = written_answer("What?", [page(parts, 2, 3.0), page(bridges, 1, 2.0), page(parts, 1, 1.0)], generator)
    excerpts = f'("Mills", part 1) {FORD}\n\n("Mills", part 2) {DAM}\n\n("Bridges", page 1) {BRIDGE}'
    assert heard == [f"<0><1>{INSTRUCTION}\n\n{excerpts}\n\nQuestion: What?<2><1>"]
    assert [citation.document_id for line in found.lines for citation in line.citations] == ["b", "m"]


def test_each_sentence_is_checked() -> None:
    """One with the evidence's words is cited with its page; an invented one is marked, with what it invents."""
    text = "The southern bridge carries heavy freight trains across a narrow valley. It was painted by monks in 1712."
    found = written_answer("What crosses?", BEST_FIRST, saying(text))
    assert [(line.supported, [c.page for c in line.citations]) for line in found.lines] == [(True, [2]), (False, [])]
    assert found.lines[1].unknown == ("1712",)
    assert found.lines[0].citations[0].document_id == ""


def test_meaning_decides_between_near_quotes() -> None:
    """The similarity that is given chooses among sentences that hold as much of a line."""
    twice = document("The old mill grinds wheat in autumn.", "The new mill grinds wheat in autumn.")

    def like_the_new(text: str, quotes: Sequence[str]) -> Sequence[float]:
        return [float("new" in quote) for quote in quotes]

    evidence = [page(twice, 1), page(twice, 2)]
    for similarity, wanted in ((None, 1), (like_the_new, 2)):
        found = written_answer("What?", evidence, saying("Mill grinds wheat in autumn."), similarity=similarity)
        assert [citation.page for citation in found.lines[0].citations] == [wanted]


def test_evidence_is_cut_to_the_window() -> None:
    """What does not fit beside the question and the answer is left out; the best stays, be it too long itself."""
    for window in (MAX_ANSWER_TOKENS + 50, MAX_ANSWER_TOKENS + 1):
        generator, heard = listening(window_tokens=window)
        found = written_answer("What crosses?", BEST_FIRST, generator)
        assert found.evidence == (BEST_FIRST[0],)
        assert BRIDGE in heard[0]
        assert DAM not in heard[0]
        assert generator.states == {}


def test_answer_goes_on_from_a_state_that_has_read() -> None:
    """The model has that text before it; the state is left as it was, and so is the caller's to use again."""
    generator, heard = listening()
    state = generator.new_state()
    generator.read(state, [*generator.document_prefix(), *generator.tokenize("All of the book.")])
    before = list(generator.states[state])
    written_answer("What crosses?", BEST_FIRST, generator, after=state)
    written_answer("What crosses?", BEST_FIRST, generator, after=state, with_excerpts=False)
    assert heard[0].startswith(f"<0>All of the book.<2><1>{INSTRUCTION}")
    assert heard[1] == "<0>All of the book.<2><1>What crosses?<2><1>"
    assert generator.states == {state: before}


def test_without_excerpts_the_evidence_is_still_the_check() -> None:
    """What the state told it is cited from the evidence."""
    found = written_answer("What?", BEST_FIRST, saying(BRIDGE), with_excerpts=False)
    assert [citation.page for citation in found.lines[0].citations] == [2]


def test_without_evidence_nothing_is_supported() -> None:
    """The question goes to the model alone; nothing that it says has a quote."""
    generator, heard = listening("Trains cross the valley in 1712.")
    (line,) = written_answer("What crosses?", [], generator).lines
    assert heard == ["<0><1>What crosses?<2><1>"]
    assert (line.supported, line.citations) == (False, ())


def test_a_question_of_the_models_own_ends_the_answer() -> None:
    """What a small model adds in the prompt's form, and all after it, is not part of the answer."""
    text = "Freight trains cross the southern bridge. Question: What is a train? It runs on rails."
    found = written_answer("What crosses?", BEST_FIRST, saying(text))
    assert [line.text for line in found.lines] == ["Freight trains cross the southern bridge."]


@pytest.mark.parametrize("answer", ["", "  \n ", "Question: Why?"])
def test_an_empty_answer_has_no_lines(answer: str) -> None:
    """Nothing said is nothing to check."""
    assert written_answer("What?", BEST_FIRST, saying(answer)).lines == ()


def test_a_sentence_without_its_end_is_left_out() -> None:
    """Where the length limit came first; alone it is all there is, and a whole last sentence stays."""
    length = MAX_ANSWER_TOKENS - 2
    begun = "Trains cross. " + "And " * length
    assert [line.text for line in written_answer("What?", BEST_FIRST, saying(begun)).lines] == ["Trains cross."]
    alone = "and " * (length + 9)
    assert len(written_answer("What?", BEST_FIRST, saying(alone)).lines) == 1
    ended = "Trains cross. " + "And " * (length - 1) + "stop.)"
    assert len(ended.split()) == MAX_ANSWER_TOKENS
    assert len(written_answer("What?", BEST_FIRST, saying(ended)).lines) == 2
    short = "Trains cross. Carts"
    assert len(written_answer("What?", BEST_FIRST, saying(short)).lines) == 2


def test_text_is_told_as_it_comes() -> None:
    """For whoever shows it before it is checked."""
    shown: list[str] = []
    written_answer("What?", BEST_FIRST, saying("Trains cross."), on_text=shown.append)
    assert "".join(shown) == "Trains cross."


@pytest.mark.parametrize("error", [KeyboardInterrupt(), WorkerLostError("gone"), MemoryError()])
@pytest.mark.parametrize("style", ["written", "quoted"])
def test_no_state_is_left_behind(style: str, error: BaseException) -> None:
    """Ctrl-C, a lost worker or lack of memory in the middle: only the caller's state is there after it."""

    def fail(*_: str) -> float:
        raise error

    generator = FakeGenerator(fail, scorer=fail)  # type: ignore[arg-type]
    state = generator.new_state()
    with pytest.raises(type(error)):
        if style == "written":
            written_answer("What?", BEST_FIRST, generator, after=state)
        else:
            quoted_answer("What?", BEST_FIRST, generator)
    assert list(generator.states) == [state]


@pytest.mark.parametrize("answer", [written_answer, quoted_answer])
def test_cancelled(answer: Callable[..., object]) -> None:
    """No half answer passes for one: both styles say that they were stopped."""
    generator = saying("Trains cross.")
    with pytest.raises(ReadCancelled):
        answer("What?", BEST_FIRST, generator, cancelled=lambda: True)
    assert generator.states == {}


def test_cancelled_between_two_words() -> None:
    """The same where writing has begun."""
    told: list[str] = []
    generator = DyingGenerator(lambda _: "Trains cross the valley.", window_tokens=1000)
    with pytest.raises(ReadCancelled):
        written_answer("What?", BEST_FIRST, generator, on_text=told.append, cancelled=lambda: len(told) > 1)
    assert told == ["Trains", " cross"]
    assert generator.states == {}


def test_the_model_chooses_among_near_sentences() -> None:
    """After which of them the question is likeliest counts; far ahead the search's own score wins."""
    near = [page(VALLEY, 1, 1.2), page(VALLEY, 2, 1.0)]
    assert [line.text for line in quoted_answer("What crosses?", near, preferring("bridge")).lines] == [BRIDGE]
    assert [line.text for line in quoted_answer("What crosses?", near, preferring("dam")).lines] == [DAM]
    far = [page(VALLEY, 1, 1.0 + MODEL_WEIGHT * 10.0 + 0.01), page(VALLEY, 2, 1.0)]
    assert [line.text for line in quoted_answer("What crosses?", far, preferring("bridge")).lines] == [DAM]


def test_the_likelihood_is_a_mean_over_the_question() -> None:
    """Twice the words do not count twice; of a page of words only the last are scored."""
    asked: list[str] = []

    def score(before: str, after: str) -> float:
        asked.append(after)
        return -1.0 * len(after.split()) * ("dam" in before)

    near = [page(VALLEY, 1, 1.0 + MODEL_WEIGHT + 0.01), page(VALLEY, 2, 1.0)]
    for question in ("Why?", "Why oh why?" + " Why oh why?" * 2000):
        assert quoted_answer(question, near, FakeGenerator(scorer=score)).lines[0].text == DAM
    assert asked[0] == " Why?"
    assert len(asked[-1].split()) == SCORED_TOKENS
    assert asked[-1].endswith("Why oh why?")


def test_the_model_reads_sentence_and_question_mark() -> None:
    """One state for each sentence, none kept; the question is what is scored."""
    pairs: list[tuple[str, str]] = []

    def score(before: str, after: str) -> float:
        pairs.append((before, after))
        return 0.0

    generator = FakeGenerator(scorer=score)
    quoted_answer("What crosses?", BEST_FIRST, generator)
    wanted = [(f"<0>Text: {text}\n\nQuestion:", " What crosses?") for text in (BRIDGE, DAM)]
    assert (pairs, generator.states) == (wanted, {})


def test_only_the_best_sentences_are_asked_about() -> None:
    """The rest cannot win, however likely the model finds them; the first of equals does."""
    many = document(*(f"Sentence number {n} tells of weather." for n in range(QUOTED_SENTENCES + 1)))
    sentences = [page(many, n + 1) for n in range(QUOTED_SENTENCES + 1)]
    last = f"number {QUOTED_SENTENCES} "
    assert quoted_answer("What?", sentences, preferring(last)).lines[0].text == many.pages[0].text
    found = quoted_answer("What?", sentences[1:], preferring(last))
    assert found.lines[0].text == many.pages[-1].text
    assert found.evidence == tuple(sentences[1:])


def test_nothing_to_quote() -> None:
    """No sentence, no answer, and no work."""
    generator = FakeGenerator()
    assert quoted_answer("What?", [], generator).lines == ()
    assert generator.usage.prefill_tokens == 0


def test_the_question_and_repeats_tell_nothing() -> None:
    """In whatever writing; they are kept where there is nothing else. Such a sentence is not quoted as an answer."""
    book = document("WHAT crosses\nthe valley?", BRIDGE, "Carts pass.", BRIDGE.upper(), "* * *")
    sentences = [page(book, number, 5.0 - number) for number in range(1, 6)]
    question = "What crosses the valley"
    assert telling(question, sentences) == [sentences[1], sentences[2], sentences[4]]
    assert telling(question, sentences[:1]) == sentences[:1]
    assert telling(question, []) == []
    assert quoted_answer(question, sentences, preferring("WHAT")).lines[0].text == BRIDGE


def test_a_line_that_comes_back_is_left_out() -> None:
    """A small model that turns in a circle says it once."""
    found = written_answer("What?", BEST_FIRST, saying("It is long. It is wide. It is long. It is long."))
    assert [line.text for line in found.lines] == ["It is long.", "It is wide."]


def test_extract_is_word_for_word() -> None:
    """Each sentence is its own citation, on one line; the document is named where the choice was from several."""
    torn = document("One line\nof print.", name="t")
    (line,) = extract([page(torn, 1)])
    assert (line.text, line.citations) == ("One line of print.", (Citation(1, "One line\nof print.", 0, 18),))
    (line,) = extract([page(torn, 1)], of=[page(torn, 1), page(VALLEY, 1)])
    assert line.citations[0].document_id == "t"
    assert extract([]) == ()


@pytest.mark.parametrize(
    ("parameters", "is_chat", "style"),
    [
        (SMALL_MODEL, True, AnswerStyle.WRITTEN),
        (SMALL_MODEL - 1, True, AnswerStyle.QUOTED),
        (SMALL_MODEL, False, AnswerStyle.QUOTED),
    ],
)
def test_style_by_default(parameters: int, is_chat: bool, style: AnswerStyle) -> None:
    """Models that invent quote: base models, and small ones."""
    assert default_answer_style(FakeGenerator(parameters=parameters, is_chat=is_chat).info) is style


def test_a_base_model_completes_an_answer() -> None:
    """It is given what an answer would stand below, and what it goes on with after its answer is none of it."""
    generator, heard = listening(" Freight trains cross.\nTrains are heavy.\nQuestion: What else?", is_chat=False)
    shown: list[str] = []
    found = written_answer("What crosses?", BEST_FIRST, generator, on_text=shown.append)
    assert heard == [f"<0><1>(page 1) {DAM}\n\n(page 2) {BRIDGE}\n\nQuestion: What crosses?\nAnswer:<2><1>"]
    assert [line.text for line in found.lines] == ["Freight trains cross.", "Trains are heavy."]
    assert "".join(shown) == " Freight trains cross.\nTrains are heavy."
    assert generator.states == {}


def test_a_base_model_that_has_read_the_document_is_asked_alone() -> None:
    """Without excerpts the question stands by itself."""
    generator, heard = listening(" Trains.", is_chat=False)
    state = generator.new_state()
    generator.read(state, generator.tokenize("The document."))
    written_answer("What crosses?", BEST_FIRST, generator, after=state, with_excerpts=False)
    assert heard == ["The document.<2><1>Question: What crosses?\nAnswer:<2><1>"]


def test_a_base_model_is_stopped_where_its_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not at the length limit: what follows is not waited for, and the answer is no cancelled one."""
    written: list[Generation] = []
    word_by_word = DyingGenerator.generate

    def generate(self: DyingGenerator, *args: Any, **options: Any) -> Generation:
        written.append(word_by_word(self, *args, **options))
        return written[-1]

    monkeypatch.setattr(DyingGenerator, "generate", generate)
    reply = " Trains cross.\n\nQuestion: And carts? They may. So may hay."
    generator = DyingGenerator(lambda _: reply, window_tokens=1000, is_chat=False)
    found = written_answer("What?", BEST_FIRST, generator)
    assert [line.text for line in found.lines] == ["Trains cross."]
    assert [(one.text, one.finish_reason) for one in written] == [
        (" Trains cross.\n\nQuestion:", FinishReason.CANCELLED)
    ]


def test_a_base_models_answer_can_be_cancelled() -> None:
    """The user's stop is no end."""
    told: list[str] = []
    generator = DyingGenerator(lambda _: "Trains cross the valley.", window_tokens=1000, is_chat=False)
    with pytest.raises(ReadCancelled):
        written_answer("What?", BEST_FIRST, generator, on_text=told.append, cancelled=lambda: len(told) > 1)
    assert told == ["Trains", " cross"]
