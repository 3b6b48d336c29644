"""The in-process engine: a loaded model, its live states, reading in chunks and writing token by token.

It knows token ids; what a document or a conversation is, others know.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from app.core.errors import InternalError, UserError
from app.core.threads import usable_cores
from app.inference.chat_template import ChatTemplate
from app.inference.decoders import choose_decoder
from app.inference.decoding import Decoder, batch_size, group_size
from app.inference.device_names import CHUNK_TOKENS
from app.inference.devices import memory_errors
from app.inference.free_memory import room_for
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
from app.inference.griffin import Griffin
from app.inference.kernels import KernelChoice
from app.inference.loading import load_model
from app.inference.reading import Reader
from app.inference.sampling import Sampler
from app.inference.scoring import log_probability
from app.inference.state import ModelState
from app.inference.state_container import FrozenState, freeze_state, guards_of, load_state, made_with
from app.inference.tokenizers.base import Tokenizer
from app.inference.writing import Answer, write

log = logging.getLogger(__name__)


class Engine:
    """A TextGenerator in this process. Not thread-safe: one caller at a time."""

    def __init__(
        self,
        model: Griffin,
        tokenizer: Tokenizer,
        template: ChatTemplate,
        info: ModelInfo,
        kernels: KernelChoice | None,
    ) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._template = template
        self._info = info
        self.kernels = kernels
        """What the int8 self-test chose, None for other weight formats."""
        self._guards = guards_of(model, info.fingerprint, info.tokenizer_hash)
        self._states: dict[StateRef, ModelState] = {}
        self._handles = itertools.count(1)
        self._usage = Usage()
        self._batch_size = batch_size(model.device, info.state_nbytes, kernels)
        self._decoder, note = choose_decoder(model, kernels, self._batch_size)
        if note is not None:
            log.warning("%s", note)
            self._info = replace(info, notes=(*info.notes, note))
        chunk_tokens = CHUNK_TOKENS[model.device.type]
        self._reader = Reader(model, chunk_tokens, self._count_read)
        self._made_with = partial(made_with, model, kernels, chunk_tokens)

    @classmethod
    def load(
        cls,
        path: Path,
        *,
        name: str | None = None,
        device: str = "auto",
        weight_format: str | None = None,
        threads: int | None = None,
        cache_dir: Path | None = None,
    ) -> Engine:
        """Load a model folder.

        Args:
            path: folder with config.json, weights and tokenizer, or the one file of weights beside them.
            name: what the user calls it, None for the folder's name.
            device: one of device_names.DEVICES.
            weight_format: one of WeightFormat, None for the format on disk. What the device does not support or has no
                room for gives way to what it does then (see fit.py), and `info.notes` says so.
            threads: of the CPU, None for one on each usable core (core/threads.py); holds for the whole process.
            cache_dir: where the self-test's and the fingerprint's results are kept, None for nowhere.
        Raises:
            CheckpointError: missing, damaged or unsuitable files. UserError: a device or format that cannot be had.
            ResourceError: not enough memory; known before any is taken wherever it can be.
        """
        if threads is not None and threads < 1:
            raise UserError(f"threads is {threads}, expected 1 or more")
        torch.set_num_threads(usable_cores().threads if threads is None else threads)
        loaded = load_model(path, name=name, device=device, weight_format=weight_format, cache_dir=cache_dir)
        return cls(loaded.model, loaded.tokenizer, loaded.template, loaded.info, loaded.kernels)

    @property
    def info(self) -> ModelInfo:
        """See TextGenerator."""
        return self._info

    @property
    def model(self) -> Griffin:
        """The loaded model, for what measures it."""
        return self._model

    @property
    def decoder(self) -> Decoder:
        """What writes answers, for what measures it."""
        return self._decoder

    @property
    def usage(self) -> Usage:
        """See TextGenerator."""
        return self._usage

    @property
    def batch_size(self) -> int:
        """See TextGenerator and decoding.batch_size."""
        return self._batch_size

    def tokenize(self, text: str) -> list[int]:
        """See TextGenerator."""
        return self._tokenizer.encode(text)

    def document_prefix(self) -> list[int]:
        """See TextGenerator."""
        return list(self._tokenizer.document_prefix)

    def chat_prompt(self, messages: Sequence[Message], *, fresh: bool) -> list[int]:
        """See TextGenerator."""
        return self._template.render(messages, fresh=fresh)

    @torch.inference_mode()
    def new_state(self) -> StateRef:
        """See TextGenerator."""
        with self._room_for_a_state():
            return self._keep(self._model.fresh_state())

    def adopt(self, state: ModelState) -> StateRef:
        """Take over a state that was made elsewhere for this model, such as one filled with random values."""
        return self._keep(state)

    @torch.inference_mode()
    def fork(self, state: StateRef) -> StateRef:
        """See TextGenerator."""
        with self._room_for_a_state():
            return self._keep(self._states[state].clone())

    def drop(self, state: StateRef) -> None:
        """See TextGenerator."""
        del self._states[state]

    def position(self, state: StateRef) -> int:
        """See TextGenerator."""
        return self._states[state].position

    @torch.inference_mode()
    def read(
        self,
        state: StateRef,
        token_ids: Sequence[int],
        *,
        spans: Sequence[Span] = (),
        on_progress: TokenProgress | None = None,
        cancelled: Cancelled = never,
        interrupted: Cancelled = never,
    ) -> list[Vector]:
        """See TextGenerator. `interrupted` is asked between layers too: the chunk that it ends counts as not read."""
        return self._reader.read(
            self._states[state],
            token_ids,
            spans=spans,
            on_progress=on_progress,
            cancelled=cancelled,
            interrupted=interrupted,
        )

    @torch.inference_mode()
    def score(self, state: StateRef, token_ids: Sequence[int]) -> float:
        """See TextGenerator."""
        source = self._states[state]
        if source.logits is None:
            raise UserError("a continuation can only be scored after text: the state is fresh")
        if not token_ids:
            return 0.0
        fork, ids = source.clone(), self._reader.tensor(token_ids)
        return log_probability(self._model, fork, source.logits, ids, chunk_tokens=self._reader.chunk_tokens)

    @torch.inference_mode()
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
        """See TextGenerator. An answer cut off by the limit is closed as the template closes a turn."""
        answer = self._answer(state, sampling, max_new_tokens, on_text)
        return self._generate([answer], [prompt_ids], cancelled)[0]

    @torch.inference_mode()
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
        """See TextGenerator. Groups are smaller than `batch_size` where memory lacks for their states' copies."""
        settings = [sampling] * len(states) if isinstance(sampling, Sampling) else sampling
        if not len(set(states)) == len(states) == len(prompts) == len(settings):
            raise InternalError(
                f"{len(states)} states ({len(set(states))} different), {len(prompts)} prompts and {len(settings)} "
                "samplings, expected one prompt and one sampling for each state, and no state twice"
            )
        answers = [
            self._answer(state, setting, max_new_tokens, None if on_text is None else partial(on_text, index))
            for index, (state, setting) in enumerate(zip(states, settings, strict=True))
        ]
        done: list[Generation] = []
        while len(done) < len(answers):
            size = group_size(self._model.device, self._batch_size, self._info.state_nbytes)
            group = slice(len(done), len(done) + size)
            done += self._generate(answers[group], prompts[group], cancelled)
        return done

    @torch.inference_mode()
    def freeze_state(self, state: StateRef, known: Collection[str] = ()) -> FrozenState:
        """Copy what `save_state` takes of a state, quickly; another thread may `pack` it while this one goes on."""
        return freeze_state(self._states[state], self._guards, self._made_with(), known)

    def begin_save(self, state: StateRef, *, known: Collection[str] = ()) -> Callable[[], SavedState]:
        """See TextGenerator."""
        return self.freeze_state(state, known).pack

    def save_state(self, state: StateRef, *, known: Collection[str] = ()) -> SavedState:
        """See TextGenerator."""
        return self.freeze_state(state, known).pack()

    @torch.inference_mode()
    def load_state(self, saved: SavedState) -> StateRef:
        """See TextGenerator."""
        with self._room_for_a_state():
            return self._keep(load_state(saved, self._model, self._guards, self._made_with()))

    def _room_for_a_state(self) -> AbstractContextManager[None]:
        return room_for(self._info.state_nbytes, self._model.device, "another state")

    def _keep(self, state: ModelState) -> StateRef:
        ref = StateRef(next(self._handles))
        self._states[ref] = state
        return ref

    def _answer(
        self, state: StateRef, sampling: Sampling, max_new_tokens: int, on_text: Callable[[str], None] | None
    ) -> Answer:
        return Answer(
            self._states[state],
            Sampler(sampling, self._info.vocab_size),
            self._tokenizer,
            self._template.stop_ids,
            max_new_tokens=max_new_tokens,
            on_text=on_text,
        )

    def _generate(
        self, answers: Sequence[Answer], prompts: Sequence[Sequence[int]], cancelled: Cancelled
    ) -> list[Generation]:
        """Read each prompt, then write all answers in step; nothing is written when the reading was cancelled."""
        ready: list[Answer] = []
        with contextlib.suppress(ReadCancelled):
            for answer, prompt in zip(answers, prompts, strict=True):
                if prompt:
                    self._reader.read(answer.state, prompt, cancelled=cancelled, interrupted=cancelled)
                if answer.state.logits is None:
                    raise UserError("there is nothing to go on from: the state is fresh and the prompt is empty")
                ready.append(answer)
        if len(ready) == len(answers):
            with memory_errors("so many answers at once"):
                write(self._decoder, ready, cancelled, self._count_written)
        written = [answer.finish() for answer in ready]
        for answer, generation in zip(ready, written, strict=True):
            if generation.finish_reason is not FinishReason.STOP and self._template.turn_end:
                self._reader.read(answer.state, self._template.turn_end)
        return written + [Generation("", (), FinishReason.CANCELLED)] * (len(answers) - len(ready))

    def _count_read(self, tokens: int, seconds: float) -> None:
        self._usage += Usage(prefill_tokens=tokens, prefill_seconds=seconds)

    def _count_written(self, tokens: int, seconds: float) -> None:
        self._usage += Usage(decode_tokens=tokens, decode_seconds=seconds)
