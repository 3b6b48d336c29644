"""Choice of the int8 matrix product by a short self-test on this machine.

Every candidate computes the same function, to float32 rounding; otherwise a document read in large chunks and an
answer written token by token would see two different models. The self-test checks that with extreme codes (x86
without VNNI may saturate), times the candidates with weights out of cache, and keeps the fastest per number of
tokens. The choice is cached in a file and shown by `doctor`.
"""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import psutil
import torch
from torch import Tensor

from app.inference.cache_file import read_cache, write_cache
from app.inference.compiled import Compiled

Int8Matmul = Callable[[Tensor, Tensor], Tensor]
"""(n, i) int8 codes and (o, i) int8 weights -> (n, o) int32."""

TOKEN_CLASSES = (1, 8, 256)
"""Numbers of tokens that are timed; a product uses the choice for the largest class not above its tokens."""

TOKEN_ROW, TOKEN_ROW_ALONE = "token_row", "token_row_one_thread"
"""The compiled product of one token's 16-bit activations, on all threads or on one. The others take pairs of codes."""
TOKEN_ROWS = frozenset({TOKEN_ROW, TOKEN_ROW_ALONE})
MATRIX_UNIT = "matrix_unit"
"""The compiled product of many tokens on Intel's AMX, scales and bias included; for weights whose shape it takes."""

_LOOK_S, _BUSY_CORES, _TRUST_S = 0.1, 0.5, 3600.0
"""How long others' use of the cores is watched, what of it is too much, and how long a choice made meanwhile stays."""
_BY_ROW_TOKENS = 8
_WARM_UP_S = 0.15
# A candidate must beat those before it by this factor: noise decides nothing.
_MARGIN = 0.8
_FLOAT_BLOCK_ROWS = 4096
# float32 sums of products of two codes stay exact up to this number of terms.
_FLOAT_EXACT_TERMS = (1 << 24) // (128 * 128)
_TEST_WEIGHTS, _TEST_WEIGHT_BYTES = 8, 64 * 1024 * 1024


def int_mm(codes: Tensor, weight: Tensor) -> Tensor:
    """`torch._int_mm`: oneDNN's integer product straight from the (memory-mapped) weight tensor."""
    return torch._int_mm(codes, weight.t())


def int_mm_by_row(codes: Tensor, weight: Tensor) -> Tensor:
    """`torch._int_mm` for one row after the other: its path for a single row is several times faster than for two."""
    transposed = weight.t()
    return torch.cat([torch._int_mm(row, transposed) for row in codes[:, None]])


def float_mm(codes: Tensor, weight: Tensor) -> Tensor:
    """The same product in float32 GEMMs over pieces short enough to be exact; works wherever torch does."""
    out = torch.zeros((codes.shape[0], weight.shape[0]), dtype=torch.int32, device=codes.device)
    for row in range(0, weight.shape[0], _FLOAT_BLOCK_ROWS):
        rows = slice(row, row + _FLOAT_BLOCK_ROWS)
        for column in range(0, weight.shape[1], _FLOAT_EXACT_TERMS):
            columns = slice(column, column + _FLOAT_EXACT_TERMS)
            out[:, rows] += (codes[:, columns].float() @ weight[rows, columns].float().t()).to(torch.int32)
    return out


MATMULS: dict[str, Int8Matmul] = {"int_mm": int_mm, "int_mm_by_row": int_mm_by_row, "float_mm": float_mm}


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """What the self-test chose and measured.

    chosen: tokens -> name of a matmul, MATRIX_UNIT or one of TOKEN_ROWS. seconds: "tokens name" -> least time of one
    product, None where the candidate is not exact here. compiled: the one-pass kernels around the products, None for
    plain torch. busy_at: when it was measured (seconds since 1970), if other programs kept the processor busy then.
    """

    chosen: Mapping[int, str]
    seconds: Mapping[str, float | None]
    compiled: Compiled | None = None
    busy_at: float | None = None

    def for_tokens(self, tokens: int) -> str:
        """Name of the product to use for this many tokens."""
        if tokens == 1:
            return self.chosen[1]
        # The compiled product takes one token only; from two tokens on the next class's choice serves.
        return self.chosen[max((size for size in TOKEN_CLASSES[2:] if tokens >= size), default=TOKEN_CLASSES[1])]

    def for_product(self, tokens: int, weight: Tensor) -> str:
        """Name of the product to use for this many tokens, two or more, and this weight."""
        name = self.for_tokens(tokens)
        if name != MATRIX_UNIT or (self.compiled is not None and self.compiled.fits_matrix_unit(weight)):
            return name
        # The next best for weights of other shapes.
        size = max(size for size in TOKEN_CLASSES[1:] if size == TOKEN_CLASSES[1] or tokens >= size)
        timed = {name: self.seconds.get(f"{size} {name}") for name in MATMULS}
        return min(MATMULS, key=lambda name: (timed[name] is None, timed[name] or 0.0, name != "float_mm"))

    def writing_threads(self) -> AbstractContextManager[None]:
        """The threads to work with while writing token by token: one, where one alone was faster for one token."""
        if self.compiled is not None and self.chosen[1] == TOKEN_ROW_ALONE:
            return self.compiled.single_thread()
        return contextlib.nullcontext()


