"""The passes between a block's products on Apple's GPUs. Written for them and tested on the CPU; not measured there.

Three things differ from plain torch: the recurrence is scanned by doubling, since every operation costs a launch and a
step per token would be fatal; norms, gates and recurrence are float32 whatever the weights; and in float16, whose
largest number is 65,504, the residual stream is float32 and a gated product that is too large is cut, not infinite.
What still overflows inside a matrix product gives NaN logits, which the sampler refuses.
"""

from __future__ import annotations

import torch
from torch import Tensor

from app.inference import layers
from app.inference.config import Activation
from app.inference.layers import BlockDiagonal
from app.inference.ops import TorchOps
from app.inference.scan import doubling_scan
from app.inference.shapes import Expanded, Hidden, RNNState


class MpsOps(TorchOps):
    """Ops for weights of one dtype; the embedding gives the residual stream its own (see dtypes.py)."""

    def __init__(self, dtype: torch.dtype) -> None:
        self._dtype = dtype
        self._largest = torch.finfo(dtype).max

    def rms_norm(self, x: Hidden, gain: Tensor, eps: float) -> Hidden:
        """See Ops; from the residual stream's dtype to the weights'."""
        return layers.rms_norm(x, gain, eps).to(self._dtype)

    def gate(self, x: Tensor, up: Tensor, activation: Activation) -> Tensor:
        """See Ops; in float32, cut to what the weights' dtype can hold."""
        wide = layers.activate(x.float(), activation).mul_(up)
        return wide.clamp_(-self._largest, self._largest).to(self._dtype)

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
        """See Ops; float32, by doubling."""
        wide = x.float()
        i_logits, r_logits = input_gate(wide), recurrence_gate(wide)
        return layers.rg_lru(
            wide, i_logits, r_logits, log_decay, h0, starts_sequence=starts_sequence, scan=doubling_scan
        )
