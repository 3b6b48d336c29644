"""Many tokens of one pass through the model on a CUDA device: cuBLAS for the products, one kernel for each step."""

from __future__ import annotations

import torch
from torch import Tensor

from app.inference.cuda.launch import StepKernels
from app.inference.cuda.layers import AttentionLayer, Layers, RecurrentLayer
from app.inference.cuda.ops import CudaOps
from app.inference.layers import rotary_angles
from app.inference.shapes import Hidden, TokenIds
from app.inference.state import LayerState, ModelState, RecurrentState, WindowState


class FusedRead:
    """What Griffin.hidden does, to rounding; the residual stream is float32."""

    def __init__(self, layers: Layers, kernels: StepKernels) -> None:
        self._layers = layers
        self._kernels = kernels
        self._ops = CudaOps()

    def __call__(self, ids: TokenIds, state: ModelState) -> Hidden:
        """ids (b, t) -> the last layer's normed output (b, t, d); the layers' states are advanced, not the position."""
        layers, kernels = self._layers, self._kernels
        b, t = ids.shape
        x = layers.embed(ids).reshape(b * t, -1)
        new = torch.arange(state.position, state.position + t, device=ids.device)
        angles = rotary_angles(new, layers.rotary_dim, layers.rope_base)
        update: Tensor | None = None
        for layer, layer_state in zip(layers.blocks, state.layers, strict=True):
            n = kernels.add_and_norm(x, update, layer.temporal_gain, layers.eps).view(b, t, -1)
            if isinstance(layer.temporal, RecurrentLayer):
                update = self._recurrent(n, layer.temporal, layer_state, starts=state.position == 0)
            else:
                update = self._attention(n, layer.temporal, layer_state, angles, state.position)
            n = kernels.add_and_norm(x, update, layer.channel_gain, layers.eps)
            inner = kernels.gate(kernels.multiply(n, layer.gate), kernels.multiply(n, layer.up))
            update = kernels.multiply(inner, layer.down)
        return kernels.add_and_norm(x, update, layers.final_gain, layers.eps).view(b, t, -1)

    def _recurrent(self, n: Tensor, layer: RecurrentLayer, state: LayerState, *, starts: bool) -> Tensor:
        assert isinstance(state, RecurrentState)
        cell, multiply = layer.cell, self._kernels.multiply
        c, state.conv_tail = self._ops.causal_conv(
            multiply(n, layer.x), cell.conv_weight, cell.conv_bias, state.conv_tail
        )
        out, state.h = self._ops.gated_rg_lru(
            c, multiply(n, layer.y), cell.input_gate, cell.recurrence_gate, cell.log_decay, state.h,
            self._layers.activation, starts_sequence=starts,
        )  # fmt: skip
        return multiply(out, layer.out)

    def _attention(
        self, n: Tensor, layer: AttentionLayer, state: LayerState, angles: tuple[Tensor, Tensor], position: int
    ) -> Tensor:
        assert isinstance(state, WindowState)
        b, t, _ = n.shape
        width = self._layers.head_dim
        q, k, v = (self._kernels.multiply(n, part).view(b, t, -1, width) for part in layer.parts)
        q, k, v = self._ops.rotate(q, *angles), self._ops.rotate(k, *angles), v.transpose(1, 2)
        out = self._ops.attend_window(q, k, v, state.k, state.v, position)
        state.write(k, v, position)
        return self._kernels.multiply(out, layer.out)
