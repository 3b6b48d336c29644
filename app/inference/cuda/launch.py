"""The decode step's kernels, some of them reading's too, as functions of tensors: grids, tile sizes and outputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from types import ModuleType

import torch
import torch.nn.functional as F  # noqa: N812 (the field's usual name)
from torch import Tensor

from app.inference.config import Activation
from app.inference.cuda.matrices import INT4_GROUPS, Matrix, Tiles, tiles
from app.inference.cuda.ops import LOG2_E, power_of_two
from app.inference.layers import RecurrentCell
from app.inference.state import RecurrentState, WindowState

STORE, ADD, GATE, CONVOLVE, CAP = range(5)
"""As in kernels/project.py."""
_WIDENED_WEIGHTS, _MANY_ROWS = 3 << 23, 512
_SPLIT_SLOTS = 64
_ELEMENTS = 2048


@dataclass(frozen=True, slots=True)
class StepInput:
    """What all layers of one step share; see kernels.decode_step.begin_step.

    x: (b, d) float32 residual stream, advanced in place. positions: (b,) of the tokens taken in now. cos, sin:
    (b, rotary_dim / 2) float32.
    """

    x: Tensor
    positions: Tensor
    cos: Tensor
    sin: Tensor


class StepKernels:
    """The kernels of one model on one device. ImportError where Triton is not installed.

    dtype: of activations between kernels.
    """

    def __init__(self, dtype: torch.dtype, activation: Activation) -> None:
        from app.inference.cuda.kernels import decode_step, pointwise, project

        self._step: ModuleType = decode_step
        self._pointwise: ModuleType = pointwise
        self._project: ModuleType = project
        self._dtype = dtype
        self._exact = dtype == torch.float32
        self._silu = activation is Activation.SILU

    def begin(
        self, ids: Tensor, positions: Tensor, weight: Tensor, scale: Tensor | None, factor: float, frequencies: Tensor
    ) -> StepInput:
        """Embed ids (b, 1) and advance `positions`; weight (v, d), int8 with scale (v,) or floats."""
        batch, width, half = positions.shape[0], weight.shape[1], frequencies.shape[0]
        x = torch.empty((batch, width), dtype=torch.float32, device=weight.device)
        cos, sin = (torch.empty((batch, half), dtype=torch.float32, device=weight.device) for _ in range(2))
        current = torch.empty_like(positions)
        self._step.begin_step[(batch,)](
            ids, positions, current, weight, scale if scale is not None else x, frequencies, x, cos, sin,
            width, half, factor, scaled=scale is not None, block=power_of_two(width),
            block_half=power_of_two(half),
        )  # fmt: skip
        return StepInput(x, current, cos, sin)

    def project(
        self,
        x: Tensor,
        matrix: Matrix,
        out: Tensor,
        *,
        after: int = STORE,
        gain: Tensor | None = None,
        eps: float = 0.0,
        cap: float = 0.0,
        second: Matrix | None = None,
        out2: Tensor | None = None,
        cell: RecurrentCell | None = None,
        tail: Tensor | None = None,
        sizes: Tiles | None = None,
    ) -> Tensor:
        """x (1, i) times matrix (o, i) -> out (1, o), normed before and finished after in one kernel."""
        size = sizes or tiles(matrix, twice=second is not None)
        other = second or matrix
        conv_weight, conv_bias = (x, x) if cell is None else (cell.conv_weight, cell.conv_bias)

        def some(tensor: Tensor | None) -> Tensor:
            return x if tensor is None else tensor  # a pointer that is not followed

        self._project.project[(-(-matrix.rows // size.block_n),)](
            x, some(gain),
            matrix.weight, some(matrix.scale), some(matrix.offset), some(matrix.bias),
            other.weight, some(other.scale), some(other.offset), some(other.bias),
            out, some(out2), conv_weight, conv_bias, some(tail), matrix.rows, matrix.width, eps, cap,
            form=matrix.form, group=matrix.group, normed=gain is not None, twice=second is not None, after=after,
            has_bias=matrix.bias is not None, silu=self._silu, taps=1 if cell is None else conv_weight.shape[0],
            block_n=size.block_n, block_k=size.block_k, stages=size.stages, num_warps=size.num_warps,
        )  # fmt: skip
        return out

    def multiply(self, x: Tensor, matrix: Matrix) -> Tensor:
        """x (..., i) times matrix (o, i) -> (..., o), for any number of rows.

        One row takes the kernel that reads the weights once as they are. For more, integer weights are widened first;
        for few, a part of the matrix at a time, which stays in the L2 cache until it is multiplied.
        """
        rows = x.reshape(-1, matrix.width)
        if rows.shape[0] == 1:
            return self.project(rows, matrix, self.empty(rows, matrix.rows)).view(*x.shape[:-1], -1)
        if matrix.is_float:
            return F.linear(x, matrix.weight, matrix.bias)
        step = matrix.rows if rows.shape[0] > _MANY_ROWS else max(1, _WIDENED_WEIGHTS // matrix.width)
        parts = [matrix.part(start, min(start + step, matrix.rows)) for start in range(0, matrix.rows, step)]
        products = [F.linear(x, self.widen(part), part.bias) for part in parts]
        return products[0] if len(products) == 1 else torch.cat(products, dim=-1)

    def widen(self, matrix: Matrix) -> Tensor:
        """Integer weights as a matrix (o, i) of the activations' dtype."""
        out = torch.empty((matrix.rows, matrix.width), dtype=self._dtype, device=matrix.weight.device)
        assert matrix.scale is not None
        block = 1024
        self._project.widen[(-(-matrix.weight.shape[1] // block), matrix.rows)](
            matrix.weight, matrix.scale, matrix.scale if matrix.offset is None else matrix.offset, out, matrix.width,
            grouped=matrix.form == INT4_GROUPS, group=matrix.group, block=block,
        )  # fmt: skip
        return out

    def empty(self, x: Tensor, width: int) -> Tensor:
        """Room for a result of so many columns, a row for each of x (b, i)."""
        return torch.empty((x.shape[0], width), dtype=self._dtype, device=x.device)

    def recurrent(
        self, x: Tensor, branch: Tensor, cell: RecurrentCell, state: RecurrentState, step: StepInput
    ) -> Tensor:
        """x = conv's output and branch, activated already, (b, e) -> branch * h (b, e); state.h moves on in place."""
        batch, channels = x.shape
        size = cell.input_gate.weight.shape[-1]
        one = batch == 1
        block_m = 1 if one else min(32, power_of_two(batch, 16))
        block_j = 16 if one else 32
        out = torch.empty((batch, channels), dtype=self._dtype, device=x.device)
        grid = (channels // size * -(-size // block_j), -(-batch // block_m))
        self._step.recurrent_step[grid](
            x, branch, cell.input_gate.weight, cell.input_gate.bias, cell.recurrence_gate.weight,
            cell.recurrence_gate.bias, cell.log_decay, state.h, step.positions, out, batch, channels, size,
            exact=self._exact, block_m=block_m, block_i=power_of_two(size, 16), block_j=block_j,
            num_warps=4,
        )  # fmt: skip
        return out

    def attend(self, qkv: Tensor, window: WindowState, step: StepInput) -> Tensor:
        """qkv (b, (h + 2 g) * k), not rotated -> (b, h * k); the new key and value enter the window in place."""
        batch = qkv.shape[0]
        _, groups, slots, width = window.k.shape
        heads = qkv.shape[1] // width - 2 * groups
        shared = heads // groups
        each, splits = split_slots(slots, batch * groups)
        out = torch.empty((batch, heads * width), dtype=self._dtype, device=qkv.device)
        partial, largest, total = out, out, out
        if splits > 1:
            partial = torch.empty((batch, splits, heads, width), dtype=torch.float32, device=qkv.device)
            largest, total = (torch.empty((batch, splits, heads), device=qkv.device) for _ in range(2))
        block_k = power_of_two(width, 16)
        self._step.attend_ring[(splits, batch * groups)](
            qkv, window.k, window.v, step.positions, step.cos, step.sin, partial, largest, total, out,
            slots, groups, shared, step.cos.shape[1], LOG2_E / math.sqrt(width), each, splits,
            split=splits > 1, exact=self._exact, width=width, block_k=block_k,
            block_rows=power_of_two(shared, 16), block_slots=16 if self._exact else _SPLIT_SLOTS,
            num_warps=4, num_stages=2,
        )  # fmt: skip
        if splits > 1:
            self._step.combine_splits[(heads, batch)](
                partial, largest, total, out, splits, width, block_splits=power_of_two(splits), block_k=block_k,
                num_warps=4,
            )  # fmt: skip
        return out

    def add_and_norm(self, x: Tensor, update: Tensor | None, gain: Tensor, eps: float) -> Tensor:
        """x (b, d) += update in place, then its norm in the model's dtype."""
        out = torch.empty(x.shape, dtype=self._dtype, device=x.device)
        width = x.shape[1]
        self._pointwise.rms_norm_rows[(x.shape[0],)](
            x, x if update is None else update, gain, out, width, eps, adds=update is not None,
            block=power_of_two(width), num_warps=4,
        )  # fmt: skip
        return out

    def convolve(self, x: Tensor, branch: Tensor, cell: RecurrentCell, tail: Tensor) -> tuple[Tensor, Tensor]:
        """conv(x) and act(branch), (b, e) each; tail (b, c - 1, e) moves on in place."""
        out, activated = torch.empty_like(x), torch.empty_like(branch)
        batch, channels = x.shape
        self._pointwise.conv_step[(-(-channels // 512), batch)](
            x, branch, cell.conv_weight, cell.conv_bias, tail, out, activated, channels, silu=self._silu,
            taps=cell.conv_weight.shape[0], block=512,
        )  # fmt: skip
        return out, activated

    def gate(self, x: Tensor, up: Tensor) -> Tensor:
        """act(x) * up, in x."""
        self._pointwise.gate_elements[(-(-x.numel() // _ELEMENTS),)](
            x,
            up,
            x,
            x.numel(),
            silu=self._silu,
            block=_ELEMENTS,
        )
        return x

    def cap(self, logits: Tensor, cap: float) -> Tensor:
        """cap * tanh(logits / cap) as float32; 0 is no cap."""
        out = torch.empty(logits.shape, dtype=torch.float32, device=logits.device)
        self._pointwise.cap_elements[(-(-logits.numel() // _ELEMENTS),)](
            logits,
            out,
            logits.numel(),
            float(cap),
            block=_ELEMENTS,
        )
        return out


def split_slots(slots: int, sequences: int) -> tuple[int, int]:
    """Slots of one program and number of programs per sequence, so that about two programs meet each multiprocessor."""
    most = -(-slots // _SPLIT_SLOTS)
    splits = max(1, min(most, 264 // sequences))
    each = -(-most // splits) * _SPLIT_SLOTS
    return each, -(-slots // each)
