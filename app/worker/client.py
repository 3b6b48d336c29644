"""The program's side of the inference worker: a TextGenerator whose model runs in a process of its own.

The worker's death is a normal event: the call under way raises WorkerLostError, live states are gone, and the next call
starts another worker with the same model. Whoever keeps saved states goes on from the last one.
"""

from __future__ import annotations

import array
import itertools
import threading
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Any

from app.core.errors import WorkerLostError
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
    StateRef,
    TokenProgress,
    Usage,
    Vector,
    never,
)
from app.worker import messages
from app.worker.link import ModelSpec, WorkerLink
from app.worker.messages import Event, Heartbeat, ReadProgress, Request, TextChunk
from app.worker.text_side import TextSide

__all__ = ["EngineClient", "ModelSpec"]


class EngineClient:
    """See TextGenerator. Any thread may call; the worker does one job after the other, in order."""

    def __init__(self, spec: ModelSpec, *, on_heartbeat: Callable[[Heartbeat], None] | None = None) -> None:
        self._link = WorkerLink(spec, on_lost=self._lose, on_heartbeat=on_heartbeat)
        self._text = TextSide(spec.path)
        self._handles = itertools.count(1)
        self._lock = threading.Lock()
        self._live: set[StateRef] = set()
        self._gone: set[StateRef] = set()
        """States that were lost with their worker and not dropped since."""

    def start(self) -> None:
        """Begin to load the model; returns at once."""
        self._text.start()
        self._link.start()

    def wait(self) -> ModelInfo:
        """Wait until the model is loaded; see WorkerLink.wait."""
        return self._link.wait().info

    def close(self) -> None:
        """End the worker. Calling again does nothing."""
        self._link.close()

    @property
    def pid(self) -> int | None:
        """Of the worker, where there is one."""
        return self._link.pid

    def inspect(self) -> dict[str, dict[str, Any]]:
        """What the worker runs on, for `doctor`; see inspection.py."""
        return self._link.call(messages.Inspected, messages.Inspect).facts

    # -- TextGenerator -----------------------------------------------------------------------------------------------

    @property
    def info(self) -> ModelInfo:
        """See TextGenerator."""
        return self._link.ready.info

    @property
    def usage(self) -> Usage:
        """See TextGenerator; workers that ended included."""
        return self._link.usage

    @property
    def batch_size(self) -> int:
        """See TextGenerator."""
        return self._link.ready.batch_size

    def tokenize(self, text: str) -> list[int]:
        """See TextGenerator. Done in this process: thousands of sentences need no way to the worker and back."""
        return self._text.tokenizer.encode(text)

    def document_prefix(self) -> list[int]:
        """See TextGenerator."""
        return list(self._text.tokenizer.document_prefix)

    def chat_prompt(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        """See TextGenerator."""
        return self._text.template.render(messages, fresh=fresh)

    def new_state(self) -> StateRef:
        """See TextGenerator."""
        return self._new_handle(messages.NewState)

    def fork(self, state: StateRef) -> StateRef:
        """See TextGenerator."""
        return self._new_handle(lambda job_id, copy: messages.Fork(job_id, state, copy), guard=self._guard(state))

    def drop(self, state: StateRef) -> None:
        """See TextGenerator; a state that was lost with its worker can be dropped like any other."""
        with self._lock:
            if state in self._gone:
                self._gone.remove(state)
                return
            self._live.remove(state)
        self._link.tell(messages.Drop(state))

    def position(self, state: StateRef) -> int:
        """See TextGenerator."""
        request = partial(messages.Position, state=state)
        return self._link.call(messages.PositionIs, request, guard=self._guard(state)).position

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
        self._guard(state)()
        if token_ids and cancelled():
            raise ReadCancelled

        def tell(event: Event) -> None:
            if on_progress is not None and isinstance(event, ReadProgress):
                on_progress(event.done)

        done = self._link.call(
            messages.ReadDone,
            partial(messages.Read, state=state, token_ids=tuple(token_ids), spans=tuple(spans)),
            guard=self._guard(state),
            on_event=tell,
            cancelled=cancelled,
        )
        if done.cancelled:
            raise ReadCancelled
        numbers = array.array("f", done.vectors).tolist()
        return [numbers[start : start + done.width] for start in range(0, len(numbers), done.width or 1)]

    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        """See TextGenerator."""
        request = partial(messages.Score, state=state, token_ids=tuple(token_ids))
        return self._link.call(messages.Scored, request, guard=self._guard(state)).score

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
        return self.generate_batch(
            [state],
            [prompt_ids],
            sampling=sampling,
            max_new_tokens=max_new_tokens,
            on_text=None if on_text is None else lambda _, text: on_text(text),
            cancelled=cancelled,
        )[0]

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
        samplings = (sampling,) * len(states) if isinstance(sampling, Sampling) else tuple(sampling)
        self._guard(*states)()
        if cancelled():
            return [Generation("", (), FinishReason.CANCELLED)] * len(states)

        def tell(event: Event) -> None:
            if on_text is not None and isinstance(event, TextChunk):
                on_text(event.index, event.text)

        request = partial(
            messages.Generate,
            states=tuple(states),
            prompts=tuple(tuple(ids) for ids in prompts),
            samplings=samplings,
            max_new_tokens=max_new_tokens,
        )
        done = self._link.call(
            messages.Generated, request, guard=self._guard(*states), on_event=tell, cancelled=cancelled
        )
        return list(done.generations)

    def begin_save(self, state: StateRef, *, known: Collection[str] = ()) -> Callable[[], SavedState]:
        """See TextGenerator. The copy is made in the worker's turn, before any job that is asked for later."""
        request = partial(messages.SaveState, state=state, known=tuple(known))
        job = self._link.submit(request, guard=self._guard(state))
        return lambda: self._link.answer(messages.StateSaved, job).saved

    def save_state(self, state: StateRef, *, known: Collection[str] = ()) -> SavedState:
        """See TextGenerator."""
        return self.begin_save(state, known=known)()

    def load_state(self, saved: SavedState) -> StateRef:
        """See TextGenerator."""
        return self._new_handle(lambda job_id, state: messages.LoadState(job_id, state, saved))

    # -- handles -----------------------------------------------------------------------------------------------------

    def _new_handle(
        self, request: Callable[[int, StateRef], Request], *, guard: Callable[[], None] = lambda: None
    ) -> StateRef:
        state = StateRef(next(self._handles))

        def make(job_id: int) -> Request:
            # Live before the worker has made it: should it die meanwhile, the handle is lost with all others.
            with self._lock:
                self._live.add(state)
            return request(job_id, state)

        try:
            self._link.call(messages.Done, make, guard=guard)
        except BaseException:
            with self._lock:
                self._live.discard(state)
                self._gone.discard(state)
            self._link.tell(messages.Drop(state))
            raise
        return state

    def _guard(self, *states: StateRef) -> Callable[[], None]:
        """Raises KeyError for a state that is not live, WorkerLostError for one that went with its worker."""

        def check() -> None:
            with self._lock:
                for state in states:
                    if state in self._gone:
                        raise WorkerLostError("the model's process stopped, and with it what it had read")
                    if state not in self._live:
                        raise KeyError(state)

        return check

    def _lose(self) -> None:
        with self._lock:
            self._gone |= self._live
            self._live.clear()