PLAIN_KERNELS = KernelChoice(dict.fromkeys(TOKEN_CLASSES, "float_mm"), {})
"""What every device can do, without a self-test."""


def choose_kernels(
    in_features: int, out_features: int, compiled: Compiled | None, *, cache_dir: Path | None = None
) -> KernelChoice:
    """The choice for matrices of about this shape, from the cache file or by a self-test of about half a second.

    What was timed while other programs kept the processor busy is timed once more, some time later, when they do not:
    not at once, for states saved until then go on bit for bit with the products that they were made with.
    """
    key = (
        f"{torch.__version__}|{platform.machine()}|{torch.backends.cpu.get_cpu_capability()}|"
        f"{torch.get_num_threads()} threads|{out_features}x{in_features}|{_passes(compiled)}"
    )
    path = None if cache_dir is None else cache_dir / "kernels.json"
    cached = _cached_choices(path)
    known = cached.get(key)
    if known is None or (compiled is None and TOKEN_ROWS & {*known.chosen.values()}) or _deserves_another_test(known):
        busy_at = time.time() if _is_busy() else None
        cached[key] = replace(self_test(in_features, out_features, compiled), busy_at=busy_at)
        if path is not None:
            write_cache(path, {name: _plain(choice) for name, choice in cached.items()})
    return replace(cached[key], compiled=compiled)


def _deserves_another_test(choice: KernelChoice) -> bool:
    if choice.busy_at is None or 0.0 <= time.time() - choice.busy_at < _TRUST_S:
        return False
    return not _is_busy()


def _is_busy() -> bool:
    """Whether others use more than half a core just now: all threads of ours would wait for the slowest one."""
    percent = psutil.cpu_percent(interval=_LOOK_S)
    return percent * (psutil.cpu_count() or 1) > 100 * _BUSY_CORES


def _passes(compiled: Compiled | None) -> str:
    if compiled is None:
        return "torch"
    return "compiled, matrix unit" if compiled.has_matrix_unit else "compiled"


