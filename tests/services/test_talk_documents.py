"""Conversations about a document: it is read once, whoever asks about it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.inference.generator import ReadCancelled
from app.services.library import LibraryDocument
from app.services.reading import Estimate, ReadingDone
from app.services.states import NOT_KEPT, OTHER_MODEL
from app.services.talk import Plan
from app.storage.database import Database
from app.tasks.chat import SYSTEM_PROMPT
from app.tasks.read import PartRead
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, book, chapter
from tests.snapshot_states import rows


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database)


@pytest.fixture
def item(desk: Desk) -> LibraryDocument:
    """Three parts of about 127 tokens."""
    return desk.add(book(chapter(name) for name in ("elbe", "oder", "main")))


@pytest.fixture
def generator() -> FakeGenerator:
    return FakeGenerator(lambda text: "about water")


def told(generator: FakeGenerator, item: LibraryDocument) -> set[str]:
    """What the live states were told after the document's text; '' for one at its end."""
    beginning = "<0>" + item.document.text
    texts = [generator.text(ids) for ids in generator.states.values()]
    assert all(text.startswith(beginning) for text in texts)
    return {text.removeprefix(beginning) for text in texts}


def forget_turns(desk: Desk) -> None:
    """The states of turns go, those of documents stay."""
    desk.keeper.flush()
    rows(desk.path, "DELETE FROM snapshots WHERE kind = 'turn'")


