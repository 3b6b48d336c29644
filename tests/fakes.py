"""A TextGenerator without a model, for tests: it really keeps its states' tokens and counts what it reads."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from zlib import crc32

from app.core.errors import InternalError
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    Message,
    ModelInfo,
    ReadCancelled,
    Sampling,
    SavedState,
    Span,
    StatePage,
    StateRef,
    TokenProgress,
    Usage,
    Vector,
    never,
)
from app.inference.state_header import Guards, StateHeader, sha256, verified
from app.inference.token_history import TokenHistory

BOS, TURN, STOP = 0, 1, 2
_FIRST_WORD_ID = 10
_VOCABULARY = 1 << 30
CHUNK_TOKENS = 16
PAGE_TOKENS = 16
VECTOR_SIZE = 8


class FakeGenerator:
    """Tokens are words with the white space before them; an answer comes from `reply`, given the state's whole text.

    Args:
        scorer: what `score` gives, in nats, for the state's whole text and a continuation; by default words that were
            read before are likelier than new ones.
    """

    def __init__(
        self,
        reply: Callable[[str], str] = lambda text: "Nothing to say.",
        *,
        window_tokens: int = 256,
        is_chat: bool = True,
        parameters: int = 1000,
        batch_size: int = 1,
        fingerprint: str = "0" * 64,
        scorer: Callable[[str, str], float] | None = None,
    ) -> None:
        self.reply = reply
        self.scorer = scorer
        self.batch_size = batch_size
        self.groups: list[int] = []
        """Sequences written together, group by group."""
        self.info = ModelInfo(
            name="fake",
            path="",
            fingerprint=fingerprint,
            tokenizer_hash="1" * 64,
            device="cpu",
            weight_format="float32",
            parameters=parameters,
            vocab_size=_VOCABULARY,
            window_tokens=window_tokens,
            state_nbytes=64,
            is_chat=is_chat,
        )
        self.usage = Usage()
        self.states: dict[StateRef, list[int]] = {}
        self.samplings: list[Sampling] = []
        self._words: dict[int, str] = {}
        self._handles = count(1)

    def tokenize(self, text: str) -> list[int]:
        """One id per word; unlike words never share an id."""
        return [self._id(word) for word in re.findall(r"\s*\S+|\s+", text)]

    def text(self, token_ids: Sequence[int]) -> str:
        """The inverse of `tokenize`; control tokens show as <n>."""
        return "".join(f"<{i}>" if i < _FIRST_WORD_ID else self._words[i] for i in token_ids)

    def document_prefix(self) -> list[int]:
        return [BOS]

    def chat_prompt(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        ids = [BOS] if fresh else [STOP]
        for message in messages:
            ids += [TURN, *self.tokenize(message.text), STOP]
        return [*ids, TURN]

    def new_state(self) -> StateRef:
        return self._keep([])

    def fork(self, state: StateRef) -> StateRef:
        return self._keep(list(self.states[state]))

    def drop(self, state: StateRef) -> None:
        del self.states[state]

    def position(self, state: StateRef) -> int:
        return len(self.states[state])

    def read(
        self,
        state: StateRef,
        token_ids: Sequence[int],
        *,
        spans: Sequence[Span] = (),
        on_progress: TokenProgress | None = None,
        cancelled: Cancelled = never,
    ) -> list[Vector]:
        for start in range(0, len(token_ids), CHUNK_TOKENS):
            if cancelled():
                raise ReadCancelled
            chunk = token_ids[start : start + CHUNK_TOKENS]
            self.states[state] += chunk
            self.usage = replace(self.usage, prefill_tokens=self.usage.prefill_tokens + len(chunk))
            if on_progress is not None:
                on_progress(start + len(chunk))
        return [self._vector(token_ids[begin:end]) for begin, end in spans]

    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        if self.scorer is not None:
            return self.scorer(self.text(self.states[state]), self.text(token_ids))
        known = set(self.states[state])
        return -float(sum(1 if token in known else 2 for token in token_ids))

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
        try:
            self.read(state, prompt_ids, cancelled=cancelled)
        except ReadCancelled:
            return Generation("", (), FinishReason.CANCELLED)
        self.samplings.append(sampling)
        ids = [*self.tokenize(self.reply(self.text(self.states[state]))), STOP]
        reason = FinishReason.STOP if len(ids) <= max_new_tokens else FinishReason.LENGTH
        ids = ids[:max_new_tokens]
        self.states[state] += ids
        self.usage = replace(self.usage, decode_tokens=self.usage.decode_tokens + len(ids))
        text = self.text([i for i in ids if i >= _FIRST_WORD_ID])
        if on_text is not None:
            on_text(text)
        return Generation(text, tuple(ids), reason)

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
        settings = [sampling] * len(states) if isinstance(sampling, Sampling) else list(sampling)
        if not len(set(states)) == len(states) == len(prompts) == len(settings):
            raise InternalError("states, prompts and samplings differ in number, or a state is given twice")
        for state in states:
            self.position(state)
        done: list[Generation] = []
        while len(done) < len(states):
            group = range(len(states))[len(done) : len(done) + self.batch_size]
            self.groups.append(len(group))
            ready = 0
            with contextlib.suppress(ReadCancelled):
                for index in group:
                    self.read(states[index], prompts[index], cancelled=cancelled)
                    ready += 1
            if ready < len(group) or cancelled():
                done += [Generation("", (), FinishReason.CANCELLED)] * len(group)
                continue
            for index in group:
                tell = None if on_text is None else partial(on_text, index)
                done.append(
                    self.generate(
                        states[index], [], sampling=settings[index], max_new_tokens=max_new_tokens, on_text=tell
                    )
                )
        return done

    def begin_save(self, state: StateRef, *, known: Collection[str] = ()) -> Callable[[], SavedState]:
        saved = self.save_state(state, known=known)
        return lambda: saved

    def save_state(self, state: StateRef, *, known: Collection[str] = ()) -> SavedState:
        """As the engine does, in JSON: the window in pages of 16 tokens, all before it in the recurrent part."""
        ids = self.states[state]
        window_start = max(0, len(ids) - self.info.window_tokens)
        recurrent = self._written(ids[:window_start])
        pages: list[StatePage] = []
        for start in range(window_start // PAGE_TOKENS * PAGE_TOKENS, len(ids), PAGE_TOKENS):
            end = min(start + PAGE_TOKENS, len(ids))
            data = self._written(ids[start:end])
            if start < window_start and sha256(data) not in known:
                start, data = window_start, self._written(ids[window_start:end])
            digest = sha256(data)
            pages.append(StatePage(start, end, digest, None if digest in known else data))
        header = StateHeader(
            len(ids),
            TokenHistory().after(ids),
            self._guards,
            window_start,
            {"device": "fake"},
            sha256(recurrent),
            tuple((page.start, page.end, page.digest) for page in pages),
        )
        return SavedState(header.text(), len(ids), header.token_hash, recurrent, tuple(pages))

    def load_state(self, saved: SavedState) -> StateRef:
        header = verified(saved, self._guards, PAGE_TOKENS, None)
        ids = self._read_back(saved.recurrent)
        for page in saved.pages:
            ids += self._read_back(page.data or b"[]")[max(0, header.window_start - page.start) :]
        return self._keep(ids)

    @property
    def _guards(self) -> Guards:
        return Guards(self.info.fingerprint, self.info.tokenizer_hash, "words", self.info.window_tokens)

    def _written(self, ids: Sequence[int]) -> bytes:
        # As words: whoever loads it may not have seen them.
        return json.dumps([i if i < _FIRST_WORD_ID else self._words[i] for i in ids]).encode()

    def _read_back(self, data: bytes) -> list[int]:
        return [self._id(word) if isinstance(word, str) else word for word in json.loads(data)]

    def _keep(self, ids: list[int]) -> StateRef:
        ref = StateRef(next(self._handles))
        self.states[ref] = ids
        return ref

    def _id(self, word: str) -> int:
        # From the word alone, so that another instance, also in another process, gives it the same one.
        token = _FIRST_WORD_ID + crc32(word.encode(errors="surrogatepass")) % (_VOCABULARY - _FIRST_WORD_ID)
        if self._words.setdefault(token, word) != word:
            raise InternalError(f"{word!r} and {self._words[token]!r} have one id")
        return token

    def _vector(self, token_ids: Sequence[int]) -> Vector:
        totals = [0.0] * VECTOR_SIZE
        for token in token_ids:
            totals[crc32(self.text([token]).encode()) % VECTOR_SIZE] += 1.0 / max(1, len(token_ids))
        return totals
