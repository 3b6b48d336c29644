"""The compiled passes of fused_steps.py behind torch tensors: decoding a batch in the CPU's memory, in float32."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from app.inference.batch import DecodeStep
from app.inference.config import Activation
from app.inference.layers import BlockDiagonal, RecurrentCell
from app.inference.ops import Ops, TorchOps
from app.inference.shapes import Expanded
from app.inference.state import RecurrentState, WindowState


class CompiledSteps(TorchOps):
    """The steps of Ops for float32 tensors in the CPU's memory; a state's tensors must be contiguous."""

    def recurrent_step(
        self,
        x: Expanded,
        branch: Expanded,
        cell: RecurrentCell,
        activation: Activation,
        state: RecurrentState,
        step: DecodeStep,
    ) -> Expanded:
        """See Ops."""
        from app.inference import fused_steps  # here: whoever does without compiled code does without numba

        out = torch.empty_like(x)
        fused_steps.recurrent_step(
            x[:, 0].numpy(),
            branch[:, 0].numpy(),
            cell.conv_weight.numpy(),
            cell.conv_bias.numpy(),
            cell.input_gate.weight.numpy(),
            cell.input_gate.bias.numpy(),
            cell.recurrence_gate.weight.numpy(),
            cell.recurrence_gate.bias.numpy(),
            cell.log_decay.numpy(),
            step.starts.numpy(),
            activation is Activation.SILU,
            state.h.numpy(),
            state.conv_tail.numpy(),
            out[:, 0].numpy(),
        )
        return out

    def attend_step(self, q: Tensor, k: Tensor, v: Tensor, window: WindowState, step: DecodeStep) -> Tensor:
        """See Ops."""
        from app.inference import fused_steps

        out = torch.empty_like(q)
        fused_steps.attend_step(
            q[:, 0].numpy(),
            k[:, 0].numpy(),
            v[:, 0].numpy(),
            step.positions.numpy(),
            step.cos.numpy(),
            step.sin.numpy(),
            window.k.numpy(),
            window.v.numpy(),
            # Two pieces for every thread, however few sequences and groups of heads there are.
            -(-2 * fused_steps.threads() // (k.shape[0] * k.shape[2])),
            out[:, 0].numpy(),
        )
        return out.flatten(2)


def step_passes(ops: Ops) -> Iterator[Tensor]:
    """The results of both steps on small numbers, the states they leave included, for comparing implementations."""
    generator = torch.Generator().manual_seed(3)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    positions = torch.tensor([0, 3, 9])
    angles = random(3, 2)
    step = DecodeStep(
        positions, positions == 0, positions % 5, torch.arange(5) <= positions[:, None], angles.cos(), angles.sin()
    )
    input_gate, recurrence_gate = (BlockDiagonal(random(2, 3, 3), random(2, 3)) for _ in range(2))
    cell = RecurrentCell(random(4, 6), random(6), input_gate, recurrence_gate, -random(6).abs())
    for kind in Activation:
        memory = RecurrentState(random(3, 6), random(3, 3, 6))
        yield ops.recurrent_step(random(3, 1, 6), random(3, 1, 6), cell, kind, memory, step)
        yield from (memory.h, memory.conv_tail)
    window = WindowState(random(3, 2, 5, 6), random(3, 2, 5, 6))
    yield ops.attend_step(random(3, 1, 4, 6), random(3, 1, 2, 6), random(3, 1, 2, 6), window, step)
    yield from (window.k, window.v)
