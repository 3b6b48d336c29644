"""Reading token ids into a state, chunk by chunk."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from app.core.errors import InternalError
from app.inference.generator import Cancelled, ReadCancelled, Span, TokenProgress, Vector, never
from app.inference.griffin import Griffin
from app.inference.interruption import read_chunk
from app.inference.shapes import Hidden, TokenIds
from app.inference.spans import SpanMeans
from app.inference.state import ModelState

CountRead = Callable[[int, float], None]
"""Told how many tokens a chunk had, and its seconds."""


class Reader:
    """Reads with one model, `chunk_tokens` at a time."""

    def __init__(self, model: Griffin, chunk_tokens: int, count: CountRead) -> None:
        self.chunk_tokens = chunk_tokens
        self._model = model
        self._count = count

    def read(
        self,
        state: ModelState,
        token_ids: Sequence[int],
        *,
        spans: Sequence[Span] = (),
        on_progress: TokenProgress | None = None,
        cancelled: Cancelled = never,
        interrupted: Cancelled = never,
    ) -> list[Vector]:
        """See TextGenerator.read and Engine.read; the state stands at the end of the last chunk read in any case."""
        means = SpanMeans(spans, len(token_ids), self._model.config.width, self._model.device)
        hidden: Tensor | None = None
        for start in range(0, len(token_ids), self.chunk_tokens):
            chunk = token_ids[start : start + self.chunk_tokens]
            began = time.perf_counter()
            try:
                if cancelled():
                    raise ReadCancelled
                hidden = read_chunk(self._model, self.tensor(chunk), state, interrupted)
            except ReadCancelled:
                if hidden is not None:
                    state.logits = self._last_logits(hidden)
                raise
            state.history = state.history.after(chunk)
            if start + len(chunk) == len(token_ids):
                state.logits = self._last_logits(hidden)
            means.add(hidden[0], start)
            self._count(len(chunk), time.perf_counter() - began)
            if on_progress is not None:
                on_progress(start + len(chunk))
        return means.means()

    def tensor(self, token_ids: Sequence[int]) -> TokenIds:
        """Ids (1, t) on the model's device. Raises InternalError for one that the model does not have."""
        # A negative id would count the embedding's rows from the end; one too large would fail in torch's own words.
        vocab_size = self._model.config.vocab_size
        if not 0 <= min(token_ids) <= max(token_ids) < vocab_size:
            raise InternalError(f"token ids {min(token_ids)} to {max(token_ids)}, expected 0 to {vocab_size - 1}")
        return torch.tensor([list(token_ids)], dtype=torch.int64, device=self._model.device)

    def _last_logits(self, hidden: Hidden) -> Tensor:
        return self._model.logits(hidden[:, -1:])[:, 0]
