"""Questions about a document as turns: found in its text, answered by the model, kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.inference.generator import FinishReason, ReadCancelled, TextGenerator
from app.services.found_answer import FoundAnswer, found_answer
from app.services.library import LibraryDocument
from app.services.questions import Found, Kept, QuestionService
from app.services.restarts import Recovered
from app.services.talk import OpenConversation
from app.storage.database import Database
from app.tasks.model import AnswerStyle
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, end_state
from tests.services.dying import DyingGenerator

DAM = "The northern dam at Elbe holds forty thousand cubic metres of water."
BRIDGE = "The southern bridge carries heavy freight trains across a narrow valley."
SENTENCES = f"{BRIDGE} {DAM}"
QUESTION = "What does the southern bridge carry?"
ANSWER = "Freight trains cross the southern bridge."


class Asking:
    """A library with one document of two pages, and a conversation about it."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.desk = Desk(folder / "desk", database)
        self.item = self.desk.add(make_document([DAM, BRIDGE]))
        self.questions = QuestionService(self.desk.services.search, self.desk.reading)

    def open(self, generator: TextGenerator) -> OpenConversation:
        return self.desk.talks.open(None, generator, item=self.item)

    def ask(
        self, conversation: OpenConversation, generator: TextGenerator, text: str = QUESTION, **how: Callable[[], bool]
    ) -> list[Found | Recovered | Kept]:
        """All events of one question."""
        question = conversation.ask(text)
        return list(self.questions.answer(conversation, question, self.item, generator, **how))


@pytest.fixture
def asking(tmp_path: Path, database: Database) -> Asking:
    return Asking(tmp_path, database)


def writer(**options: object) -> DyingGenerator:
    """A model large enough to write its answers."""
    return DyingGenerator(lambda _: ANSWER, window_tokens=1000, parameters=10**10, **options)  # type: ignore[arg-type]


def kept(events: list[Found | Recovered | Kept]) -> FoundAnswer:
    """The answer of the last event, which is also what its turn keeps."""
    assert isinstance(events[-1], Kept)
    assert found_answer(events[-1].turn) == events[-1].answer
    assert events[-1].turn.text == events[-1].answer.text
    return events[-1].answer


def test_found_then_written_then_kept(asking: Asking) -> None:
    """The document's sentence at once, then the model's words beside it; both are the turn's, and no state is left."""
    generator = writer()
    conversation = asking.open(generator)
    events = asking.ask(conversation, generator)
    found = events[0]
    assert isinstance(found, Found) and [line.text for line in found.answer.extract] == [BRIDGE, DAM]
    assert (found.answer.lines, found.answer.model, found.answer.reason) == ((), "", "")
    answer = kept(events)
    assert [line.text for line in answer.lines] == [ANSWER]
    assert (answer.extract, answer.style, answer.read, answer.model) == (
        found.answer.extract,
        AnswerStyle.WRITTEN,
        False,
        "fake",
    )
    assert [citation.page for citation in answer.lines[0].citations] == [2]
    assert [turn.text for turn in asking.desk.talks.open(conversation.id, generator).turns()] == [QUESTION, ANSWER]
    assert generator.states == {} and conversation.position is None


def test_a_model_that_has_read_it_says_so(asking: Asking) -> None:
    """The answer begins from the document's end; that state stays on disk and none stays live."""
    generator = writer()
    generator.drop(end_state(asking.desk.read(asking.item, generator)))
    assert kept(asking.ask(asking.open(generator), generator)).read
    assert generator.states == {}


def test_without_a_model_the_sentences_answer(asking: Asking) -> None:
    """Where none is ready nothing is asked of it."""
    generator = writer(dies_at=range(1, 100))
    answer = kept(asking.ask(asking.open(generator), generator, ready=lambda: False))
    assert (answer.lines, answer.style, answer.model, answer.text) == ((), None, "", SENTENCES)
    assert generator.calls == 0


def test_nothing_found_is_kept_with_its_reason(asking: Asking) -> None:
    """The model is not asked to make something up."""
    generator = writer(dies_at=range(1, 100))
    answer = kept(asking.ask(asking.open(generator), generator, "Who composed this symphony?"))
    assert (answer.extract, answer.lines) == ((), ())
    assert answer.text == answer.reason == "Nothing in the document holds enough of what the question says."


