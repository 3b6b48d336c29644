"""One token of every sequence of a batch through fused kernels: Griffin.decode with a third of the launches."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)
from torch import Tensor

from app.inference.batch import DecodeBatch
from app.inference.blocks import AttentionBlock, Mlp, RecurrentBlock, ResidualBlock
from app.inference.cuda.launch import ADD, CAP, CONVOLVE, GATE, StepInput, StepKernels
from app.inference.cuda.matrices import FLOATS, Matrix, UnsupportedError
from app.inference.griffin import Griffin
from app.inference.layers import BlockDiagonal, RecurrentCell
from app.inference.linear import DenseEmbedding, Int8RowEmbedding
from app.inference.state import LayerState, RecurrentState, WindowState

MOST_FUSED_ROWS = {0: 16, 1: 64, 2: 64}
"""Largest batch, by form of weights, that the kernel with fused neighbours multiplies; above, cuBLAS is faster."""


@dataclass(frozen=True, slots=True)
class RecurrentLayer:
    """A recurrent block's matrices and cell."""

    x: Matrix
    y: Matrix
    out: Matrix
    cell: RecurrentCell


@dataclass(frozen=True, slots=True)
class AttentionLayer:
    """An attention block's matrices, queries, keys and values joined."""

    qkv: Matrix
    out: Matrix


@dataclass(frozen=True, slots=True)
class Layer:
    """One residual block."""

    temporal_gain: Tensor
    temporal: RecurrentLayer | AttentionLayer
    channel_gain: Tensor
    gate: Matrix
    up: Matrix
    down: Matrix


class FusedStep:
    """Griffin.decode for one model: same arguments, same result to rounding, the residual stream in float32.

    UnsupportedError: the model has a format or a mixture of formats without kernels.
    """

    def __init__(self, model: Griffin, *, dependent: bool = False) -> None:
        config = model.config
        self._kernels = StepKernels(_dtype(model), config.activation, dependent=dependent)
        self._dtype = _dtype(model)
        self._layers = [_layer(block, self._dtype) for block in model.blocks]
        self._head = Matrix.of(model.head)
        self._final_gain = model.final_gain
        self._eps = config.rms_norm_eps
        self._cap = config.logits_soft_cap
        self._factor = model.embedding_scale
        self._embedding, self._row_scale = _embedding(model)
        exponents = torch.arange(0, config.rotary_dim, 2, dtype=torch.float64, device=model.device)
        self._frequencies = torch.pow(config.rope_base, -exponents / max(1, config.rotary_dim))

    def __call__(self, ids: Tensor, batch: DecodeBatch) -> Tensor:
        """ids (b, 1) -> scores of the next tokens (b, v) float32; `batch` is advanced in place."""
        kernels = self._kernels
        step = kernels.begin(
            ids, batch.positions, self._embedding, self._row_scale, self._factor, self._frequencies
        )
        few = batch.size <= MOST_FUSED_ROWS[self._head.form]
        advance = self._fused if few else self._wide
        update: Tensor | None = None
        for layer, state in zip(self._layers, batch.layers, strict=True):
            update = advance(layer, state, step, update)
        logits = torch.empty((batch.size, self._head.rows), dtype=torch.float32, device=ids.device)
        if few:
            after = CAP if self._cap else 0
            norm = {"gain": self._final_gain, "eps": self._eps}
            return kernels.project(step.x, self._head, logits, after=after, cap=self._cap, **norm)
        n = kernels.add_and_norm(step.x, update, self._final_gain, self._eps)
        return kernels.cap(self._multiply(n, self._head), self._cap)

    def _fused(self, layer: Layer, state: LayerState, step: StepInput, update: Tensor | None) -> None:
        kernels, x = self._kernels, step.x
        norm = {"gain": layer.temporal_gain, "eps": self._eps}
        if isinstance(layer.temporal, RecurrentLayer):
            assert isinstance(state, RecurrentState)
            recurrent = layer.temporal
            c, branch = self._empty(x, recurrent.x.rows), self._empty(x, recurrent.y.rows)
            kernels.project(
                x, recurrent.x, c, second=recurrent.y, out2=branch, after=CONVOLVE, cell=recurrent.cell,
                tail=state.conv_tail, **norm,
            )  # fmt: skip
            inner, out = kernels.recurrent(c, branch, recurrent.cell, state, step), recurrent.out
        else:
            assert isinstance(state, WindowState)
            qkv = kernels.project(x, layer.temporal.qkv, self._empty(x, layer.temporal.qkv.rows), **norm)
            inner, out = kernels.attend(qkv, state, step), layer.temporal.out
        kernels.project(inner, out, x, after=ADD)
        hidden = self._empty(x, layer.up.rows)
        kernels.project(x, layer.gate, hidden, second=layer.up, after=GATE, gain=layer.channel_gain, eps=self._eps)
        kernels.project(hidden, layer.down, x, after=ADD)

    def _wide(self, layer: Layer, state: LayerState, step: StepInput, update: Tensor | None) -> Tensor:
        kernels, x = self._kernels, step.x
        n = kernels.add_and_norm(x, update, layer.temporal_gain, self._eps)
        if isinstance(layer.temporal, RecurrentLayer):
            assert isinstance(state, RecurrentState)
            recurrent = layer.temporal
            branch = self._multiply(n, recurrent.y)
            c, branch = kernels.convolve(self._multiply(n, recurrent.x), branch, recurrent.cell, state.conv_tail)
            update = self._multiply(kernels.recurrent(c, branch, recurrent.cell, state, step), recurrent.out)
        else:
            assert isinstance(state, WindowState)
            inner = kernels.attend(self._multiply(n, layer.temporal.qkv), state, step)
            update = self._multiply(inner, layer.temporal.out)
        n = kernels.add_and_norm(x, update, layer.channel_gain, self._eps)
        return self._multiply(kernels.gate(self._multiply(n, layer.gate), self._multiply(n, layer.up)), layer.down)

    def _multiply(self, x: Tensor, matrix: Matrix) -> Tensor:
        if matrix.form == FLOATS:
            return F.linear(x, matrix.weight, matrix.bias)
        return self._kernels.project(x, matrix, self._empty(x, matrix.rows))

    def _empty(self, x: Tensor, width: int) -> Tensor:
        return torch.empty((x.shape[0], width), dtype=self._dtype, device=x.device)


