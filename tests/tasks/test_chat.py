from __future__ import annotations

from dataclasses import replace

from app.inference.generator import Message, Sampling
from app.tasks.chat import CHAT_SAMPLING, SYSTEM_PROMPT, chat_sampling, turns_prompt
from tests.fakes import FakeGenerator

TURNS = [Message("user", "hi"), Message("assistant", "hello"), Message("user", "how?")]


def test_first_turns_bring_the_system_turn() -> None:
    """A chat model is told who it is, what was said before, and the new turn, in that order."""
    generator = FakeGenerator()
    prompt = turns_prompt(generator, TURNS, begins=True)
    assert generator.text(prompt) == f"<0><1>{SYSTEM_PROMPT}<2><1>hi<2><1>hello<2><1>how?<2><1>"


def test_later_turns_follow_on() -> None:
    """What the state ends in is closed, a document's text or an answer; nobody is told again who he is."""
    generator = FakeGenerator()
    assert generator.text(turns_prompt(generator, TURNS[2:], begins=False)) == "<2><1>how?<2><1>"


def test_base_model_gets_no_system_turn() -> None:
    """A base model completes text: the system turn would be part of it."""
    generator = FakeGenerator(is_chat=False)
    assert generator.text(turns_prompt(generator, TURNS[:1], begins=True)) == "<0><1>hi<2><1>"


def test_sampling_differs_in_its_seed_only() -> None:
    """Another seed draws another answer in the same way."""
    assert chat_sampling(7) == replace(CHAT_SAMPLING, seed=7) != chat_sampling(8)


def test_another_system_turn() -> None:
    """What the user wrote in its place; empty, there is none."""
    generator = FakeGenerator()
    for system, begin in (("Be brief.", "<1>Be brief.<2>"), ("", "")):
        prompt = turns_prompt(generator, TURNS[:1], begins=True, system=system)
        assert generator.text(prompt) == f"<0>{begin}<1>hi<2><1>"


def test_another_way_to_draw() -> None:
    """All of it but the seed."""
    drawn = Sampling(temperature=0.0, top_k=5, seed=3)
    assert chat_sampling(7, drawn) == replace(drawn, seed=7)
