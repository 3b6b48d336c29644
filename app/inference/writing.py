"""Writing answers token by token: one sequence, or several in step, each with its own settings and its own end."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence

import torch
from torch import Tensor

from app.inference.decoding import Decoder, Decoding
from app.inference.detokenizer import StreamingDetokenizer
from app.inference.generator import Cancelled, FinishReason, Generation
from app.inference.sampling import Likeliest, Sampler, draw
from app.inference.state import ModelState
from app.inference.tokenizers.base import Tokenizer

PENALTY_WINDOW_TOKENS = 256
"""How far back the repetition penalty looks. Only written tokens count: a document's own words are no repetition."""

CountWritten = Callable[[int, float], None]
"""Told how many tokens a step wrote, and its seconds."""


class Answer:
    """One sequence while it writes: what it has written, and why it ended."""

    def __init__(
        self,
        state: ModelState,
        sampler: Sampler,
        tokenizer: Tokenizer,
        stop_ids: Collection[int],
        *,
        max_new_tokens: int,
        on_text: Callable[[str], None] | None,
    ) -> None:
        self.state = state
        self.sampler = sampler
        self.recent: deque[int] = deque(maxlen=PENALTY_WINDOW_TOKENS)
        self.reason: FinishReason | None = FinishReason.LENGTH if max_new_tokens <= 0 else None
        self._detokenizer = StreamingDetokenizer(tokenizer)
        self._stop_ids = stop_ids
        self._limit = max_new_tokens
        self._on_text = on_text
        self.written: list[int] = []
        self._text: list[str] = []

    def take(self, token: int) -> None:
        """A token that was drawn and is in the state now; it may be the last: then `reason` says why."""
        self.written.append(token)
        self.recent.append(token)
        if token in self._stop_ids:
            self.reason = FinishReason.STOP
            return
        self._emit(self._detokenizer.push(token))
        if len(self.written) >= self._limit:
            self.reason = FinishReason.LENGTH

    def finish(self) -> Generation:
        """All of it; one that has come to no end was cancelled."""
        self._emit(self._detokenizer.finish())
        return Generation("".join(self._text), tuple(self.written), self.reason or FinishReason.CANCELLED)

    def _emit(self, piece: str) -> None:
        if piece:
            self._text.append(piece)
            if self._on_text is not None:
                self._on_text(piece)


def write(decoder: Decoder, answers: Sequence[Answer], cancelled: Cancelled, count: CountWritten) -> None:
    """Write all answers in step until each has ended or `cancelled` says so; then their states are up to date.

    Each state must hold the logits of its last position. A sequence that ends leaves the others, so the last ones are
    not slowed down by those before them.
    """
    active = [answer for answer in answers if answer.reason is None]
    if not active:
        return
    decoding = decoder.begin([answer.state for answer in active])
    logits = torch.cat([_logits(answer.state) for answer in active])
    while True:
        with decoding.threads():
            logits = _until_one_ends(decoding, active, logits, cancelled, count)
        kept = [row for row, answer in enumerate(active) if answer.reason is None]
        stopped = len(kept) == len(active)  # nobody came to an end: cancelled
        for row, answer in enumerate(active):
            if stopped or answer.reason is not None:
                decoding.write_back(row)
                answer.state.logits = logits[row : row + 1].clone()
                answer.state.history = answer.state.history.after(answer.written)
        if stopped or not kept:
            return
        decoding = decoding.keep(kept)
        active, logits = [active[row] for row in kept], logits[kept]


def _until_one_ends(
    decoding: Decoding, active: Sequence[Answer], logits: Tensor, cancelled: Cancelled, count: CountWritten
) -> Tensor:
    """Steps until at least one answer has ended or all were cancelled; the logits after the last."""
    while not cancelled():
        began = time.perf_counter()
        samplers = [answer.sampler for answer in active]
        if logits.device.type == "cuda" and all(sampler.takes_the_likeliest for sampler in samplers):
            # The device need not wait for the host to hear of its choice.
            likeliest = Likeliest.of(logits)
            logits = decoding.step(likeliest.ids)
            tokens = likeliest.tokens()
        else:
            tokens = draw(samplers, logits, [answer.recent for answer in active])
            logits = decoding.step(torch.tensor(tokens, dtype=torch.int64, device=logits.device)[:, None])
        count(len(tokens), time.perf_counter() - began)
        for answer, token in zip(active, tokens, strict=True):
            answer.take(token)
        if any(answer.reason is not None for answer in active):
            break
    return logits


def _logits(state: ModelState) -> Tensor:
    assert state.logits is not None
    return state.logits
