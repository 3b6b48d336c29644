"""One token of one sequence through all blocks of a model in int8 rows: three or four compiled calls a block.

Block by block as elsewhere it takes fifteen, and on the starter Python's share of them was more than half of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from app.inference.batch import DecodeStep
from app.inference.blocks import AttentionBlock, RecurrentBlock, ResidualBlock
from app.inference.config import Activation
from app.inference.griffin import Griffin
from app.inference.kernels import TOKEN_ROWS, KernelChoice
from app.inference.linear import Int8RowLinear, Linear
from app.inference.shapes import Hidden
from app.inference.state import LayerState, RecurrentState, WindowState

Array = NDArray[Any]
Matrix = tuple[Array, Array, Array]
"""Codes (o, i), scale and bias (o,) of an Int8RowLinear."""


class UnsuitableError(Exception):
    """The model holds a matrix in another format."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A block's weights as arrays. projections: of the temporal part's input, three with one of no rows if need be."""

    temporal_gain: Array
    projections: tuple[Array, ...]
    widths: tuple[int, ...]
    cell: tuple[Array, ...]
    out: Matrix
    channel_gain: Array
    mlp: tuple[Array, ...]


class OneToken:
    """See griffin.TokenPass. Keeps buffers: one caller at a time."""

    def __init__(self, model: Griffin) -> None:
        """UnsuitableError: a matrix is not in int8 rows."""
        from app.inference import fused_steps, fused_token

        self._token: Any = fused_token
        self._steps: Any = fused_steps
        self._eps = model.config.rms_norm_eps
        self._silu = model.config.activation is Activation.SILU
        self._head_dim = model.config.head_dim
        self._blocks = [_block(block) for block in model.blocks]

    def __call__(self, x: Hidden, layers: Sequence[LayerState], step: DecodeStep) -> Hidden:
        """x (1, 1, d), the scaled embedding -> the last block's output; the layers' states are advanced in place."""
        row = x.reshape(-1).numpy().copy()
        starts, positions, cos, sin = (part.numpy() for part in (step.starts, step.positions, step.cos, step.sin))
        for block, state in zip(self._blocks, layers, strict=True):
            projected = np.empty(sum(block.widths), np.float32)
            self._token.project(row, block.temporal_gain, self._eps, *block.projections, projected)
            if isinstance(state, RecurrentState):
                inner = self._recurrent(block, projected, state, starts)
            else:
                inner = self._attention(block, projected, state, positions, cos, sin)
            self._token.add_product(inner, *block.out, row)
            self._token.add_mlp(row, block.channel_gain, self._eps, *block.mlp, self._silu)
        return torch.from_numpy(row).view(x.shape)

    def _recurrent(self, block: _Block, projected: Array, state: RecurrentState, starts: Array) -> Array:
        width = block.widths[0]
        out: Array = np.empty((1, width), np.float32)
        x, branch = projected[None, :width], projected[None, width:]
        self._steps.recurrent_step(
            x, branch, *block.cell, starts, self._silu, state.h.numpy(), state.conv_tail.numpy(), out
        )
        return out.reshape(-1)

    def _attention(
        self, block: _Block, projected: Array, state: WindowState, positions: Array, cos: Array, sin: Array
    ) -> Array:
        q, k, v = (part.reshape(1, -1, self._head_dim) for part in np.split(projected, np.cumsum(block.widths)[:-1]))
        out = np.empty_like(q)
        parts = -(-2 * self._steps.threads() // k.shape[1])
        self._steps.attend_step(q, k, v, positions, cos, sin, state.k.numpy(), state.v.numpy(), parts, out)
        attended: Array = out.reshape(-1)
        return attended


def token_pass(model: Griffin, kernels: KernelChoice | None) -> OneToken | None:
    """The pass for a model whose single tokens go through the compiled product, else None."""
    if kernels is None or kernels.compiled is None or kernels.for_tokens(1) not in TOKEN_ROWS:
        return None
    try:
        return OneToken(model)
    except UnsuitableError:
        return None


def _block(block: ResidualBlock) -> _Block:
    temporal, mlp = block.temporal, block.mlp
    cell: tuple[Array, ...] = ()
    if isinstance(temporal, RecurrentBlock):
        inputs, out = [temporal.linear_x, temporal.linear_y], temporal.linear_out
        gates = temporal.cell.input_gate, temporal.cell.recurrence_gate
        parts = [temporal.cell.conv_weight, temporal.cell.conv_bias]
        parts += [part for gate in gates for part in (gate.weight, gate.bias)]
        cell = tuple(part.numpy() for part in (*parts, temporal.cell.log_decay))
    else:
        assert isinstance(temporal, AttentionBlock)
        inputs, out = [temporal.q_proj, temporal.k_proj, temporal.v_proj], temporal.o_proj
    matrices = [_matrix(linear) for linear in inputs]
    widths = tuple(len(matrix[0]) for matrix in matrices)
    while len(matrices) < 3:
        matrices.append((matrices[0][0][:0], matrices[0][1][:0], matrices[0][2][:0]))
    return _Block(
        block.temporal_gain.numpy(),
        tuple(part for matrix in matrices for part in matrix),
        widths,
        cell,
        _matrix(out),
        block.channel_gain.numpy(),
        tuple(part for linear in (mlp.gate_proj, mlp.up_proj, mlp.down_proj) for part in _matrix(linear)),
    )


def _matrix(linear: Linear) -> Matrix:
    if not isinstance(linear, Int8RowLinear):
        raise UnsuitableError(type(linear).__name__)
    parts: list[Tensor] = [linear.weight, linear.scale, linear.bias]
    return parts[0].numpy(), parts[1].numpy(), parts[2].numpy()
