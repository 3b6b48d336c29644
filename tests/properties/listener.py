"""A generator without a model: it notes every token that it is given, and writes what it is told to write."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.inference.chat_template import ChatTemplate
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    Message,
    Sampling,
    Span,
    StateRef,
    TokenProgress,
    Vector,
    never,
)
from app.inference.tokenizers.base import Tokenizer
from tests.fakes import FakeGenerator


@dataclass(frozen=True, slots=True)
class Speech:
    """What turns words into tokens for one model."""

    tokenizer: Tokenizer
    template: ChatTemplate

    def control(self, token_ids: Sequence[int]) -> list[int]:
        """The control tokens among some tokens."""
        return [token_id for token_id in token_ids if token_id in self.tokenizer.control_ids]


class Listener(FakeGenerator):
    """With a model's own tokens; `heard` is every sequence of them that reached it, in order."""

    def __init__(self, speech: Speech, answer: str, *, window_tokens: int = 256) -> None:
        super().__init__(window_tokens=window_tokens, is_chat=speech.template.is_chat, parameters=10**10, batch_size=2)
        self._speech = speech
        self._answer = answer
        self.heard: list[list[int]] = []
        self.info = replace(self.info, vocab_size=speech.tokenizer.vocab_size)

    def tokenize(self, text: str) -> list[int]:
        return self._speech.tokenizer.encode(text)

    def document_prefix(self) -> list[int]:
        return list(self._speech.tokenizer.document_prefix)

    def chat_prompt(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        return self._speech.template.render(messages, fresh=fresh)

    def read(
        self,
        state: StateRef,
        token_ids: Sequence[int],
        *,
        spans: Sequence[Span] = (),
        on_progress: TokenProgress | None = None,
        cancelled: Cancelled = never,
    ) -> list[Vector]:
        self.heard.append(list(token_ids))
        self.states[state] += token_ids
        return [[1.0, float(start)] for start, _ in spans]

    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        self.heard.append(list(token_ids))
        return -1.0

    def generate(
        self,
        state: StateRef,
        prompt_ids: Sequence[int],
        *,
        sampling: Sampling,
        max_new_tokens: int,
        on_text: Callable[[str], None] | None = None,
        cancelled: Cancelled = never,
    ) -> Generation:
        if prompt_ids:  # else a batch has read it
            self.read(state, prompt_ids)
        if on_text is not None:
            on_text(self._answer)
        return Generation(self._answer, (), FinishReason.STOP)
