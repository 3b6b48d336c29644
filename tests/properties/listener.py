"""A generator without a model: it notes every token that it is given, and writes what it is told to write."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from app.inference.chat_template import ChatTemplate
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    Message,
    ModelInfo,
    Sampling,
    SavedState,
    Span,
    StateRef,
    TokenProgress,
    Usage,
    Vector,
    never,
)
from app.inference.tokenizers.base import Tokenizer


@dataclass(frozen=True, slots=True)
class Speech:
    """What turns words into tokens for one model."""

    tokenizer: Tokenizer
    template: ChatTemplate

    def control(self, token_ids: Sequence[int]) -> list[int]:
        """The control tokens among some tokens."""
        return [token_id for token_id in token_ids if token_id in self.tokenizer.control_ids]


class Listener:
    """A TextGenerator; `heard` is every sequence of tokens that reached it, in order."""

    batch_size = 2
    usage = Usage()

    def __init__(self, speech: Speech, answer: str, *, window_tokens: int = 256) -> None:
        self._speech = speech
        self._answer = answer
        self._states = 0
        self._positions: dict[StateRef, int] = {}
        self.heard: list[list[int]] = []
        self.info = ModelInfo(
            name="listener", path="", fingerprint="f", tokenizer_hash="t", device="cpu", weight_format="float32",
            parameters=10**10, vocab_size=speech.tokenizer.vocab_size, window_tokens=window_tokens, state_nbytes=1,
            is_chat=speech.template.is_chat, notes=(),
        )  # fmt: skip

    def tokenize(self, text: str) -> list[int]:
        """See TextGenerator."""
        return self._speech.tokenizer.encode(text)

    def document_prefix(self) -> list[int]:
        """See TextGenerator."""
        return list(self._speech.tokenizer.document_prefix)

    def chat_prompt(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        """See TextGenerator."""
        return self._speech.template.render(messages, fresh=fresh)

    def new_state(self) -> StateRef:
        """See TextGenerator."""
        self._states += 1
        ref = StateRef(self._states)
        self._positions[ref] = 0
        return ref

    def fork(self, state: StateRef) -> StateRef:
        """See TextGenerator."""
        copy = self.new_state()
        self._positions[copy] = self._positions[state]
        return copy

    def drop(self, state: StateRef) -> None:
        """See TextGenerator."""
        del self._positions[state]

    def position(self, state: StateRef) -> int:
        """See TextGenerator."""
        return self._positions[state]

    def read(
        self,
        state: StateRef,
        token_ids: Sequence[int],
        *,
        spans: Sequence[Span] = (),
        on_progress: TokenProgress | None = None,
        cancelled: Cancelled = never,
    ) -> list[Vector]:
        """See TextGenerator."""
        self.heard.append(list(token_ids))
        self._positions[state] += len(token_ids)
        return [[1.0, float(start)] for start, _ in spans]

    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        """See TextGenerator."""
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
        """See TextGenerator."""
        self.heard.append(list(prompt_ids))
        self._positions[state] += len(prompt_ids)
        if on_text is not None:
            on_text(self._answer)
        return Generation(self._answer, (), FinishReason.STOP)

    def generate_batch(
        self,
        states: Sequence[StateRef],
        prompts: Sequence[Sequence[int]],
        *,
        sampling: Sampling | Sequence[Sampling],
        max_new_tokens: int,
        on_text: Callable[[int, str], None] | None = None,
        cancelled: Cancelled = never,
    ) -> list[Generation]:
        """See TextGenerator."""
        one = sampling if isinstance(sampling, Sampling) else sampling[0]
        return [
            self.generate(state, prompt, sampling=one, max_new_tokens=max_new_tokens)
            for state, prompt in zip(states, prompts, strict=True)
        ]

    def begin_save(self, state: StateRef, *, known: Collection[str] = ()) -> Callable[[], SavedState]:
        """Not needed here."""
        raise NotImplementedError

    def save_state(self, state: StateRef, *, known: Collection[str] = ()) -> SavedState:
        """Not needed here."""
        raise NotImplementedError

    def load_state(self, saved: SavedState) -> StateRef:
        """Not needed here."""
        raise NotImplementedError
