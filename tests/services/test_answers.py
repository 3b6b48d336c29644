"""Answers from what a search found, by a model that may die, or has read the document before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import WorkerLostError
from app.documents.evidence import Evidence
from app.documents.model import Document
from app.inference.generator import ReadCancelled, TextGenerator
from app.services.answers import Answered, AnswerService, extract_of
from app.services.library import LibraryDocument
from app.services.restarts import MOST_RESTARTS, Recovered
from app.services.search import Findings, SearchService
from app.storage.database import Database
from app.storage.passage_index import PassageIndex
from app.tasks.answer import EXTRACT_SENTENCES, INSTRUCTION
from app.tasks.model import AnswerStyle
from app.tasks.summarize import SMALL_MODEL
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, end_state
from tests.services.dying import DyingGenerator

DAM = "The northern dam at Elbe holds forty thousand cubic metres of water."
BRIDGE = "The southern bridge carries heavy freight trains across a narrow valley."
QUESTION = "What does the southern bridge carry?"
NOTHING = Findings((), (), "Nothing in the document holds enough of what the question says.")


class Asking:
    """A library with one document of two pages, what a search in it found, and the service that answers."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.desk = Desk(folder / "desk", database)
        self.item = self.desk.add(make_document([DAM, BRIDGE]))
        self.search = SearchService(PassageIndex(database), self.desk.library.by_id)
        self.findings = self.search.find([self.item], QUESTION)
        self.service = AnswerService(self.search, self.desk.reading)

    def ask(
        self,
        generator: TextGenerator,
        style: AnswerStyle | None = None,
        *,
        about: LibraryDocument | None = None,
        findings: Findings | None = None,
    ) -> tuple[Answered, list[str]]:
        """The answer, and what was said of lost workers before it."""
        *notes, last = self.service.answer(QUESTION, findings or self.findings, generator, style=style, about=about)
        assert isinstance(last, Answered)
        assert all(isinstance(note, Recovered) for note in notes)
        return last, [note.message for note in notes if isinstance(note, Recovered)]


@pytest.fixture
def asking(tmp_path: Path, database: Database) -> Asking:
    return Asking(tmp_path, database)


def texts(answered: Answered) -> list[str]:
    return [line.text for line in answered.lines]


def sentences(*found: str, document: Document | None = None) -> Findings:
    """Findings of these sentences, best first."""
    whole = document or make_document(["\n\n".join(found)])
    spans = [(whole.text.index(text), len(text)) for text in found]
    evidence = tuple(Evidence(whole, start, start + length, 1.0) for start, length in spans)
    return Findings(evidence, evidence)


@pytest.mark.parametrize("style", AnswerStyle)
def test_both_styles(asking: Asking, style: AnswerStyle) -> None:
    """Written in the model's words and checked, or quoted; no state is left behind."""
    generator = FakeGenerator(lambda _: "Freight trains cross the southern bridge.", window_tokens=1000)
    answered, notes = asking.ask(generator, style)
    wanted = {AnswerStyle.WRITTEN: "Freight trains cross the southern bridge.", AnswerStyle.QUOTED: BRIDGE}
    assert (texts(answered), answered.style, answered.read, notes) == ([wanted[style]], style, False, [])
    assert [citation.page for line in answered.lines for citation in line.citations] == [2]
    assert generator.states == {}


@pytest.mark.parametrize(
    ("parameters", "style"), [(SMALL_MODEL, AnswerStyle.WRITTEN), (SMALL_MODEL - 1, AnswerStyle.QUOTED)]
)
def test_the_model_decides_the_style(asking: Asking, parameters: int, style: AnswerStyle) -> None:
    """Where none is asked for."""
    assert asking.ask(FakeGenerator(parameters=parameters, window_tokens=1000))[0].style is style


@pytest.mark.parametrize("style", AnswerStyle)
def test_nothing_found_is_nothing_asked(asking: Asking, style: AnswerStyle) -> None:
    """Without evidence the model does no work, and no state that it may have is fetched."""
    generator = FakeGenerator(lambda _: "Made up.")
    generator.drop(end_state(asking.desk.read(asking.item, generator)))
    before = generator.usage
    answered, _ = asking.ask(generator, style, about=asking.item, findings=NOTHING)
    assert answered == Answered((), style, read=False)
    assert generator.usage == before


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("style", AnswerStyle)
def test_a_lost_worker_costs_the_answer_being_made(asking: Asking, style: AnswerStyle, late: bool) -> None:
    """At whichever call it dies: one note, and the answer is that of a worker that lives."""
    whole = DyingGenerator(lambda _: "Freight trains cross.", window_tokens=1000)
    wanted, _ = asking.ask(whole, style)
    assert whole.calls > 1
    for call in range(1, whole.calls + 1):
        generator = DyingGenerator(lambda _: "Freight trains cross.", window_tokens=1000, dies_at={call}, late=late)
        answered, notes = asking.ask(generator, style)
        assert answered == wanted
        assert notes == ["the model's process stopped: killed; it was started again and goes on from what was kept"]
        assert (generator.states, generator.gone) == ({}, set())


@pytest.mark.parametrize("style", AnswerStyle)
def test_workers_that_keep_dying(asking: Asking, style: AnswerStyle) -> None:
    """After so many it is given up, with no state left."""
    generator = DyingGenerator(dies_at=range(1, 1000), window_tokens=1000)
    with pytest.raises(WorkerLostError, match="killed"):
        asking.ask(generator, style)
    assert (generator.deaths, generator.states, generator.gone) == (MOST_RESTARTS + 1, {}, set())