def _layer(block: ResidualBlock, dtype: torch.dtype) -> Layer:
    mlp: Mlp = block.mlp
    gate, up = Matrix.of(mlp.gate_proj), Matrix.of(mlp.up_proj)
    _require_alike(gate, up)
    temporal = block.temporal
    return Layer(
        block.temporal_gain,
        _recurrent(temporal, dtype) if isinstance(temporal, RecurrentBlock) else _attention(temporal),
        block.channel_gain,
        gate,
        up,
        Matrix.of(mlp.down_proj),
    )


def _recurrent(block: RecurrentBlock, dtype: torch.dtype) -> RecurrentLayer:
    x, y = Matrix.of(block.linear_x), Matrix.of(block.linear_y)
    _require_alike(x, y)
    cell = block.cell

    def gate(old: BlockDiagonal) -> BlockDiagonal:
        return BlockDiagonal(old.weight.to(dtype).contiguous(), old.bias.reshape(-1))

    return RecurrentLayer(
        x,
        y,
        Matrix.of(block.linear_out),
        RecurrentCell(
            conv_weight=cell.conv_weight.float(),
            conv_bias=cell.conv_bias.float(),
            input_gate=gate(cell.input_gate),
            recurrence_gate=gate(cell.recurrence_gate),
            log_decay=cell.log_decay,
        ),
    )


def _attention(block: AttentionBlock) -> AttentionLayer:
    joined = Matrix.joined([Matrix.of(linear) for linear in (block.q_proj, block.k_proj, block.v_proj)])
    return AttentionLayer(joined, Matrix.of(block.o_proj))


def _require_alike(first: Matrix, second: Matrix) -> None:
    if (first.form, first.group, first.bias is None) != (second.form, second.group, second.bias is None):
        raise UnsupportedError("two projections of one input in different formats")


def _dtype(model: Griffin) -> torch.dtype:
    if model.dtype not in (torch.float32, torch.bfloat16):
        raise UnsupportedError(f"{model.dtype} activations")
    return model.dtype


def _embedding(model: Griffin) -> tuple[Tensor, Tensor | None]:
    if isinstance(model.embedding, DenseEmbedding):
        return model.embedding.weight, None
    if isinstance(model.embedding, Int8RowEmbedding):
        return model.embedding.weight, model.embedding.scale
    raise UnsupportedError(f"an embedding held as {type(model.embedding).__name__}")
