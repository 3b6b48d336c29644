"""One token of every sequence of a batch through fused kernels.

A sequence alone reads every weight for one row: kernels that do no more than read, with all else fused into them. A
batch leaves the products to cuBLAS, which read as fast from two rows on.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app.inference.batch import DecodeBatch
from app.inference.cuda.launch import ADD, CAP, CONVOLVE, GATE, STORE, StepInput, StepKernels
from app.inference.cuda.layers import Block, Layers, RecurrentLayer
from app.inference.state import LayerState, RecurrentState, WindowState


class FusedStep:
    """Griffin.decode for one model: same arguments, same result to rounding; the residual stream is float32."""

    def __init__(self, layers: Layers, kernels: StepKernels) -> None:
        self._layers = layers
        self._kernels = kernels
        exponents = torch.arange(0, layers.rotary_dim, 2, dtype=torch.float64, device=layers.embedding.device)
        self._frequencies = torch.pow(layers.rope_base, -exponents / max(1, layers.rotary_dim))

    def __call__(self, ids: Tensor, batch: DecodeBatch) -> Tensor:
        """ids (b, 1) -> scores of the next tokens (b, v) float32; `batch` is advanced in place."""
        layers, kernels = self._layers, self._kernels
        step = kernels.begin(
            ids, batch.positions, layers.embedding, layers.row_scale, layers.embedding_scale, self._frequencies
        )
        if batch.size == 1:
            for layer, state in zip(layers.blocks, batch.layers, strict=True):
                self._fused(layer, state, step)
            logits = torch.empty((batch.size, layers.head.rows), dtype=torch.float32, device=ids.device)
            return kernels.project(
                step.x, layers.head, logits, after=CAP if layers.soft_cap else STORE, cap=layers.soft_cap,
                gain=layers.final_gain, eps=layers.eps,
            )  # fmt: skip
        update: Tensor | None = None
        for layer, state in zip(layers.blocks, batch.layers, strict=True):
            update = self._wide(layer, state, step, update)
        n = kernels.add_and_norm(step.x, update, layers.final_gain, layers.eps)
        return kernels.cap(kernels.multiply(n, layers.head), layers.soft_cap)

    def _fused(self, layer: Block, state: LayerState, step: StepInput) -> None:
        kernels, x, eps = self._kernels, step.x, self._layers.eps
        gain = layer.temporal_gain
        if isinstance(layer.temporal, RecurrentLayer):
            assert isinstance(state, RecurrentState)
            recurrent = layer.temporal
            c, branch = kernels.empty(x, recurrent.x.rows), kernels.empty(x, recurrent.y.rows)
            kernels.project(
                x, recurrent.x, c, second=recurrent.y, out2=branch, after=CONVOLVE, cell=recurrent.cell,
                tail=state.conv_tail, gain=gain, eps=eps,
            )  # fmt: skip
            inner, out = kernels.recurrent(c, branch, recurrent.cell, state, step), recurrent.out
        else:
            assert isinstance(state, WindowState)
            qkv = kernels.project(x, layer.temporal.qkv, kernels.empty(x, layer.temporal.qkv.rows), gain=gain, eps=eps)
            inner, out = kernels.attend(qkv, state, step), layer.temporal.out
        kernels.project(inner, out, x, after=ADD)
        hidden = kernels.empty(x, layer.up.rows)
        kernels.project(x, layer.gate, hidden, second=layer.up, after=GATE, gain=layer.channel_gain, eps=eps)
        kernels.project(hidden, layer.down, x, after=ADD)

    def _wide(self, layer: Block, state: LayerState, step: StepInput, update: Tensor | None) -> Tensor:
        kernels, x, eps = self._kernels, step.x, self._layers.eps
        n = kernels.add_and_norm(x, update, layer.temporal_gain, eps)
        if isinstance(layer.temporal, RecurrentLayer):
            assert isinstance(state, RecurrentState)
            recurrent = layer.temporal
            branch = kernels.multiply(n, recurrent.y)
            c, branch = kernels.convolve(kernels.multiply(n, recurrent.x), branch, recurrent.cell, state.conv_tail)
            update = kernels.multiply(kernels.recurrent(c, branch, recurrent.cell, state, step), recurrent.out)
        else:
            assert isinstance(state, WindowState)
            inner = kernels.attend(kernels.multiply(n, layer.temporal.qkv), state, step)
            update = kernels.multiply(inner, layer.temporal.out)
        n = kernels.add_and_norm(x, update, layer.channel_gain, eps)
        return kernels.multiply(
            kernels.gate(kernels.multiply(n, layer.gate), kernels.multiply(n, layer.up)), layer.down
        )