def test_a_document_that_was_read(asking: Asking) -> None:
    """A written answer goes on from its end, which it leaves where it was; a quoted one has no use for it."""
    heard: list[str] = []

    def reply(text: str) -> str:
        heard.append(text)
        return "Freight trains cross."

    generator = FakeGenerator(reply, window_tokens=1000)
    generator.drop(end_state(asking.desk.read(asking.item, generator)))
    first, _ = asking.ask(generator, AnswerStyle.WRITTEN, about=asking.item)
    again, _ = asking.ask(generator, AnswerStyle.WRITTEN, about=asking.item)
    assert first.read and first == again
    assert heard[0].startswith(f"<0>{DAM}")
    assert f"{BRIDGE}<2><1>{INSTRUCTION}" in heard[0]
    assert heard[0] == heard[1]
    quoted, _ = asking.ask(generator, AnswerStyle.QUOTED, about=asking.item)
    assert not quoted.read
    assert generator.states == {}


def test_a_lost_worker_takes_a_read_state_with_it(asking: Asking) -> None:
    """The next one is given it from what was kept, at whichever call the first one died."""
    reader = DyingGenerator(lambda _: "Trains.", window_tokens=1000)
    reader.drop(end_state(asking.desk.read(asking.item, reader)))
    begun = reader.calls
    wanted, _ = asking.ask(reader, AnswerStyle.WRITTEN, about=asking.item)
    for call in range(1, reader.calls - begun + 1):
        generator = DyingGenerator(lambda _: "Trains.", window_tokens=1000, dies_at={call})
        answered, _ = asking.ask(generator, AnswerStyle.WRITTEN, about=asking.item)
        assert texts(answered) == texts(wanted)
        assert (generator.deaths, generator.states, generator.gone) == (1, {}, set())


def test_a_state_that_another_model_made_is_not_used(asking: Asking) -> None:
    """The document was read, but not by this model."""
    reader = FakeGenerator()
    reader.drop(end_state(asking.desk.read(asking.item, reader)))
    other = FakeGenerator(lambda _: "Trains.", window_tokens=1000, fingerprint="f" * 64)
    answered, _ = asking.ask(other, AnswerStyle.WRITTEN, about=asking.item)
    assert not answered.read
    assert answered.lines


@pytest.mark.parametrize("style", AnswerStyle)
def test_the_document_is_deleted_meanwhile(asking: Asking, style: AnswerStyle) -> None:
    """What was found is at hand and still answers."""
    asking.desk.library.remove(asking.item.document_id)
    answered, _ = asking.ask(FakeGenerator(lambda _: BRIDGE, window_tokens=1000), style, about=asking.item)
    assert texts(answered) == [BRIDGE]
    assert asking.search.find([asking.item], QUESTION).reason.startswith("There is no document to search")


@pytest.mark.parametrize("style", AnswerStyle)
def test_interrupted(asking: Asking, style: AnswerStyle) -> None:
    """Ctrl-C while the model is at work: it goes on to the caller, and the states are gone, the read one too."""

    def fail(*_: str) -> str:
        raise KeyboardInterrupt

    generator = FakeGenerator(fail, window_tokens=1000, scorer=fail)  # type: ignore[arg-type]
    generator.drop(end_state(asking.desk.read(asking.item, generator)))
    with pytest.raises(KeyboardInterrupt):
        asking.ask(generator, style, about=asking.item)
    assert generator.states == {}


@pytest.mark.parametrize("style", AnswerStyle)
def test_cancelled(asking: Asking, style: AnswerStyle) -> None:
    """Both styles say so in the same way."""
    generator = FakeGenerator(window_tokens=1000)
    with pytest.raises(ReadCancelled):
        list(asking.service.answer(QUESTION, asking.findings, generator, style=style, cancelled=lambda: True))
    assert generator.states == {}


def test_meaning_has_a_say_in_quotes(asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The search's similarity is what a written answer is checked with."""
    found = sentences("The old mill grinds wheat in autumn.", "The new mill grinds wheat in autumn.")

    def like_the_new(text: str, quotes: Sequence[str]) -> Sequence[float]:
        return [float("new" in quote) for quote in quotes]

    monkeypatch.setattr(SearchService, "similarity", property(lambda _: like_the_new))
    generator = FakeGenerator(lambda _: "Mill grinds wheat in autumn.", window_tokens=1000)
    answered, _ = asking.ask(generator, AnswerStyle.WRITTEN, findings=found)
    assert [citation.quote for citation in answered.lines[0].citations] == [found.evidence[1].text]


def test_extract_has_each_sentence_once() -> None:
    """The best few, in their order; one that comes back in another place or writing is no second one."""
    twice = make_document(["It rains  today.", "Dams hold water.", "It rains\ntoday.", "Mills turn.", "Carts pass."])
    found = [
        Evidence(twice, twice.text.index(p.text), twice.text.index(p.text) + len(p.text), 1.0) for p in twice.pages
    ]
    lines = extract_of(Findings(tuple(found), tuple(found)), "Does it rain?")
    assert [line.text for line in lines] == ["It rains today.", "Dams hold water.", "Mills turn."]
    assert len(lines) == EXTRACT_SENTENCES
    assert extract_of(NOTHING, "What?") == ()


def test_extract_names_documents_where_there_are_several() -> None:
    """Also where the best few happen to be from one of them."""
    one = replace(make_document(["Dams hold water."]), content_hash="one")
    both = [*sentences("Dams hold water.", document=one).sentences, *sentences("Mills turn.").sentences]
    lines = extract_of(Findings(tuple(both), tuple(both)), "What?")
    assert [line.citations[0].document_id for line in lines] == ["one", "0" * 64]
