"""Conversations whose worker dies: nothing is doubled, nothing is lost, and the text is the same."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from app.core.errors import WorkerLostError
from app.inference.generator import FinishReason
from app.services.library import LibraryDocument
from app.services.restarts import MOST_RESTARTS
from app.services.talk import OpenConversation
from app.storage.database import Database
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, book, chapter, end_state
from tests.services.dying import DyingGenerator

ALWAYS = range(1, 10_000)


def talkative(**options: object) -> DyingGenerator:
    """Its answer depends on all that it was told and on the seed that it is drawn with."""
    made = DyingGenerator(**options)  # type: ignore[arg-type]
    made.reply = lambda text: (
        f"I count {len(text.split())} words and {text.count('?')} questions, with seed " + str(made.samplings[-1].seed)
    )
    return made


class Listener:
    """What the user sees of a turn."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.notices: list[str] = []

    def say(self, conversation: OpenConversation, text: str) -> str:
        return conversation.say(text, on_text=self.pieces.append, on_notice=self.notices.append).text


def opened(desk: Desk, generator: DyingGenerator, item: LibraryDocument | None, *, live: bool) -> OpenConversation:
    """A conversation of one turn, its state live or on disk only."""
    conversation = desk.talks.open(None, generator, item=item)
    conversation.say("What is a dam?")
    if not live:
        conversation.close()
        conversation = desk.talks.open(conversation.id, generator)
    desk.keeper.flush()
    return conversation


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path, database)


def whole_turn(desk: Desk, generator: DyingGenerator, conversation: OpenConversation, dies_at: int | None) -> Listener:
    """The second turn of a conversation, with the seed 2, and with a death at its n-th call."""
    desk.seeds = itertools.count(2)
    if dies_at is not None:
        generator.dies_at = {generator.calls + dies_at}
    listener = Listener()
    listener.say(conversation, "And a weir?")
    return listener


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize(("live", "on_document"), [(True, False), (False, False), (True, True)])
def test_a_worker_dies_at_any_call_of_a_turn(desk: Desk, late: bool, live: bool, on_document: bool) -> None:
    """One question and one answer are stored, its text is shown once, and it is the text that it would have been."""
    item = desk.add(book([chapter("elbe"), chapter("oder")])) if on_document else None
    if item is not None:
        desk.read(item, FakeGenerator())

    def second_turn(dies_at: int | None) -> tuple[DyingGenerator, OpenConversation, Listener, int]:
        desk.seeds = itertools.count(1)
        generator = talkative(late=late)
        conversation = opened(desk, generator, item, live=live)
        before = generator.calls
        listener = whole_turn(desk, generator, conversation, dies_at)
        return generator, conversation, listener, generator.calls - before

    _, conversation, listener, calls = second_turn(None)
    expected = [turn.text for turn in conversation.turns()]
    assert calls >= 4 and listener.notices == [] and "with seed 2" in expected[3]
    for number in range(1, calls + 1):
        generator, conversation, listener, _ = second_turn(number)
        assert generator.deaths == 1
        assert [turn.text for turn in conversation.turns()] == expected
        assert [turn.role for turn in conversation.turns()] == ["user", "assistant"] * 2
        assert "".join(listener.pieces) == expected[-1]
        assert len(listener.notices) <= 1  # none where it died once the answer was there
        used = generator.usage.prefill_tokens
        listener.say(conversation, "And a lock?")
        assert len(conversation.turns()) == 6
        assert generator.usage.prefill_tokens - used < 60  # two turns at most, the document never
        conversation.close()
        assert generator.states == {} and generator.gone == set()


