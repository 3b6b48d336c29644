"""A conversation with the model: what it is told before the first turn, and how it is asked for an answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.inference.generator import Message, Sampling, TextGenerator

CHAT_SAMPLING = Sampling(temperature=0.6, top_p=0.9, repetition_penalty=1.1)
"""Greedy decoding falls into repetition with small models; these read well."""

SYSTEM_PROMPT = "You are a helpful assistant. Answer clearly and briefly."

COMPLETES = "This model completes text: it was not trained to converse, so it goes on from what you write."
"""What the user is told before a conversation with a base model."""

MAX_ANSWER_TOKENS = 512


def chat_sampling(seed: int, sampling: Sampling = CHAT_SAMPLING) -> Sampling:
    """How answers are drawn. Another seed gives another answer to the same question."""
    return replace(sampling, seed=seed)


def turns_prompt(
    generator: TextGenerator, turns: Sequence[Message], *, begins: bool, system: str = SYSTEM_PROMPT
) -> list[int]:
    """Token ids of turns that the state has not taken in, up to where the answer begins.

    begins: nothing stands before them, no earlier turn and no document; a chat model is then told `system` first,
    unless that is empty.
    """
    first = [Message("system", system)] if system and begins and generator.info.is_chat else []
    return generator.chat_prompt([*first, *turns], fresh=begins)
