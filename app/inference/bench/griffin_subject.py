"""A Griffin model as the benchmark's subject, measured through the engine that the program uses."""

from __future__ import annotations

import hashlib
from functools import partial
from math import prod
from pathlib import Path

import torch

from app.inference.bench.cost import matrix_shapes, operations_per_token, state_bytes_read, weights_bytes
from app.inference.bench.limits import matrix_kind
from app.inference.bench.numbers import NumberTokenizer
from app.inference.bench.states import random_state
from app.inference.bench.subject import Facts
from app.inference.bench.timing import seconds_of
from app.inference.chat_template import CompletionTemplate
from app.inference.checkpoints.names import expected_shapes
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import GriffinConfig
from app.inference.decoding import Decoding
from app.inference.device_names import CHUNK_TOKENS
from app.inference.devices import memory_errors, slow_formats
from app.inference.engine import Engine
from app.inference.formats import FormatChoice, possible_formats, wished_format
from app.inference.free_memory import require_memory
from app.inference.generator import ModelInfo, Sampling, StateRef
from app.inference.griffin import Griffin
from app.inference.loading import Notes, build_model, state_nbytes
from app.inference.memory import estimate_memory
from app.inference.presets import preset
from app.inference.weight_format import WeightFormat, parse_weight_format


class GriffinSubject:
    """One Engine; see Subject."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._state: StateRef | None = None
        self._together: Decoding | None = None
        self._sequences = 0
        self._form = WeightFormat(engine.info.weight_format)
        model, info = engine.model, engine.info
        self._facts = Facts(
            name=info.name,
            kind="griffin",
            parameters=info.parameters,
            weight_format=info.weight_format,
            weights_bytes=weights_bytes(model),
            operations_per_token=operations_per_token(model.config),
            matrix_kind=matrix_kind(info.weight_format, model.device),
            matrix_shapes=matrix_shapes(model.config),
            notes=info.notes,
        )

    @property
    def facts(self) -> Facts:
        """See Subject."""
        return self._facts

    @property
    def model(self) -> Griffin:
        """What is measured."""
        return self._engine.model

    def state_bytes(self, length: int) -> int:
        """See Subject; the same at every length."""
        return state_nbytes(self._engine.model)

    def bytes_read(self, length: int) -> int:
        """See Subject."""
        model = self._engine.model
        return self._facts.weights_bytes + state_bytes_read(model.config, model.dtype.itemsize, length)

    def need_bytes(self, length: int, new_tokens: int, sequences: int = 1) -> int:
        """See Subject. Sequences written together have their states copied side by side."""
        chunk = max(sequences, min(new_tokens, CHUNK_TOKENS[self._engine.model.device.type]))
        need = estimate_memory(self._engine.model.config, self._form, chunk_tokens=chunk, device=self.model.device.type)
        logits = (sequences - 1) * 2 * 4 * self._engine.info.vocab_size
        return (1 if sequences == 1 else 2 * sequences) * need.state_bytes + need.working_bytes + logits

    def start(self, length: int, sequences: int = 1) -> None:
        """See Subject."""
        self.stop()
        model = self._engine.model
        with memory_errors(f"{sequences} states"), torch.inference_mode():
            states = [
                random_state(model.config, length, dtype=model.dtype, device=model.device, seed=seed)
                for seed in range(sequences)
            ]
            if sequences == 1:
                self._state = self._engine.adopt(states[0])
            else:
                self._together = self._engine.decoder.begin(states)
        self._sequences = sequences

    def read(self, tokens: int) -> float:
        """See Subject; of one sequence."""
        assert self._state is not None
        ids = torch.randint(0, self._engine.info.vocab_size, (tokens,)).tolist()
        with memory_errors("reading"):
            return seconds_of(partial(self._engine.read, self._state, ids), self._engine.model.device)

    def write(self, tokens: int) -> float:
        """See Subject."""
        with memory_errors("writing"):
            return self._write_together(tokens) if self._together else self._write_one(tokens)

    def stop(self) -> None:
        """See Subject."""
        if self._state is not None:
            self._engine.drop(self._state)
        self._state = self._together = None

    def _write_one(self, tokens: int) -> float:
        """Through the engine, sampling included. An answer that the model ends early is gone on with."""
        assert self._state is not None
        state, before = self._state, self._engine.usage

        def write() -> None:
            left = tokens
            while left > 0:
                left -= len(self._engine.generate(state, (), sampling=Sampling(), max_new_tokens=left).token_ids)

        wall = seconds_of(write, self._engine.model.device)
        # What closes a turn is read, not written.
        return wall - (self._engine.usage.prefill_seconds - before.prefill_seconds)

    @torch.inference_mode()
    def _write_together(self, tokens: int) -> float:
        """Greedily, each token straight from the scores: so many samplers would measure the samplers."""
        assert self._together is not None
        together = self._together

        def write() -> None:
            ids = torch.zeros((self._sequences, 1), dtype=torch.int64, device=self._engine.model.device)
            for _ in range(tokens):
                ids = together.step(ids).argmax(-1, keepdim=True)

        with together.threads():
            return seconds_of(write, self._engine.model.device)


def synthetic_format(wanted: str | None, device: torch.device) -> FormatChoice:
    """The format of random weights: the one asked for, else int8 on the CPU and bfloat16 elsewhere, where they run."""
    slow = slow_formats(device)
    if wanted is not None:
        return wished_format(parse_weight_format(wanted), device.type, slow)
    form = WeightFormat.INT8 if device.type == "cpu" else WeightFormat.BFLOAT16
    return possible_formats(form, device.type, slow)[0]


def synthetic_engine(
    size: str | GriffinConfig, choice: FormatChoice, device: torch.device, *, cache_dir: Path | None = None
) -> Engine:
    """An engine with a model of random weights, of a published size ("2b", "9b") or of any shape.

    Raises UserError for an unknown size, ResourceError where memory is too small for it.
    """
    config, name = (preset(size), f"RecurrentGemma-{size.upper()} shape") if isinstance(size, str) else (size, "random")
    form, notes = choice.form, Notes()
    notes.add(choice.note)
    need = estimate_memory(config, form, chunk_tokens=CHUNK_TOKENS[device.type], mapped=False, device=device.type)
    require_memory(need.total, device, f"{name} in {form}")
    built = build_model(config, SyntheticSource(config, form, device=device), form, device, cache_dir, notes)
    form = built.form
    tokenizer = NumberTokenizer(config.vocab_size)
    info = ModelInfo(
        name=name,
        path="",
        fingerprint=hashlib.sha256(repr((config, str(form))).encode()).hexdigest(),
        tokenizer_hash=tokenizer.content_hash,
        device=str(device),
        weight_format=str(form),
        parameters=sum(prod(shape) for _, shape in expected_shapes(config)),
        vocab_size=config.vocab_size,
        window_tokens=config.window_tokens,
        state_nbytes=state_nbytes(built.model),
        is_chat=False,
        notes=("random weights", *notes.found),
    )
    return Engine(built.model, tokenizer, CompletionTemplate(tokenizer, frozenset()), info, built.kernels)
