from __future__ import annotations

import itertools

import pytest

from app.core.errors import UserError
from app.services.conversations import ConversationService
from app.storage.conversations import ConversationStore
from app.storage.database import Database
from app.tasks.chat import SYSTEM_PROMPT


@pytest.fixture
def service(database: Database) -> ConversationService:
    ids = itertools.count(1)
    clock = itertools.count(100)
    return ConversationService(
        ConversationStore(database), now=lambda: float(next(clock)), new_id=lambda: f"conv{next(ids)}"
    )


def test_turns_are_stored_in_order(service, generator) -> None:
    """Each turn and answer is on disk when `say` returns; the first turn is the title."""
    conversation = service.open(None, generator)
    conversation.say("  What is\na river? " + "x" * 80)
    conversation.say("And a dam?")
    transcript = service.transcript(conversation.id)
    assert [turn.role for turn in transcript.turns] == ["user", "assistant", "user", "assistant"]
    assert transcript.turns[2].text == "And a dam?"
    assert transcript.conversation.title == "What is a river? " + "x" * 42 + "…"


def test_answer_is_stored_before_say_returns_and_user_turn_before_it_is_answered(service, generator) -> None:
    """While the answer is written the user's turn is already on disk."""
    conversation = service.open(None, generator)
    seen: list[list[str]] = []

    def on_text(piece: str) -> None:
        seen.append([turn.text for turn in service.transcript(conversation.id).turns])

    conversation.say("hello", on_text=on_text)
    assert seen == [["hello"]]


def test_an_opened_conversation_without_turns_leaves_nothing(service, generator) -> None:
    """Opening and leaving keeps no empty entry; the first turn does."""
    conversation = service.open(None, generator)
    conversation.close()
    assert (service.overview(), conversation.stored) == ([], False)
    conversation.say("hello")
    assert conversation.stored
    assert service.open(conversation.id, generator).stored


def test_resumed_conversation_is_told_again(service, generator) -> None:
    """In a new program the earlier turns come first; afterwards only the new turn is read."""
    first = service.open(None, generator)
    first.say("one")
    first.close()
    again = service.open("conv1", generator)
    again.say("two")
    told = f"<0><1>{SYSTEM_PROMPT}<2><1>one<2><1>ok<2><1>two<2><1>ok<2>"
    (state,) = generator.states
    assert generator.text(generator.states[state]) == told
    again.say("three")
    assert generator.text(generator.states[state]) == told + "<2><1>three<2><1>ok<2>"


def test_turn_that_was_never_answered_is_left_out(service, generator, database) -> None:
    """Killed while answering: the dangling turn stays stored, but the talk goes on from the last answer."""
    first = service.open(None, generator)
    first.say("one")
    store = ConversationStore(database)
    tip = store.find("conv1")[0].tip_turn_id
    store.add_turn("conv1", parent_id=tip, role="user", text="lost", now=1.0)
    again = service.open("conv1", generator)
    again.say("two")
    assert [turn.text for turn in service.transcript("conv1").turns][::2] == ["one", "two"]


def test_unknown_and_ambiguous_ids(service, generator) -> None:
    """An id that fits none or several is a clear error; a unique beginning is enough."""
    for text in ("a", "b"):
        service.open(None, generator).say(text)
    with pytest.raises(UserError, match="no session 'zzz'; `griffin-desk sessions list`"):
        service.transcript("zzz")
    with pytest.raises(UserError, match=r"'conv' begins 2 conversations \(conv1, conv2\)"):
        service.transcript("conv")
    with pytest.raises(UserError):
        service.transcript("")
    assert service.transcript("conv2").conversation.title == "b"


def test_closing_frees_the_state(service, generator) -> None:
    """No live state is left behind."""
    conversation = service.open(None, generator)
    conversation.say("one")
    assert len(generator.states) == 1
    conversation.close()
    assert generator.states == {}
