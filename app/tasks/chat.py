"""A conversation with the model: turns in its own template, the answer streamed, the state kept between turns."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app.inference.generator import Cancelled, Generation, Message, Sampling, StateRef, TextGenerator, never

CHAT_SAMPLING = Sampling(temperature=0.6, top_p=0.9, repetition_penalty=1.1)
"""Greedy decoding falls into repetition with small models; these read well."""

SYSTEM_PROMPT = "You are a helpful assistant. Answer clearly and briefly."

MAX_ANSWER_TOKENS = 512


class Chat:
    """One line of conversation on one live state.

    An earlier conversation is told to the model again with the first new turn; from then on only the new
    turns are read.
    """

    def __init__(self, generator: TextGenerator, earlier: Sequence[Message] = ()) -> None:
        self._generator = generator
        self._earlier = list(earlier)
        self._state: StateRef | None = None

    def reply(
        self,
        text: str,
        *,
        sampling: Sampling = CHAT_SAMPLING,
        max_new_tokens: int = MAX_ANSWER_TOKENS,
        on_text: Callable[[str], None] | None = None,
        cancelled: Cancelled = never,
    ) -> Generation:
        """Read the user's turn and write the assistant's, which the state then holds too."""
        if self._state is None:
            self._state = self._generator.new_state()
            system = [Message("system", SYSTEM_PROMPT)] if self._generator.info.is_chat else []
            turns = [*system, *self._earlier, Message("user", text)]
            prompt = self._generator.chat_prompt(turns, fresh=True)
        else:
            prompt = self._generator.chat_prompt([Message("user", text)], fresh=False)
        return self._generator.generate(
            self._state,
            prompt,
            sampling=sampling,
            max_new_tokens=max_new_tokens,
            on_text=on_text,
            cancelled=cancelled,
        )

    def close(self) -> None:
        """Free the state."""
        if self._state is not None:
            self._generator.drop(self._state)
            self._state = None
