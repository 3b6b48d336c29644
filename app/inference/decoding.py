"""How sequences are decoded in step: one by the pass that serves one token best, several side by side in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from app.inference import batch
from app.inference.batch import DecodeBatch
from app.inference.free_memory import free_bytes
from app.inference.griffin import Griffin
from app.inference.kernels import KernelChoice
from app.inference.shapes import TokenIds
from app.inference.state import ModelState

CPU_BATCH, GPU_BATCH = 8, 64
"""Sequences decoded together at most. On the CPU the integer product takes as long for 16 rows of codes (8 tokens) as
for 2, and grows from there (benchmarks/results/batch.json)."""
_COPIES = 3
"""States per sequence: where it stood before, its own, and the copy in the batch."""
_GAIN = 1.3


def batch_size(device: torch.device, state_nbytes: int, kernels: KernelChoice | None) -> int:
    """How many sequences to decode together: as many as leave three quarters of the free memory alone.

    One, where the self-test found that int8 products of many tokens gain next to nothing here.
    """
    if kernels is not None and not _gains(kernels):
        return 1
    most = CPU_BATCH if device.type == "cpu" else GPU_BATCH
    return max(1, min(most, free_bytes(device) // (4 * _COPIES * state_nbytes)))


def _gains(kernels: KernelChoice) -> bool:
    """Whether a product of 8 tokens is clearly faster than 8 products of one."""
    one, many = (kernels.seconds.get(f"{tokens} {kernels.chosen[tokens]}") for tokens in (1, CPU_BATCH))
    return one is None or many is None or _GAIN * many < CPU_BATCH * one


def group_size(device: torch.device, most: int, state_nbytes: int) -> int:
    """Sequences to decode together now, `most` or fewer: a batch takes a copy of each state."""
    return max(1, min(most, free_bytes(device) // state_nbytes))


class Decoding(Protocol):
    """Some sequences while they are decoded; row i is the i-th state that it was begun with."""

    def step(self, ids: TokenIds) -> Tensor:
        """Take in one token of each sequence, ids (b, 1), and give the scores of the next, (b, v) float32.

        The result may be overwritten by the next step.
        """
        ...

    def write_back(self, row: int) -> None:
        """Bring the state that the row came from up to date, save its logits."""
        ...

    def keep(self, rows: Sequence[int]) -> Decoding:
        """Go on with these rows only, at least one; what was not written back of the others is lost."""
        ...

    def threads(self) -> AbstractContextManager[None]:
        """The threads to work with while stepping."""
        ...


class Decoder(Protocol):
    """What decodes on one device; chosen when the model is loaded."""

    def begin(self, states: Sequence[ModelState]) -> Decoding:
        """Go on with some sequences, of one row each, at least one. The states are written to by `write_back`."""
        ...


@dataclass(frozen=True, slots=True)
class PlainDecoder:
    """Decodes on any device, as the model's own passes do."""

    model: Griffin
    kernels: KernelChoice | None

    def begin(self, states: Sequence[ModelState]) -> Decoding:
        """See Decoder."""
        if len(states) == 1:
            return _OneSequence(self, states[0])
        return _Together(self, list(states), batch.gather(states, self.model.device))


@dataclass(frozen=True, slots=True)
class _OneSequence:
    """A sequence alone: its own state is advanced, token by token, as reading would."""

    decoder: PlainDecoder
    state: ModelState

    def step(self, ids: TokenIds) -> Tensor:
        logits = self.state.logits = self.decoder.model.forward(ids, self.state)[:, -1]
        return logits

    def write_back(self, row: int) -> None:
        """The state is up to date always."""

    def keep(self, rows: Sequence[int]) -> Decoding:
        return self

    def threads(self) -> AbstractContextManager[None]:
        kernels = self.decoder.kernels
        return nullcontext() if kernels is None else kernels.writing_threads()


@dataclass(frozen=True, slots=True)
class _Together:
    """Copies of the states in one batch."""

    decoder: PlainDecoder
    states: list[ModelState]
    batch: DecodeBatch

    def step(self, ids: TokenIds) -> Tensor:
        return self.decoder.model.decode(ids, self.batch)

    def write_back(self, row: int) -> None:
        copy = batch.scatter(self.batch, row)
        self.states[row].position, self.states[row].layers = copy.position, copy.layers

    def keep(self, rows: Sequence[int]) -> Decoding:
        if len(rows) == 1:
            self.write_back(rows[0])
            return _OneSequence(self.decoder, self.states[rows[0]])
        return _Together(self.decoder, [self.states[row] for row in rows], batch.take(self.batch, rows))

    def threads(self) -> AbstractContextManager[None]:
        return nullcontext()
