"""The fake generator in a process that dies when told to, as app/worker/client.py lets its caller know of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from app.core.errors import WorkerLostError
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    Sampling,
    SavedState,
    StateRef,
    Vector,
    never,
)
from tests.fakes import STOP, FakeGenerator


class DyingGenerator(FakeGenerator):
    """Loses its worker, and all live states, at calls by number (from 1) or when it reads a word.

    A lost state raises WorkerLostError when it is used and can be dropped; another worker is there at once. Answers
    come word by word and can be cancelled between two words.

    Args:
        dies_at: numbers of calls that the worker does not live through.
        late: it dies once the work is done, before the caller has the answer: half of a text has been shown then, and a
            state that was to be saved is lost on its way.
        dies_on: a word (with the white space before it) that kills every worker that reads it.
        seconds_per_token: what reading takes, in its usage only.
    """

    def __init__(
        self,
        reply: Callable[[str], str] = lambda text: "Nothing to say.",
        *,
        dies_at: Container[int] = (),
        late: bool = False,
        dies_on: str = "",
        seconds_per_token: float = 0.0,
        **options: Any,
    ) -> None:
        super().__init__(reply, **options)
        self.dies_at = dies_at
        self.late = late
        self.dies_on = dies_on
        self.seconds_per_token = seconds_per_token
        self.calls = 0
        self.deaths = 0
        self.gone: set[StateRef] = set()
        """Lost with their worker and not dropped since."""
        self._busy = False

    def new_state(self) -> StateRef:
        with self._job():
            return super().new_state()

    def fork(self, state: StateRef) -> StateRef:
        with self._job(state):
            return super().fork(state)

    def drop(self, state: StateRef) -> None:
        if state in self.gone:
            self.gone.remove(state)
        else:
            super().drop(state)

    def position(self, state: StateRef) -> int:
        with self._job(state):
            return super().position(state)

    def read(self, state: StateRef, token_ids: Sequence[int], **options: Any) -> list[Vector]:
        with self._job(state):
            if self.dies_on and self._id(self.dies_on) in token_ids:
                raise self._die()
            before = self.usage.prefill_tokens
            vectors = super().read(state, token_ids, **options)
            seconds = (self.usage.prefill_tokens - before) * self.seconds_per_token
            self.usage = replace(self.usage, prefill_seconds=self.usage.prefill_seconds + seconds)
            return vectors

    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        with self._job(state):
            return super().score(state, token_ids)

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
        with self._job(state) as dies:
            written = super().generate(
                state, prompt_ids, sampling=sampling, max_new_tokens=max_new_tokens, cancelled=cancelled
            )
            ids = written.token_ids
            for number, token in enumerate(ids[: len(ids) // 2] if dies else ids):
                if cancelled():
                    del self.states[state][len(self.states[state]) - len(ids) + number :]
                    return Generation(self.text(ids[:number]), ids[:number], FinishReason.CANCELLED)
                if on_text is not None and token != STOP:
                    on_text(self.text([token]))
            return written

    def generate_batch(
        self, states: Sequence[StateRef], prompts: Sequence[Sequence[int]], **options: Any
    ) -> list[Generation]:
        with self._job(*states):
            return super().generate_batch(states, prompts, **options)

    def begin_save(self, state: StateRef, *, known: Collection[str] = ()) -> Callable[[], SavedState]:
        self._guard(state)
        try:
            with self._job(state):
                saved = super().save_state(state, known=known)
        except WorkerLostError as error:
            if not self.late:
                raise
            lost = error

            def wait() -> SavedState:
                raise lost

            return wait
        return lambda: saved

    def load_state(self, saved: SavedState) -> StateRef:
        with self._job():
            return super().load_state(saved)

    @contextmanager
    def _job(self, *states: StateRef) -> Iterator[bool]:
        """One call of the worker's; whether it will not live through it."""
        if self._busy:  # a call that the fake makes of its own
            yield False
            return
        self._guard(*states)
        self.calls += 1
        dies = self.calls in self.dies_at
        if dies and not self.late:
            raise self._die()
        before = set(self.states)
        self._busy = True
        try:
            yield dies
        finally:
            self._busy = False
        if dies:
            never_had = set(self.states) - before
            error = self._die()
            self.gone -= never_had
            raise error

    def _guard(self, *states: StateRef) -> None:
        for state in states:
            if state in self.gone:
                raise WorkerLostError("the model's process stopped, and with it what it had read")

    def _die(self) -> WorkerLostError:
        self.deaths += 1
        self.gone |= set(self.states)
        self.states.clear()
        return WorkerLostError("the model's process stopped: killed")