def test_cancelled_before_anything_was_found(asking: Asking) -> None:
    """The question stays without an answer."""
    generator = writer()
    conversation = asking.open(generator)
    with pytest.raises(ReadCancelled):
        asking.ask(conversation, generator, cancelled=lambda: True)
    assert [turn.role for turn in conversation.turns()] == ["user"]


def test_cancelled_later_keeps_what_was_found(asking: Asking) -> None:
    """At whichever moment: the document's sentences are an answer, and no state is left."""
    for calls in range(1, 6):
        generator = writer()
        answers = iter([False] * calls + [True] * 99)
        answer = kept(asking.ask(asking.open(generator), generator, cancelled=lambda a=answers: next(a)))
        assert (answer.text, answer.lines, answer.model) == (SENTENCES, (), "")
        assert generator.states == {}


def test_a_lost_worker_is_told(asking: Asking) -> None:
    """In one event between what was found and what is kept."""
    generator = writer(dies_at={2})
    events = asking.ask(asking.open(generator), generator)
    assert [type(event) for event in events] == [Found, Recovered, Kept]
    assert [line.text for line in kept(events).lines] == [ANSWER]


def test_workers_that_keep_dying(asking: Asking) -> None:
    """What was found needs no model: it is kept, with a word on why the model did not answer; it can be asked again."""
    generator = writer(dies_at=range(1, 1000))
    conversation = asking.open(generator)
    found, *lost, last = asking.questions.answer(conversation, conversation.ask(QUESTION), asking.item, generator)
    assert isinstance(found, Found) and isinstance(last, Kept) and last.answer == found.answer
    assert isinstance(lost[-1], Recovered) and "own sentences are the answer" in lost[-1].message
    assert [(turn.role, turn.text) for turn in conversation.turns()][1:] == [("assistant", found.answer.text)]
    again = list(asking.questions.answer(conversation, conversation.last_question(), asking.item, writer()))
    assert kept(again).text == ANSWER


def live(generator: FakeGenerator) -> set[str]:
    return {generator.text(ids) for ids in generator.states.values()}


def told_after(item: LibraryDocument, *turns: str) -> str:
    return "<0>" + item.document.text + "".join(f"<2><1>{turn}" for turn in turns) + "<2>"


def test_the_model_is_told_silently(asking: Asking) -> None:
    """Before its next own answer it takes in what was found, in one pass; nobody hears that turns are read again."""
    generator = writer()
    conversation = asking.open(generator)
    list(conversation.prepare())
    asking.ask(conversation, generator)
    plan = conversation.plan()
    assert (plan.reading, plan.replayed, plan.reason) == (None, 0, "")
    notices: list[str] = []
    generation = conversation.say("Why so heavy?", on_notice=notices.append)
    assert generation.finish_reason is FinishReason.STOP and notices == []
    text = next(text for text in live(generator) if "Why" in text)
    assert text.replace("<2><2>", "<2>") == told_after(asking.item, QUESTION, ANSWER, "Why so heavy?", ANSWER)
    assert conversation.position == max(map(len, generator.states.values()))
    conversation.close()
    assert generator.states == {} and conversation.position is None


def test_after_a_found_answer_the_state_before_it_is_used(asking: Asking) -> None:
    """In the next run too: own answers kept earlier are not read again for one that was found since."""
    generator = writer()
    first = asking.open(generator)
    first.say("Begin?")
    asking.ask(first, generator)
    first.close()
    asking.desk = asking.desk.again()
    resumed = asking.desk.talks.open(first.id, generator)
    plan = resumed.plan()
    assert (plan.replayed, plan.reason) == (0, "")
    before = generator.usage.prefill_tokens
    notices: list[str] = []
    resumed.say("Why so heavy?", on_notice=notices.append)
    untold = [QUESTION, ANSWER, "Why so heavy?"]
    words = sum(len(generator.tokenize(text)) for text in untold)
    assert notices == [] and words < generator.usage.prefill_tokens - before <= words + 3 * len(untold)


def test_own_answers_that_are_read_again_are_told_of(asking: Asking) -> None:
    """A found answer among them changes nothing about that."""
    generator = writer()
    first = asking.open(generator)
    first.say("Begin?")
    asking.ask(first, generator)
    first.close()
    asking.desk.keeper.forget(f"conversation:{first.id}")
    resumed = asking.desk.again().talks.open(first.id, generator)
    assert resumed.plan().replayed == 4
    notices: list[str] = []
    resumed.say("Why so heavy?", on_notice=notices.append)
    assert notices == ["4 turns are read again: the saved state cannot be used (it was not kept)"]
