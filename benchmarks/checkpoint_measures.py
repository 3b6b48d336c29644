"""What the checks of checkpoints have in common: the engine in pieces, differences, processes of their own."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from app.inference.checkpoints import names
from app.inference.checkpoints.builder import build_block
from app.inference.checkpoints.quantized import MatrixLoader
from app.inference.checkpoints.source import TensorSource
from app.inference.config import GriffinConfig
from app.inference.device_names import CHUNK_TOKENS
from app.inference.griffin import Griffin, embedding_scale
from app.inference.ops import Ops, TorchOps

CPU = torch.device("cpu")
CHUNK = CHUNK_TOKENS["cpu"]
SLICE_TOKENS = 64
"""Positions whose logits are held at a time."""


class Difference:
    """The largest difference between logits, over the largest logit of the reference; `position` where it is."""

    def __init__(self) -> None:
        self._difference = self._largest = 0.0
        self._position = -1

    def add(self, position: int, actual: Tensor, expected: Tensor) -> None:
        """Logits (t, v) from `position` on."""
        self._largest = max(self._largest, float(expected.abs().max()))
        worst = (actual - expected).abs().amax(dim=-1)
        if float(worst.max()) > self._difference:
            self._difference, self._position = float(worst.max()), position + int(worst.argmax())

    def figures(self) -> dict[str, float]:
        """What goes into the results."""
        return {
            "relative_difference": self._difference / self._largest,
            "largest_logit": self._largest,
            "at_position": self._position,
        }


class Watched:
    """A source that keeps the names of the tensors that were read."""

    def __init__(self, source: TensorSource) -> None:
        self._source = source
        self.read: set[str] = set()

    def names(self) -> Iterable[str]:
        """All tensor names."""
        return self._source.names()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape from the header."""
        return self._source.shape(name)

    def dtype(self, name: str) -> str:
        """Element type from the header."""
        return self._source.dtype(name)

    def tensor(self, name: str) -> Tensor:
        """The tensor, its name kept."""
        self.read.add(name)
        return self._source.tensor(name)


def token_ids(count: int, vocab_size: int) -> list[int]:
    """A text of random tokens behind the token that begins every text."""
    drawn = torch.randint(3, vocab_size, (count - 1,), generator=torch.Generator().manual_seed(11))
    return [2, *drawn.tolist()]


def engine_logits(model: Griffin, ids: list[int], written: int) -> Iterator[tuple[int, Tensor]]:
    """The first position of a piece and its logits (s, v): read in the engine's chunks, the last ones one by one."""
    state, read = model.fresh_state(), len(ids) - written
    for start in range(0, read, CHUNK):
        hidden = model.hidden(torch.tensor([ids[start : min(start + CHUNK, read)]]), state)
        for piece in range(0, hidden.shape[1], SLICE_TOKENS):
            yield start + piece, model.logits(hidden[:, piece : piece + SLICE_TOKENS])[0]
    for place in range(read, len(ids)):
        yield place, model.forward(torch.tensor([[ids[place]]]), state)[0]


def embedded(config: GriffinConfig, source: TensorSource, ids: Tensor) -> Tensor:
    """The engine's input of the first block."""
    return source.tensor(names.EMBEDDING)[ids].float() * embedding_scale(config)


class OneBlock:
    """A model of one block, read through in the engine's own chunks with the engine's own masks and state."""

    def __init__(self, config: GriffinConfig, loader: MatrixLoader, ops: Ops, index: int) -> None:
        one = replace(config, block_types=(config.block_types[index],))
        self._model = bare_model(one, ops)
        self._block = build_block(config, loader, ops, index)

    def __call__(self, hidden: Tensor) -> Tensor:
        """(1, t, d) -> (1, t, d), from an empty state."""
        model = replace(self._model, blocks=(self._block,), embedding=lambda ids: hidden[:, ids[0]])
        state = model.fresh_state()
        return torch.cat([model.hidden(part, state) for part in torch.arange(hidden.shape[1])[None].split(CHUNK, 1)], 1)


class Head:
    """The engine's logits of normed hidden states."""

    def __init__(self, config: GriffinConfig, loader: MatrixLoader, ops: Ops) -> None:
        _, head = loader.embedding(names.EMBEDDING)
        self._model = replace(bare_model(config, ops), head=head)

    def __call__(self, hidden: Tensor) -> Tensor:
        """(1, t, d) -> (1, t, v)."""
        return self._model.logits(hidden)


def bare_model(config: GriffinConfig, ops: Ops) -> Griffin:
    """A model without weights; its final norm does nothing."""

    class WithoutNorm(TorchOps):
        def rms_norm(self, x: Tensor, gain: Tensor, eps: float) -> Tensor:
            return x

    nothing: Any = None
    return Griffin(config, nothing, 1.0, (), torch.empty(0), nothing, WithoutNorm(), torch.float32, CPU)


def relative(actual: Tensor, expected: Tensor) -> float:
    """Largest absolute difference over the largest value."""
    return float((actual - expected).abs().max() / expected.abs().max())


def tensors_placed(config: GriffinConfig, source: TensorSource, read: set[str]) -> dict[str, int]:
    """How many tensors the files hold and how many the engine took; the head's copy is the embedding again."""
    held, expected = set(source.names()), {name for name, _ in names.expected_shapes(config)}
    assert read == expected == held - {names.HEAD}, "a tensor has no place, or a place no tensor"
    return {"in_files": len(held), "placed": len(read), "copies_of_the_embedding": len(held & {names.HEAD})}


def described(folder: Path) -> dict[str, int]:
    """How many weight files lie in a folder, and their bytes."""
    sizes = [path.stat().st_size for path in folder.iterdir() if path.suffix in (".safetensors", ".pt")]
    return {"files": len(sizes), "bytes": sum(sizes)}


@dataclass(frozen=True, slots=True)
class Done:
    """What a process of its own gave, and what it took."""

    value: Any
    peak_gib: float
    seconds: float

    def cost(self) -> dict[str, float]:
        """Peak of resident memory, mapped files included, and time."""
        return {"peak_gib": self.peak_gib, "seconds": self.seconds}


def alone(function: Callable[..., Any], *args: Any) -> Done:
    """The function's result in a process of its own, whose memory is free again afterwards."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, function, args).result()


def _measured(function: Callable[..., Any], args: tuple[Any, ...]) -> Done:
    begun = perf_counter()
    value = function(*args)
    return Done(value, peak_gib(), perf_counter() - begun)


def peak_gib() -> float:
    """Peak of this process's resident memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def pattern_key(config_json: dict[str, Any]) -> str:
    """How a config.json spells the pattern of its blocks."""
    return next(key for key in config_json if "block_types" in key)
