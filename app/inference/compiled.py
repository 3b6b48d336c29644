"""The compiled passes of fused.py behind torch tensors, where numba works on this machine."""

from __future__ import annotations

import logging
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from app.inference.shapes import Expanded, RNNState

log = logging.getLogger(__name__)


class Compiled:
    """One pass each over float32 tensors in the CPU's memory; the same results as the torch code to rounding."""

    def __init__(self, fused: ModuleType) -> None:
        self._fused = fused

    def quantize_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (n, i) -> codes (2n, i) int8 and scales (n, 1); see linear.quantize_rows."""
        codes = torch.empty((2 * x.shape[0], x.shape[1]), dtype=torch.int8)
        scales = torch.empty((x.shape[0], 1))
        self._fused.quantize_rows(x.contiguous().numpy(), codes.numpy(), scales.numpy())
        return codes, scales

    def scale_sums(self, sums: Tensor, x_scales: Tensor, w_scale: Tensor, bias: Tensor) -> Tensor:
        """sums (2n, o) int32 of low and high codes -> (n, o)."""
        out = torch.empty((sums.shape[0] // 2, sums.shape[1]))
        self._fused.scale_sums(sums.numpy(), x_scales.numpy(), w_scale.numpy(), bias.numpy(), out.numpy())
        return out

    def multiply_row(self, x: Tensor, weight: Tensor, w_scale: Tensor, bias: Tensor) -> Tensor:
        """One token: x (i,), weight (o, i) int8 -> (o,)."""
        out = torch.empty(weight.shape[0])
        self._fused.multiply_row(x.contiguous().numpy(), weight.numpy(), w_scale.numpy(), bias.numpy(), out.numpy())
        return out

    def rnn_scan(self, x: Expanded, a: Expanded, h0: RNNState) -> tuple[Expanded, RNNState]:
        """See scan.rnn_scan; x is overwritten with the result."""
        x, h = x.contiguous(), h0.clone()
        self._fused.scan(x.numpy(), a.contiguous().numpy(), h.numpy())
        return x, h


def load_compiled(cache_dir: Path | None = None) -> Compiled | None:
    """The compiled passes, or None (logged) where numba is missing or does not work; then torch does the work.

    Machine code is kept in cache_dir / "numba", so that only the first start compiles (a few seconds).
    """
    try:
        import numba
        from numba.core import config as numba_config

        config: Any = numba_config  # its settings are made at run time, so no type checker knows them

        if cache_dir is not None:
            (cache_dir / "numba").mkdir(parents=True, exist_ok=True)
            config.CACHE_DIR = str(cache_dir / "numba")
        from app.inference import fused

        numba.set_num_threads(min(torch.get_num_threads(), config.NUMBA_NUM_THREADS))
        compiled = Compiled(fused)
        _try_out(compiled)
    except Exception as error:  # whatever numba or LLVM raise here, the torch code serves
        log.warning("compiled kernels are not used: %s", error)
        return None
    return compiled


def _try_out(compiled: Compiled) -> None:
    """Compile everything and compare a small case worked out by hand; ArithmeticError when it is wrong."""
    codes, scales = compiled.quantize_rows(torch.tensor([[127.0, -63.5, 0.0]]))
    weight = torch.tensor([[1, 2, 3]], dtype=torch.int8)
    ones = torch.ones(1)
    sums = codes.int() @ weight.int().t()
    product = compiled.scale_sums(sums, scales, ones, ones)
    row = compiled.multiply_row(torch.tensor([127.0, -63.5, 0.0]), weight, ones, ones)
    h, last = compiled.rnn_scan(torch.ones((1, 3, 1)), torch.full((1, 3, 1), 0.5), torch.full((1, 1), 2.0))
    found = [*codes.flatten().tolist(), product.item(), row.item(), *h.flatten().tolist(), last.item()]
    # 127 is code 127 * 256, so half of it negated is -63.5 * 256 = -64 * 256 + 128 -> low -128, high -63.
    expected = [0, -128, 0, 127, -63, 0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0]
    if any(abs(a - b) > 1e-4 for a, b in zip(found, expected, strict=True)):
        raise ArithmeticError(f"a check gave {found}, expected {expected}")
