"""Decoding through CUDA graphs: one per size of batch, since a state's shapes never change."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor

from app.core.errors import InternalError
from app.inference.batch import DecodeBatch
from app.inference.decoding import Decoding
from app.inference.griffin import Griffin
from app.inference.shapes import TokenIds
from app.inference.state import LayerState, ModelState, RecurrentState

_WARM_UP_STEPS = 2


class StepGraph:
    """Griffin.decode of one batch size, captured once: fixed buffers that are filled, replayed on and read."""

    def __init__(self, model: Griffin, size: int) -> None:
        device = model.device
        self.batch = DecodeBatch(
            torch.zeros(size, dtype=torch.int64, device=device), model.fresh_state(batch=size).layers
        )
        self._ids = torch.zeros((size, 1), dtype=torch.int64, device=device)
        # Kernels are compiled, and libraries take their memory, before the capture.
        side = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream(device))
        with torch.cuda.stream(side):
            for _ in range(_WARM_UP_STEPS):
                model.decode(self._ids, self.batch)
        torch.cuda.current_stream(device).wait_stream(side)
        self._graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self._graph):
            self._logits = model.decode(self._ids, self.batch)
        self.user: object = None
        """Whose sequences the buffers hold now."""

    def step(self, ids: TokenIds) -> Tensor:
        """ids (n, 1), n at most the batch's size -> logits (n, v), overwritten by the next step."""
        self._ids[: len(ids)].copy_(ids)
        self._graph.replay()
        return self._logits[: len(ids)]


class GraphDecoder:
    """A Decoder that steps through graphs; see decoding.Decoder.

    Sizes are rounded up to powers of two: few graphs serve all batches, and a row without a sequence costs little. A
    graph is kept once it is made, up to the rows of all that groups of `batch_size` sequences may need; the smallest
    ones stay.
    """

    def __init__(self, model: Griffin, batch_size: int) -> None:
        """Captures the graph of one sequence. RuntimeError: the device or the model's passes do not allow it."""
        self._model = model
        self._most_rows = 2 * _size(batch_size)
        self._graphs: dict[int, StepGraph] = {1: StepGraph(model, 1)}

    def begin(self, states: Sequence[ModelState]) -> Decoding:
        """See Decoder."""
        graph = self._graph(len(states))
        for row, state in enumerate(states):
            graph.batch.positions[row] = state.position
            for target, source in zip(graph.batch.layers, state.layers, strict=True):
                for into, value in zip(_tensors(target), _tensors(source), strict=True):
                    into[row].copy_(value[0])
        return GraphDecoding(self, graph, list(states), [state.position for state in states])

    def move(self, graph: StepGraph, rows: Sequence[int]) -> StepGraph:
        """The graph for these rows of another's buffers, which it holds from now on; may be the same graph."""
        target = self._graph(len(rows))
        index = torch.tensor(rows, dtype=torch.int64, device=graph.batch.positions.device)
        target.batch.positions[: len(rows)] = graph.batch.positions[index]
        for into, value in zip(target.batch.layers, graph.batch.layers, strict=True):
            for to, source in zip(_tensors(into), _tensors(value), strict=True):
                to[: len(rows)] = source[index]
        return target

    def _graph(self, rows: int) -> StepGraph:
        size = _size(rows)
        if size not in self._graphs:
            while self._graphs and sum(self._graphs) + size > self._most_rows:
                del self._graphs[max(self._graphs)]
            self._graphs[size] = StepGraph(self._model, size)
        return self._graphs[size]


@dataclass(slots=True, eq=False)
class GraphDecoding:
    """Some sequences in a graph's buffers; see Decoding. positions: tokens that each has taken in."""

    decoder: GraphDecoder
    graph: StepGraph
    states: list[ModelState]
    positions: list[int]

    def __post_init__(self) -> None:
        self.graph.user = self

    def step(self, ids: TokenIds) -> Tensor:
        """See Decoding."""
        self._require_own()
        self.positions = [position + 1 for position in self.positions]
        return self.graph.step(ids)

    def write_back(self, row: int) -> None:
        """See Decoding."""
        self._require_own()
        state = self.states[row]
        state.position = self.positions[row]
        for target, source in zip(state.layers, self.graph.batch.layers, strict=True):
            for into, value in zip(_tensors(target), _tensors(source), strict=True):
                into.copy_(value[row : row + 1])

    def keep(self, rows: Sequence[int]) -> Decoding:
        """See Decoding."""
        self._require_own()
        graph = self.decoder.move(self.graph, rows)
        return GraphDecoding(
            self.decoder, graph, [self.states[row] for row in rows], [self.positions[row] for row in rows]
        )

    def threads(self) -> AbstractContextManager[None]:
        """See Decoding."""
        return nullcontext()

    def _require_own(self) -> None:
        if self.graph.user is not self:
            raise InternalError("another answer was begun before this one ended: their states share one graph")


def _size(rows: int) -> int:
    return 1 << (rows - 1).bit_length()


def _tensors(layer: LayerState) -> tuple[Tensor, Tensor]:
    return (layer.h, layer.conv_tail) if isinstance(layer, RecurrentState) else (layer.k, layer.v)
