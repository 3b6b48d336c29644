from __future__ import annotations

from app.inference.generator import Message
from app.tasks.chat import CHAT_SAMPLING, SYSTEM_PROMPT, Chat
from tests.fakes import FakeGenerator


def _told(generator: FakeGenerator) -> str:
    (state,) = generator.states.values()
    return generator.text(state)


def test_first_turn_brings_system_and_earlier_turns() -> None:
    """A chat model is told who it is, what was said before, and the new turn, in that order."""
    generator = FakeGenerator(lambda text: "fine")
    chat = Chat(generator, [Message("user", "hi"), Message("assistant", "hello")])
    assert chat.reply("how?").text == "fine"
    assert _told(generator) == f"<0><1>{SYSTEM_PROMPT}<2><1>hi<2><1>hello<2><1>how?<2><1>fine<2>"


def test_later_turns_are_read_alone() -> None:
    """The state holds what was said: a second turn reads itself only."""
    generator = FakeGenerator(lambda text: "fine")
    chat = Chat(generator)
    chat.reply("one")
    before = generator.usage.prefill_tokens
    chat.reply("two")
    assert generator.usage.prefill_tokens - before == 5  # close the answer, open a turn, the word, close it, open
    assert generator.samplings == [CHAT_SAMPLING, CHAT_SAMPLING]


def test_base_model_gets_no_system_turn() -> None:
    """A base model completes text: the system turn would be part of it."""
    generator = FakeGenerator(lambda text: "fine", is_chat=False)
    Chat(generator).reply("one")
    assert SYSTEM_PROMPT not in _told(generator)


def test_close_frees_the_state() -> None:
    """Closing twice, or before the first turn, is harmless."""
    generator = FakeGenerator()
    chat = Chat(generator)
    chat.close()
    chat.reply("one")
    chat.close()
    chat.close()
    assert generator.states == {}
