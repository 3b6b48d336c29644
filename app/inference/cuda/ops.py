"""The passes between a block's matrix products as Triton kernels, for many tokens at a time."""

from __future__ import annotations

import math
from types import ModuleType

import torch
from torch import Tensor

from app.inference.config import Activation
from app.inference.layers import BlockDiagonal
from app.inference.ops import TorchOps
from app.inference.shapes import ConvTail, Expanded, Heads, Hidden, RNNState

LOG2_E = 1.4426950408889634
SCAN_RUN, SCAN_RUNS, SCAN_ROW_BYTES, SCAN_WARPS = 4, 16, 128, 4
"""Steps of a run, runs of a chunk, bytes of a program's channels, its warps; measured on an H200, see docs/cuda.md."""
SCAN_AHEAD = 2
"""Chunks that a program looks back over at once."""
_ELEMENTS = 2048


def power_of_two(number: int, least: int = 1) -> int:
    """The smallest power of two that is not below `number` or `least`."""
    return max(least, 1 << max(0, number - 1).bit_length())


def largest_power_of_two_in(number: int, most: int) -> int:
    """The largest power of two that divides `number` and is at most `most`."""
    return min(number & -number, most)


class CudaOps(TorchOps):
    """Ops for tensors on a CUDA device, float32 or bfloat16; what has no kernel here is TorchOps'."""

    def __init__(self) -> None:
        """Imports Triton: ImportError where it is not installed."""
        from app.inference.cuda.kernels import pointwise, scan, window_attention

        self._pointwise: ModuleType = pointwise
        self._scan: ModuleType = scan
        self._window: ModuleType = window_attention

    def rms_norm(self, x: Hidden, gain: Tensor, eps: float) -> Hidden:
        """See Ops."""
        x = x.contiguous()
        out = torch.empty_like(x)
        width = x.shape[-1]
        self._pointwise.rms_norm_rows[(x.numel() // width,)](
            x, x, gain, out, width, eps, adds=False, block=power_of_two(width), num_warps=4
        )
        return out

    def gate(self, x: Tensor, up: Tensor, activation: Activation) -> Tensor:
        """See Ops; x is overwritten."""
        x, up = x.contiguous(), up.contiguous()
        self._pointwise.gate_elements[(-(-x.numel() // _ELEMENTS),)](
            x, up, x, x.numel(), silu=activation is Activation.SILU, block=_ELEMENTS
        )
        return x

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Heads:
        """See Ops; the result is a view whose memory is laid out as x."""
        x = x.contiguous()
        b, t, heads, width = x.shape
        if cos.shape[-1] == 0:
            return x.transpose(1, 2)
        out = torch.empty_like(x)
        self._pointwise.rotate_heads[(b * t * heads,)](
            x, cos, sin, out, t, heads, width, cos.shape[-1], block=power_of_two(width), num_warps=1
        )
        return out.transpose(1, 2)

    def causal_conv(self, x: Expanded, weight: Tensor, bias: Tensor, tail: ConvTail) -> tuple[Expanded, ConvTail]:
        """See Ops."""
        x = x.contiguous()
        b, t, e = x.shape
        out, new_tail = torch.empty_like(x), torch.empty_like(tail)
        block_t, block_e = 32, 64
        self._pointwise.causal_conv_rows[(-(-e // block_e), -(-t // block_t), b)](
            x, weight, bias, tail, out, new_tail, t, e, taps=weight.shape[0], block_t=block_t, block_e=block_e
        )
        return out, new_tail

    def rg_lru(
        self,
        x: Expanded,
        input_gate: BlockDiagonal,
        recurrence_gate: BlockDiagonal,
        log_decay: Tensor,
        h0: RNNState,
        *,
        starts_sequence: bool,
    ) -> tuple[Expanded, RNNState]:
        """See Ops."""
        out = torch.empty(x.shape, dtype=torch.float32, device=x.device)
        h = self._recurrence(x, input_gate, recurrence_gate, log_decay, h0, starts_sequence, out, None)
        return out, h

    def gated_rg_lru(
        self,
        x: Expanded,
        branch: Expanded,
        input_gate: BlockDiagonal,
        recurrence_gate: BlockDiagonal,
        log_decay: Tensor,
        h0: RNNState,
        activation: Activation,
        *,
        starts_sequence: bool,
    ) -> tuple[Expanded, RNNState]:
        """act(branch) * rg_lru(x, ...) (b, t, e) and the last state, for CUDA alone; branch may be overwritten."""
        branch = branch.contiguous()
        gates = (x, input_gate, recurrence_gate, log_decay, h0)
        return branch, self._recurrence(*gates, starts_sequence, branch, activation)

    def _recurrence(
        self,
        x: Expanded,
        input_gate: BlockDiagonal,
        recurrence_gate: BlockDiagonal,
        log_decay: Tensor,
        h0: RNNState,
        starts_sequence: bool,
        out: Tensor,
        activation: Activation | None,
    ) -> RNNState:
        """out = h, or act(out) * h with an activation; returns the last state."""
        x, h0 = x.contiguous(), h0.contiguous()
        b, t, e = x.shape
        size = input_gate.weight.shape[-1]
        blocks = x.view(b * t, -1, size).transpose(0, 1)
        i_logits, r_logits = (torch.bmm(blocks, gate.weight.to(x.dtype)) for gate in (input_gate, recurrence_gate))
        block_e = largest_power_of_two_in(size, SCAN_ROW_BYTES // x.element_size())
        chunks = -(-t // (SCAN_RUN * SCAN_RUNS))
        words = torch.zeros(chunks * b * e + 1, dtype=torch.int64, device=x.device)
        last = torch.empty_like(h0)
        self._scan.rg_lru_scan[(chunks * b * (e // block_e),)](
            x, i_logits, r_logits, input_gate.bias, recurrence_gate.bias, log_decay, out, h0, words,
            words[-1:].view(torch.int32), out, last, b, t, e, size, int(starts_sequence),
            gated=activation is not None, silu=activation is Activation.SILU,
            fast=x.dtype == torch.bfloat16 and x.is_cuda,
            run=SCAN_RUN, runs=SCAN_RUNS, block_e=block_e, ahead=SCAN_AHEAD, num_warps=SCAN_WARPS,
        )  # fmt: skip
        return last

    def attend_window(self, q: Heads, k: Heads, v: Heads, ring_k: Heads, ring_v: Heads, position: int) -> Tensor:
        """Attention of t tokens, the first at `position`, to one another and to the window before them, for CUDA alone.

        q (b, h, t, k), k and v (b, g, t, k), ring_k and ring_v (b, g, window, k), not written to -> (b, t, h*k).
        """
        b, heads, t, width = q.shape
        groups, window = k.shape[1], ring_k.shape[2]
        q, k, v = (x.transpose(1, 2).contiguous() for x in (q, k, v))
        out = torch.empty_like(q)
        exact = q.dtype == torch.float32
        block_k = power_of_two(width, 16)
        large = not exact
        block_rows, block_keys = (128, 64) if large else (32, 32)
        rows = t * (heads // groups)
        self._window.window_attention[(-(-rows // block_rows), b * groups)](
            q, k, v, ring_k, ring_v, out, position, t, window, groups, heads // groups, LOG2_E / math.sqrt(width),
            width=width, block_k=block_k, block_rows=block_rows, block_keys=block_keys, exact=exact,
            num_warps=8 if large else 4, num_stages=2,
        )  # fmt: skip
        return out.view(b, t, heads * width)