@pytest.mark.parametrize("again", ["regenerate", "edit"])
def test_a_worker_dies_during_another_answer(desk: Desk, again: str) -> None:
    """At any call: one more answer, or one more branch, as without it."""

    def another(dies_at: int | None) -> tuple[list[str], int, int]:
        desk.seeds = itertools.count(1)
        generator = talkative(late=True)
        conversation = opened(desk, generator, None, live=True)
        before = generator.calls
        if dies_at is not None:
            generator.dies_at = {before + dies_at}
        if again == "regenerate":
            conversation.regenerate()
        else:
            conversation.edit(conversation.turns()[0].id, "What is a sluice?")
        calls = generator.calls - before
        conversation.close()
        assert generator.states == {} and generator.gone == set()
        return [turn.text for turn in conversation.turns()], len(desk.turns.turns(conversation.id)), calls

    expected, stored, calls = another(None)
    assert stored == (3 if again == "regenerate" else 4) and "with seed 2" in expected[-1]
    for number in range(1, calls + 1):
        assert another(number)[:2] == (expected, stored)


@pytest.mark.parametrize("late", [False, True])
def test_workers_that_die_for_ever(desk: Desk, late: bool) -> None:
    """The error comes after the restarts there are; the question is stored once, and answered by the next run."""
    generator, listener = talkative(late=late), Listener()
    conversation = opened(desk, generator, None, live=True)
    generator.dies_at = ALWAYS
    with pytest.raises(WorkerLostError):
        listener.say(conversation, "And a weir?")
    assert generator.deaths >= MOST_RESTARTS + 1
    assert len(listener.notices) == MOST_RESTARTS and all("it was started again" in n for n in listener.notices)
    assert [turn.role for turn in conversation.turns()] == ["user", "assistant", "user"]
    conversation.close()
    assert generator.states == {} and generator.gone == set()
    generator.dies_at = ()
    again = desk.again().talks.open(conversation.id, generator)
    assert again.plan().replayed == 0
    again.regenerate()
    assert [turn.role for turn in again.turns()] == ["user", "assistant"] * 2
    assert len(desk.turns.turns(conversation.id)) == 4


def test_the_document_is_lost_again_and_again(desk: Desk) -> None:
    """Where what brings the document's state back is lost too, the turn still ends well."""
    item = desk.add(book([chapter("elbe")]))
    desk.read(item, FakeGenerator())
    generator, listener = talkative(), Listener()
    conversation = desk.talks.open(None, generator, item=item)
    listener.say(conversation, "What is a dam?")
    first = conversation.turns()[0].id
    for dead in ({1}, {1, 2}, {1, 2, 3}, {2, 3, 4}, {1, 3, 5}):
        generator.dies_at = {generator.calls + number for number in dead}
        conversation.edit(first, "What is a weir?", on_notice=listener.notices.append)
    assert generator.deaths > 8 and len(desk.talks.tree(conversation.id).tips) == 6
    conversation.close()
    assert generator.states == {} and generator.gone == set()


def test_a_worker_dies_while_the_document_is_read_in_a_turn(desk: Desk) -> None:
    """The turn has to read it, for it was never read: one notice of each, and the answer comes."""
    item = desk.add(book([chapter("elbe"), chapter("oder")]))
    generator, listener = talkative(dies_at={6}), Listener()
    conversation = desk.talks.open(None, generator, item=item)
    listener.say(conversation, "What is a dam?")
    assert listener.notices[0] == "the document is read again: it was not kept"
    assert len(listener.notices) == 2 and "it was started again" in listener.notices[1]
    assert len(conversation.turns()) == 2


def test_reading_the_document_in_a_turn_is_cancelled(desk: Desk) -> None:
    """No answer is stored; the next turn goes on with the reading from its bookmarks."""
    item = desk.add(book(chapter(name) for name in ("elbe", "oder", "main")))
    generator = talkative()
    conversation = desk.talks.open(None, generator, item=item)
    asked = iter([False] * 20 + [True] * 3)
    generation = conversation.say("What is a dam?", cancelled=lambda: next(asked))
    assert generation.finish_reason is FinishReason.CANCELLED and generator.states == {}
    read = generator.usage.prefill_tokens
    assert read > 150
    conversation.regenerate()
    whole = FakeGenerator()
    total = whole.position(end_state(Desk(desk.folder / "alone", desk.database).read(item, whole)))
    assert generator.usage.prefill_tokens < total + 150
    assert [turn.role for turn in conversation.turns()] == ["user", "assistant"]