def test_several_conversations_from_one_reading(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """The first reads the document before its turn, the others read their turns only; each knows what it was told."""
    first = desk.talks.open(None, generator, item=item)
    plan = first.plan()
    assert plan == Plan(desk.reading.estimate(item, generator), 0, 0, None, NOT_KEPT, "")
    events = list(first.prepare())
    assert [event.part_index for event in events if isinstance(event, PartRead)] == [0, 1, 2]
    assert isinstance(events[-1], ReadingDone)
    total = generator.usage.prefill_tokens
    assert plan.reading == Estimate(pytest.approx(total, abs=5), None)
    assert first.plan() == Plan(None, 0, 0, None, "", "") and list(first.prepare()) == []
    first.say("What flows?")
    assert generator.usage.prefill_tokens - total == 6
    assert told(generator, item) == {"", "<2><1>What flows?<2><1>about water<2>"}
    second = desk.talks.open(None, generator, item=item)
    assert second.plan() == Plan(None, 0, 0, None, "", "")
    second.say("What is high?")
    assert generator.usage.prefill_tokens - total == 6 + 7
    second.edit(second.turns()[0].id, "What is low?")
    assert generator.usage.prefill_tokens - total == 6 + 7 + 7
    for conversation in (first, second):
        conversation.close()
    assert generator.states == {}
    assert [row["document_id"] for row in desk.talks.overview()] == [item.document.content_hash] * 2
    assert desk.talks.overview()[0]["branches"] == 2


def test_resumed_with_its_document(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """The library gives the document; only the new turn is read. A new first question begins at the document's end."""
    first = desk.talks.open(None, generator, item=item)
    first.say("What flows?")
    first.close()
    other = FakeGenerator(lambda text: "more water")
    resumed = desk.again().talks.open(first.id, other)
    assert resumed.item is not None and resumed.item.document == item.document
    assert resumed.plan() == Plan(None, 0, 0, None, "", "")
    resumed.say("What else?")
    assert other.usage.prefill_tokens == 6
    assert told(other, item) == {"<2><1>What flows?<2><1>about water<2><2><1>What else?<2><1>more water<2>"}
    resumed.edit(resumed.turns()[0].id, "What stands?")
    assert other.usage.prefill_tokens == 6 + 6
    assert told(other, item) == {"", "<2><1>What stands?<2><1>more water<2>"}


def test_a_range_of_pages_is_found_again(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """It is part of what a conversation is about."""
    record = replace(item, page_range="2-3")
    conversation = desk.talks.open(None, generator, item=record)
    conversation.say("What flows?")
    rows(desk.database.path, "UPDATE readings SET page_range = '2-3'")
    assert desk.talks.find(conversation.id).page_range == "2-3"
    resumed = desk.talks.open(conversation.id, generator)
    assert resumed.item is not None and resumed.item.page_range == "2-3"


def test_reading_first_is_cancelled(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """What was read is kept; preparing again goes on from there."""
    conversation = desk.talks.open(None, generator, item=item)
    answers = iter([False] * 12 + [True])
    with pytest.raises(ReadCancelled):
        list(conversation.prepare(cancelled=lambda: next(answers)))
    assert generator.states == {} and not conversation.stored
    events = list(conversation.prepare())
    assert [event.part_index for event in events if isinstance(event, PartRead)] == [1, 2]
    assert conversation.plan().reading is None
    conversation.close()
    assert generator.states == {}


def test_turns_need_no_document_where_their_state_is_kept(
    desk: Desk, item: LibraryDocument, generator: FakeGenerator
) -> None:
    """The document's own states are gone: nothing is read for a turn that follows on the last one."""
    conversation = desk.talks.open(None, generator, item=item)
    conversation.say("What flows?")
    conversation.close()
    rows(desk.path, "DELETE FROM snapshots WHERE kind != 'turn'")
    other = FakeGenerator(lambda text: "more water")
    resumed = desk.again().talks.open(conversation.id, other)
    assert resumed.plan() == Plan(None, 0, 0, None, "", "")
    assert list(resumed.prepare()) == []
    resumed.say("What else?")
    assert other.usage.prefill_tokens == 6


def test_turns_are_told_again_after_the_document(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """Their states are gone, the document's is not: one notice, and nobody is told who he is."""
    conversation = desk.talks.open(None, generator, item=item)
    conversation.say("What flows?")
    conversation.close()
    forget_turns(desk)
    other = FakeGenerator(lambda text: "more water")
    resumed = desk.again().talks.open(conversation.id, other)
    assert resumed.plan() == Plan(None, 2, 4, None, NOT_KEPT, "")
    notices: list[str] = []
    resumed.say("What else?", on_notice=notices.append)
    assert notices == ["2 turns are read again: the saved state cannot be used (it was not kept)"]
    assert told(other, item) == {"", "<2><1>What flows?<2><1>about water<2><1>What else?<2><1>more water<2>"}
    assert other.usage.prefill_tokens < 20


def test_another_model_reads_all_of_it(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """The plan tells the document and the turns in one time; the turn itself does the reading if it has to."""
    conversation = desk.talks.open(None, generator, item=item)
    conversation.say("What flows?")
    conversation.close()
    again = desk.again()
    again.rates.remember("4" * 64, 10.0, now=1.0)
    other = FakeGenerator(lambda text: "as the other", fingerprint="4" * 64)
    resumed = again.talks.open(conversation.id, other)
    estimate = again.reading.estimate(item, other)
    assert resumed.plan() == Plan(estimate, 2, 4, (estimate.tokens + 4) / 10.0, OTHER_MODEL, "")
    notices: list[str] = []
    resumed.say("What else?", on_notice=notices.append)
    assert notices == [
        f"2 turns are read again: the saved state cannot be used ({OTHER_MODEL})",
        f"the document is read again: {OTHER_MODEL}",
    ]
    assert told(other, item) == {"", "<2><1>What flows?<2><1>about water<2><1>What else?<2><1>as the other<2>"}


@pytest.mark.parametrize("table", ["documents", "readings"])
def test_the_document_has_left_the_library(
    desk: Desk, item: LibraryDocument, generator: FakeGenerator, table: str
) -> None:
    """The conversation goes on from its state; where that is gone too, from its turns alone."""
    conversation = desk.talks.open(None, generator, item=item)
    conversation.say("What flows?")
    conversation.close()
    with desk.database.transaction() as db:
        db.execute(f"DELETE FROM {table}")
    again = desk.again()
    resumed = again.talks.open(conversation.id, generator)
    assert (resumed.item, resumed.plan()) == (None, Plan(None, 0, 0, None, "", ""))
    resumed.say("What else?")
    assert told(generator, item) == {"<2><1>What flows?<2><1>about water<2><2><1>What else?<2><1>about water<2>"}
    resumed.close()
    forget_turns(again)
    last = again.again().talks.open(conversation.id, generator)
    last.say("And now?")
    (text,) = [generator.text(ids) for ids in generator.states.values()]
    assert text.startswith(f"<0><1>{SYSTEM_PROMPT}<2><1>What flows?<2>") and len(last.turns()) == 6


def test_opened_and_left_without_a_turn(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """The reading stays, the conversation does not."""
    conversation = desk.talks.open(None, generator, item=item)
    list(conversation.prepare())
    conversation.close()
    assert generator.states == {} and desk.talks.overview() == []
    assert desk.again().reading.is_read(item, generator.info)


def test_getting_ready_makes_no_forecast(desk: Desk, generator: FakeGenerator) -> None:
    """A forecast may read some of a long document; nothing is read where the reading is stopped before it begins."""
    long = desk.add(book(chapter(name, 60) for name in ("ebro", "elbe", "oder")))
    conversation = desk.talks.open(None, generator, item=long)
    with pytest.raises(ReadCancelled):
        list(conversation.prepare(cancelled=lambda: True))
    assert generator.usage.prefill_tokens == 0
    conversation.plan()
    assert generator.usage.prefill_tokens > 0
