"""The compiled passes of fused.py behind torch tensors, where numba works on this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor

from app.inference.compiled_steps import CompiledSteps, step_passes
from app.inference.config import Activation
from app.inference.int4_groups import dequantize_groups
from app.inference.layers import BlockDiagonal
from app.inference.machine_code import keeping_machine_code
from app.inference.ops import Ops, TorchOps
from app.inference.shapes import ConvTail, Expanded, Heads, Hidden, RNNState

log = logging.getLogger(__name__)


class Compiled(CompiledSteps):
    """Ops, and the passes around int8 products, for float32 tensors in the CPU's memory.

    The same results as the torch code to rounding. Tensors must be contiguous: numba compiles anew for other layouts.
    """

    def __init__(self, numba: ModuleType, fused: ModuleType, amx: ModuleType) -> None:
        self._numba = numba
        self._fused = fused
        self._amx = amx
        self.has_matrix_unit = bool(amx.usable())
        # By id, with the tensor kept alive beside it: a model's weights are turned into arrays once, not per token.
        self._arrays: dict[int, tuple[Tensor, NDArray[Any]]] = {}

    @contextmanager
    def single_thread(self) -> Iterator[None]:
        """Work on one thread inside, in torch and numba alike, as writing token by token does best.

        A pass over one token takes microseconds, waking a second thread for it 50 of them: on two idle cores the
        starter writes 104 tokens/s with one thread and 55 with two.
        """
        before = torch.get_num_threads(), self._numba.get_num_threads()
        torch.set_num_threads(1)
        self._numba.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before[0])
            self._numba.set_num_threads(before[1])

    def quantize_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x (n, i) -> codes (2n, i) int8 and scales (n, 1); see activations.quantize_rows."""
        codes = self._codes(2 * x.shape[0], x.shape[1])
        scales = torch.empty((x.shape[0], 1))
        self._fused.quantize_rows(x.contiguous().numpy(), codes.numpy(), scales.numpy())
        return codes, scales

    def scale_sums(self, sums: Tensor, x_scales: Tensor, w_scale: Tensor, bias: Tensor) -> Tensor:
        """sums (2n, o) int32 of low and high codes -> (n, o)."""
        out = torch.empty((sums.shape[0] // 2, sums.shape[1]))
        # Rows of int4 weights come and go, with their scales: none of these is kept as an array.
        self._fused.scale_sums(sums.numpy(), x_scales.numpy(), w_scale.numpy(), bias.numpy(), out.numpy())
        return out

    def fits_matrix_unit(self, weight: Tensor) -> bool:
        """Whether multiply_rows takes this weight."""
        rows, width = weight.shape
        return self.has_matrix_unit and rows % self._amx.ROWS == 0 and width % self._amx.HALF_STEP == 0

    def multiply_rows(self, codes: Tensor, x_scales: Tensor, weight: Tensor, w_scale: Tensor, bias: Tensor) -> Tensor:
        """codes and scales of quantize_rows times weight (o, i) int8 -> (n, o), on the processor's matrix unit."""
        n, outputs = codes.shape[0] // 2, weight.shape[0]
        if codes.untyped_storage().nbytes() < codes.nbytes + self._amx.HALF_STEP:
            codes = self._codes(*codes.shape).copy_(codes)
        out = torch.empty((n, outputs))
        self._amx.multiply_rows(
            codes.numpy(),
            x_scales.numpy(),
            weight.numpy(),
            w_scale.numpy(),
            bias.numpy(),
            out.numpy(),
            self._amx.tile_shapes(self._amx.TILE),
            self._amx.tile_shapes(n % self._amx.TILE or self._amx.TILE),
            self._amx.rows_of_a_job(outputs, weight.shape[1], self._numba.get_num_threads()),
        )
        return out

    def quantize_token(self, x: Tensor) -> tuple[Tensor, float]:
        """One token: x (i,) -> its 16-bit codes (i,) and their scale."""
        words = torch.empty(x.shape[0], dtype=torch.int16)
        return words, float(self._fused.quantize_row(x.numpy(), words.numpy()))

    def multiply_row(self, words: Tensor, x_scale: float, weight: Tensor, w_scale: Tensor, bias: Tensor) -> Tensor:
        """One token: words (i,) int16, weight (o, i) int8 -> (o,)."""
        out = torch.empty(weight.shape[0])
        weights = self._array(weight), self._array(w_scale), self._array(bias)
        self._fused.multiply_row(words.numpy(), x_scale, *weights, out.numpy())
        return out

    def order_groups(self, words: Tensor, group: int) -> tuple[Tensor, Tensor]:
        """One token: words (i,) -> words as multiply_row_int4 takes them, and their sums over groups (i / group,)."""
        ordered, sums = torch.empty_like(words), torch.empty(words.shape[0] // group)
        self._fused.order_groups(words.numpy(), group, ordered.numpy(), sums.numpy())
        return ordered, sums

    def multiply_row_int4(
        self,
        ordered: Tensor,
        sums: Tensor,
        x_scale: float,
        codes: Tensor,
        scale: Tensor,
        offset: Tensor,
        bias: Tensor,
    ) -> Tensor:
        """One token: from order_groups; codes (o, i/2) uint8, scale and offset (o, i/group) bfloat16 -> (o,)."""
        out = torch.empty(codes.shape[0])
        self._fused.multiply_row_int4(
            ordered.numpy(),
            sums.numpy(),
            x_scale,
            self._array(codes),
            self._array(scale),
            self._array(offset),
            self._array(bias),
            out.numpy(),
        )
        return out

    def int8_rows(self, codes: Tensor, scale: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
        """int4 groups -> int8 codes (o, i) and a scale a row, (o,)."""
        out = torch.empty((codes.shape[0], 2 * codes.shape[1]), dtype=torch.int8)
        row_scales = torch.empty(codes.shape[0])
        bits = scale.view(torch.uint16).numpy(), offset.view(torch.uint16).numpy()
        self._fused.int8_rows(codes.numpy(), *bits, out.numpy(), row_scales.numpy())
        return out, row_scales

    def rms_norm(self, x: Hidden, gain: Tensor, eps: float) -> Hidden:
        """See Ops."""
        out = torch.empty_like(x)
        width = x.shape[-1]
        rows, result = x.reshape(-1, width), out.view(-1, width)
        if rows.shape[0] == 1:  # less work than waking a thread
            self._fused.rms_norm_row(rows[0].numpy(), self._array(gain), eps, result[0].numpy())
        else:
            self._fused.rms_norm(rows.numpy(), self._array(gain), eps, result.numpy())
        return out

    def gate(self, x: Tensor, up: Tensor, activation: Activation) -> Tensor:
        """See Ops; x is overwritten."""
        rows, ups = x.reshape(-1, x.shape[-1]), up.reshape(-1, x.shape[-1])
        silu = activation is Activation.SILU
        if rows.shape[0] == 1:
            self._fused.gate_row(rows[0].numpy(), ups[0].numpy(), silu)
        else:
            self._fused.gate(rows.numpy(), ups.numpy(), silu)
        return x

    def causal_conv(self, x: Expanded, weight: Tensor, bias: Tensor, tail: ConvTail) -> tuple[Expanded, ConvTail]:
        """See Ops."""
        out = torch.empty_like(x)
        self._fused.causal_conv(x.numpy(), self._array(weight), self._array(bias), tail.numpy(), out.numpy())
        kept = tail.shape[1]
        return out, x[:, -kept:].clone() if x.shape[1] >= kept else torch.cat((tail, x), dim=1)[:, -kept:].clone()

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
        i_logits, r_logits = (self._block_logits(gate, x) for gate in (input_gate, recurrence_gate))
        h, out = h0.clone(), torch.empty_like(x)
        self._fused.rg_lru(
            x.numpy(),
            i_logits.numpy(),
            r_logits.numpy(),
            self._array(log_decay),
            h.numpy(),
            starts_sequence,
            out.numpy(),
        )
        return out, h

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Heads:
        """See Ops."""
        b, t, heads, width = x.shape
        out = torch.empty((b, heads, t, width))
        self._fused.rotate(x.numpy(), cos.numpy(), sin.numpy(), out.numpy())
        return out

    def forget(self) -> None:
        """Let go of the weights seen so far, as after a self-test."""
        self._arrays.clear()

    def _codes(self, rows: int, width: int) -> Tensor:
        """Room for int8 codes, with bytes behind them that the matrix unit may read."""
        count = rows * width
        return torch.empty(count + self._amx.HALF_STEP, dtype=torch.int8)[:count].view(rows, width)

    def _array(self, weight: Tensor) -> NDArray[Any]:
        """A weight as an array. Not for tensors that come and go."""
        found = self._arrays.get(id(weight))
        if found is None:
            # numpy has no bfloat16: its bits are passed.
            array = weight.view(torch.uint16).numpy() if weight.dtype == torch.bfloat16 else weight.numpy()
            found = self._arrays[id(weight)] = (weight, array)
        return found[1]

    def _block_logits(self, gate: BlockDiagonal, x: Expanded) -> Tensor:
        """(b, t, e) -> (blocks, b*t, e/blocks), the layout of the batched product."""
        blocks, size, _ = gate.weight.shape
        return torch.baddbmm(gate.bias[:, None], x.reshape(-1, blocks, size).transpose(0, 1), gate.weight)


def load_compiled(cache_dir: Path | None = None, tell: Callable[[str], None] = log.warning) -> Compiled | None:
    """The compiled passes, or None where numba is missing or does not work; then torch does the work.

    Machine code is kept in cache_dir / "numba", so that only the first start compiles (a few seconds).
    tell: gets one sentence on whatever is not as it should be.
    """
    try:
        import numba
        from numba.core import config as numba_config

        config: Any = numba_config  # its settings are made at run time, so no type checker knows them
        with keeping_machine_code(cache_dir, tell):
            # All of them while their code is kept.
            from app.inference import amx, fused, fused_steps, fused_token  # noqa: F401

        threads = torch.get_num_threads()
        numba.set_num_threads(min(threads, config.NUMBA_NUM_THREADS))
        # That starts numba's threads; where they are OpenMP's, torch's number has become that of the processors.
        torch.set_num_threads(threads)
        compiled = Compiled(numba, fused, amx)
        _try_out(compiled)
        compiled.forget()
    except Exception as error:  # whatever numba or LLVM raise here, the torch code serves
        tell(f"compiled passes are not used ({error}): plain torch does their work, which is slower")
        return None
    return compiled


def _try_out(compiled: Compiled) -> None:
    """Compile every pass and compare it with plain torch on small numbers; ArithmeticError where one differs."""
    x = torch.randn((2, 6), generator=torch.Generator().manual_seed(0))
    weight, ones = torch.arange(-6, 6, dtype=torch.int8).reshape(2, 6), torch.ones(2)
    product = x @ weight.float().t() + 1
    codes, scales = compiled.quantize_rows(x)
    sums = codes.int() @ weight.int().t()
    token = compiled.quantize_token(x[0])
    found = [compiled.scale_sums(sums, scales, ones, ones), compiled.multiply_row(*token, weight, ones, ones)]
    expected = [product, product[0]]
    for group, width in ((32, 96), (64, 128)):
        found += _int4_products(compiled, group, width)
        expected += _int4_products(None, group, width)
    for number, (ours, theirs) in enumerate(
        zip([*found, *_passes(compiled)], [*expected, *_passes(TorchOps())], strict=True)
    ):
        if ours.shape != theirs.shape or not torch.allclose(ours, theirs, rtol=1e-3, atol=2e-3):
            raise ArithmeticError(f"pass {number} gives {ours.flatten().tolist()} for {theirs.flatten().tolist()}")


def _int4_products(compiled: Compiled | None, group: int, width: int) -> list[Tensor]:
    """A token times two rows of int4 groups, and the rows themselves, by the compiled passes or (None) by torch."""
    generator = torch.Generator().manual_seed(2)
    codes = torch.randint(0, 256, (2, width // 2), dtype=torch.uint8, generator=generator)
    scale = torch.rand((2, width // group), generator=generator).bfloat16()
    x, ones = torch.randn(width, generator=generator), torch.ones(2)
    if compiled is None:
        rows = dequantize_groups(codes, scale, -scale)
        return [rows @ x + 1, rows]
    words, x_scale = compiled.quantize_token(x)
    product = compiled.multiply_row_int4(*compiled.order_groups(words, group), x_scale, codes, scale, -scale, ones)
    rows, row_scales = compiled.int8_rows(codes, scale, -scale)
    # Their rounding, half a step of a 127th of the largest, would hide nothing worse than itself.
    exact = dequantize_groups(codes, scale, -scale)
    widened = rows.float() * row_scales[:, None]
    return [product, torch.where((widened - exact).abs() <= 0.51 * row_scales[:, None], exact, widened)]


def _passes(ops: Ops) -> Iterator[Tensor]:
    """The results of every pass on the same small numbers, for one token and for several."""
    generator = torch.Generator().manual_seed(1)

    def random(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    gain, log_decay, h0, conv, tail = random(6), -random(6).abs(), random(1, 6), random(4, 6), random(1, 3, 6)
    input_gate, recurrence_gate = (BlockDiagonal(random(2, 3, 3), random(2, 3)) for _ in range(2))
    yield from step_passes(ops)
    for steps in (1, 5):
        x = random(1, steps, 6)
        yield ops.rms_norm(x, gain, 1e-6)
        yield ops.rotate(random(1, steps, 2, 6), random(steps, 2), random(steps, 2))
        yield from ops.causal_conv(x, conv, gain, tail)
        for first in (False, True):
            yield from ops.rg_lru(x, input_gate, recurrence_gate, log_decay, h0, starts_sequence=first)
        for kind in Activation:
            yield ops.gate(x.clone(), x, kind)