def self_test(in_features: int, out_features: int, compiled: Compiled | None) -> KernelChoice:
    """Check and time every candidate on this machine; the fastest correct one per number of tokens."""
    generator = torch.Generator().manual_seed(0)
    # Several matrices, so that each comes from memory and not from cache, as in a model; few where they are large.
    count = max(1, min(_TEST_WEIGHTS, _TEST_WEIGHT_BYTES // (out_features * in_features)))
    shape = (out_features, in_features)
    weights = [torch.randint(-127, 128, shape, dtype=torch.int8, generator=generator) for _ in range(count)]
    _warm_up(weights[0])
    exact = {name: _is_exact(matmul, in_features) for name, matmul in MATMULS.items()}
    chosen: dict[int, str] = {}
    seconds: dict[str, float | None] = {}
    for tokens in TOKEN_CLASSES:
        codes = torch.randint(-127, 128, (2 * tokens, in_features), dtype=torch.int8, generator=generator)
        timed: dict[str, float] = {}
        if tokens == 1 and compiled is not None:
            with compiled.single_thread():
                timed[TOKEN_ROW_ALONE] = _least_seconds(_token_row(compiled, codes[0].float()), weights)
            timed[TOKEN_ROW] = _least_seconds(_token_row(compiled, codes[0].float()), weights)
        if tokens > 1 and compiled is not None and compiled.fits_matrix_unit(weights[0]):
            if _matrix_unit_is_exact(compiled, in_features):
                timed[MATRIX_UNIT] = _least_seconds(_matrix_unit(compiled, codes), weights)
            else:
                seconds[f"{tokens} {MATRIX_UNIT}"] = None
        for name, matmul in MATMULS.items():
            if name == "int_mm_by_row" and tokens > _BY_ROW_TOKENS:
                continue
            if exact[name]:
                timed[name] = _least_seconds(partial(matmul, codes), weights)
            else:
                seconds[f"{tokens} {name}"] = None
        seconds |= {f"{tokens} {name}": value for name, value in timed.items()}
        chosen[tokens] = _fastest(timed)
    if compiled is not None:
        compiled.forget()
    return KernelChoice(chosen, seconds, compiled)


def _token_row(compiled: Compiled, x: Tensor) -> Callable[[Tensor], Tensor]:
    def multiply(weight: Tensor) -> Tensor:
        ones = torch.ones(weight.shape[0])
        return compiled.multiply_row(*compiled.quantize_token(x), weight, ones, ones)

    return multiply


def _matrix_unit(compiled: Compiled, codes: Tensor) -> Callable[[Tensor], Tensor]:
    def multiply(weight: Tensor) -> Tensor:
        ones = torch.ones(weight.shape[0])
        return compiled.multiply_rows(codes, torch.ones((codes.shape[0] // 2, 1)), weight, ones, ones)

    return multiply


def _fastest(seconds: Mapping[str, float]) -> str:
    """The first candidate that no later one beats clearly; float_mm is exact by construction, so there is one."""
    best, *others = seconds
    for name in others:
        if seconds[name] < _MARGIN * seconds[best]:
            best = name
    return best


def _warm_up(weight: Tensor) -> None:
    """Keep the thread pool busy until the system has spread it over the cores; before, every product takes ms."""
    codes = torch.ones((2 * TOKEN_CLASSES[-1], weight.shape[1]), dtype=torch.int8)
    until = time.perf_counter() + _WARM_UP_S
    while time.perf_counter() < until:
        float_mm(codes, weight)


def _is_exact(matmul: Int8Matmul, in_features: int) -> bool:
    """Whether the kernel gives the integer product for extreme and random codes, one row and many."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randint(-127, 128, (64, in_features), dtype=torch.int8, generator=generator)
    weight[0], weight[1] = 127, -127
    codes = torch.randint(-127, 128, (33, in_features), dtype=torch.int8, generator=generator)
    codes[0], codes[1] = 127, -128
    expected = codes.long() @ weight.long().t()
    try:
        return all(torch.equal(matmul(codes[:n], weight).long(), expected[:n]) for n in (1, 2, 33))
    except RuntimeError:  # the operator does not exist in this build or for this device
        return False


def _matrix_unit_is_exact(compiled: Compiled, in_features: int) -> bool:
    """Whether the matrix unit gives the product, to the rounding of its float32 results, at every size of a tile."""
    generator = torch.Generator().manual_seed(2)
    weight = torch.randint(-127, 128, (64, in_features), dtype=torch.int8, generator=generator)
    weight[0], weight[1] = 127, -127
    for tokens in (2, 16, 33):
        codes = torch.randint(-128, 128, (2 * tokens, in_features), dtype=torch.int8, generator=generator)
        codes[0], codes[1] = 127, -128
        x_scales, w_scale, bias = (torch.rand(shape, generator=generator) for shape in ((tokens, 1), 64, 64))
        low, high = (codes.double() @ weight.double().t()).chunk(2)
        expected = (low + 256 * high) * x_scales * w_scale + bias
        found = compiled.multiply_rows(codes, x_scales, weight, w_scale, bias)
        if not torch.allclose(found.double(), expected, rtol=1e-5, atol=1e-6 * float(expected.abs().max())):
            return False
    return True


def _least_seconds(multiply: Callable[[Tensor], Tensor], weights: list[Tensor]) -> float:
    """The least of several runs: other programs on the machine only ever add time."""
    times = []
    for weight in weights * 3:
        start = time.perf_counter()
        multiply(weight)
        times.append(time.perf_counter() - start)
    return min(times)


def _cached_choices(path: Path | None) -> dict[str, KernelChoice]:
    """The choices in a cache file; an entry that is damaged or names what is not there costs one self-test."""
    known = {*MATMULS, *TOKEN_ROWS, MATRIX_UNIT}
    choices = {}
    for key, entry in read_cache(path).items():
        try:
            chosen = {int(tokens): str(name) for tokens, name in entry["chosen"].items()}
            busy_at = entry.get("busy_at")
            choice = KernelChoice(chosen, dict(entry["seconds"]), busy_at=None if busy_at is None else float(busy_at))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue
        if {*chosen} == {*TOKEN_CLASSES} and {*chosen.values()} <= known:
            choices[key] = choice
    return choices


def _plain(choice: KernelChoice) -> dict[str, object]:
    return {"chosen": dict(choice.chosen), "seconds": dict(choice.seconds), "busy_at": choice.busy_at}
