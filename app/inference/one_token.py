"""One token of one sequence through all blocks of a model in int8 rows or int4 groups: four compiled calls a block.

Block by block as elsewhere it takes fifteen, and on the starter Python's share of them was more than half of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from app.inference.batch import DecodeStep
from app.inference.blocks import AttentionBlock, RecurrentBlock, ResidualBlock
from app.inference.config import Activation
from app.inference.griffin import Griffin
from app.inference.int4_linear import Int4GroupLinear
from app.inference.kernels import TOKEN_ROWS, KernelChoice
from app.inference.linear import Int8RowLinear, Linear
from app.inference.shapes import Hidden
from app.inference.state import LayerState, RecurrentState, WindowState

Array = NDArray[Any]
Arguments = tuple[Any, ...]
"""What a compiled pass is given of some matrices: arrays, and before them the size of a group if they are int4."""


class UnsuitableError(Exception):
    """The model holds matrices in other formats, or mixed where one pass reads several."""


@dataclass(frozen=True, slots=True)
class _Block:
    """A block's weights as its passes take them, and the passes.

    widths: columns of what `project` gives, for each matrix. cell: of a recurrent block.
    """

    temporal_gain: Array
    project: Callable[..., None]
    projections: Arguments
    widths: tuple[int, ...]
    cell: Arguments
    add_product: Callable[..., None]
    out: Arguments
    channel_gain: Array
    add_mlp: Callable[..., None]
    mlp: Arguments


class OneToken:
    """See griffin.TokenPass. Keeps buffers: one caller at a time."""

    def __init__(self, model: Griffin) -> None:
        """UnsuitableError: see there."""
        from app.inference import fused_steps

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
            block.project(row, block.temporal_gain, self._eps, *block.projections, projected)
            if isinstance(state, RecurrentState):
                inner = self._recurrent(block, projected, state, starts)
            else:
                inner = self._attention(block, projected, state, positions, cos, sin)
            block.add_product(inner, *block.out, row)
            block.add_mlp(row, block.channel_gain, self._eps, *block.mlp, self._silu)
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
    from app.inference import fused_token

    temporal, mlp = block.temporal, block.mlp
    cell: Arguments = ()
    if isinstance(temporal, RecurrentBlock):
        inputs, out = [temporal.linear_x, temporal.linear_y], temporal.linear_out
        gates = temporal.cell.input_gate, temporal.cell.recurrence_gate
        parts = [temporal.cell.conv_weight, temporal.cell.conv_bias]
        parts += [part for gate in gates for part in (gate.weight, gate.bias)]
        cell = tuple(part.numpy() for part in (*parts, temporal.cell.log_decay))
    else:
        assert isinstance(temporal, AttentionBlock)
        inputs, out = [temporal.q_proj, temporal.k_proj, temporal.v_proj], temporal.o_proj
    widths = tuple(linear.out_features for linear in inputs)
    in_int4, projections = _matrices(inputs)
    if in_int4 and len(inputs) > 2:
        raise UnsuitableError("three projections in int4 groups")
    if not in_int4 and len(inputs) < 3:
        # The pass takes three matrices: the last one has no rows then.
        projections += tuple(part[:0] for part in projections[:3])
    out_in_int4, out_arguments = _matrices([out])
    mlp_in_int4, mlp_arguments = _matrices([mlp.gate_proj, mlp.up_proj, mlp.down_proj])
    return _Block(
        block.temporal_gain.numpy(),
        fused_token.project_int4 if in_int4 else fused_token.project,
        projections,
        widths,
        cell,
        fused_token.add_product_int4 if out_in_int4 else fused_token.add_product,
        out_arguments,
        block.channel_gain.numpy(),
        fused_token.add_mlp_int4 if mlp_in_int4 else fused_token.add_mlp,
        mlp_arguments,
    )


def _matrices(linears: Sequence[Linear]) -> tuple[bool, Arguments]:
    """Whether the maps are in int4 groups, and what their pass is given of them."""
    eight = [linear for linear in linears if isinstance(linear, Int8RowLinear)]
    if len(eight) == len(linears):
        return False, tuple(part.numpy() for linear in eight for part in (linear.weight, linear.scale, linear.bias))
    four = [linear for linear in linears if isinstance(linear, Int4GroupLinear)]
    if len(four) < len(linears) or len({linear.group for linear in four}) > 1:
        raise UnsuitableError("other formats, or a mixture")
    arrays = [
        part.numpy()
        for linear in four
        # numpy has no bfloat16: its bits are passed.
        for part in (linear.codes, linear.scale.view(torch.uint16), linear.offset.view(torch.uint16), linear.bias)
    ]
    return True, (four[0].group, *arrays)
