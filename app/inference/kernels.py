"""Choice of the int8 matrix product by a short self-test on this machine.

Every candidate computes the same thing, an exact integer product of activation codes and weight codes; otherwise
a document read in large chunks and a reply written token by token would see two different models. The self-test
checks that with extreme codes (x86 without VNNI may saturate), times the candidates with weights out of
cache, and keeps the fastest per number of rows. The choice is cached in a file and shown by `doctor`.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch import Tensor

Int8Matmul = Callable[[Tensor, Tensor], Tensor]
"""(n, i) int8 codes and (o, i) int8 weights -> (n, o) int32 or float32 holding exact integers."""

ROW_CLASSES = (2, 16, 512)
"""Numbers of rows of codes that are timed (two per token); a product uses the choice for the largest class not above its rows."""

_WARM_UP_S = 0.15
# A candidate must beat those before it in CANDIDATES by this factor: noise decides nothing.
_MARGIN = 0.8
_FLOAT_BLOCK_ROWS = 4096
# float32 sums of products of an activation and a weight code stay exact below this number of terms.
_FLOAT_EXACT_TERMS = (1 << 24) // (128 * 127)


def int_mm(codes: Tensor, weight: Tensor) -> Tensor:
    """`torch._int_mm`: oneDNN's integer product straight from the (memory-mapped) weight tensor."""
    return torch._int_mm(codes, weight.t())


def float_mm(codes: Tensor, weight: Tensor) -> Tensor:
    """The same product in float32 GEMMs over pieces short enough to be exact; works wherever torch does."""
    out = torch.zeros((codes.shape[0], weight.shape[0]), dtype=torch.float32, device=codes.device)
    for row in range(0, weight.shape[0], _FLOAT_BLOCK_ROWS):
        rows = slice(row, row + _FLOAT_BLOCK_ROWS)
        for column in range(0, weight.shape[1], _FLOAT_EXACT_TERMS):
            columns = slice(column, column + _FLOAT_EXACT_TERMS)
            out[:, rows] += codes[:, columns].float() @ weight[rows, columns].float().t()
    return out


CANDIDATES: dict[str, Int8Matmul] = {"int_mm": int_mm, "float_mm": float_mm}


@dataclass(frozen=True, slots=True)
class KernelChoice:
    """Name of the candidate for each row class and what was measured: (rows, name) -> seconds, None if not exact."""

    chosen: dict[int, str]
    seconds: dict[str, float | None]

    def for_rows(self, rows: int) -> Int8Matmul:
        """The product to use for `rows` rows of activations."""
        best = ROW_CLASSES[0]
        for size in ROW_CLASSES:
            if rows >= size:
                best = size
        return CANDIDATES[self.chosen[best]]


def choose_kernels(in_features: int, out_features: int, *, cache_dir: Path | None = None) -> KernelChoice:
    """The choice for matrices of about this shape, from the cache file or by a self-test of about 0.1 s."""
    key = (
        f"{torch.__version__}|{platform.machine()}|{platform.processor()}|{torch.backends.cpu.get_cpu_capability()}|"
        f"{torch.get_num_threads()}|{out_features}x{in_features}"
    )
    path = None if cache_dir is None else cache_dir / "kernels.json"
    cached = _read_cache(path)
    if key in cached:
        return cached[key]
    choice = self_test(in_features, out_features)
    if path is not None:
        cached[key] = choice
        _write_cache(path, cached)
    return choice


def self_test(in_features: int, out_features: int) -> KernelChoice:
    """Check and time every candidate on this machine; the fastest exact one per row class."""
    generator = torch.Generator().manual_seed(0)
    weights = [
        torch.randint(-127, 128, (out_features, in_features), dtype=torch.int8, generator=generator) for _ in range(8)
    ]
    chosen: dict[int, str] = {}
    seconds: dict[str, float | None] = {}
    _warm_up(weights)
    exact = {name: _is_exact(kernel, in_features) for name, kernel in CANDIDATES.items()}
    for rows in ROW_CLASSES:
        codes = torch.randint(-127, 128, (rows, in_features), dtype=torch.int8, generator=generator)
        for name, kernel in CANDIDATES.items():
            seconds[f"{rows} {name}"] = _least_seconds(kernel, codes, weights) if exact[name] else None
        chosen[rows] = _fastest({name: s for name in CANDIDATES if (s := seconds[f"{rows} {name}"]) is not None})
    return KernelChoice(chosen, seconds)


def _fastest(seconds: dict[str, float]) -> str:
    """The first candidate that no later one beats clearly; float_mm is exact by construction, so there is one."""
    best, *others = seconds
    for name in others:
        if seconds[name] < _MARGIN * seconds[best]:
            best = name
    return best


def _warm_up(weights: list[Tensor]) -> None:
    """Keep the thread pool busy until the system has spread it over the cores; before, every product takes ms."""
    codes = torch.ones((ROW_CLASSES[-1], weights[0].shape[1]), dtype=torch.int8)
    until = time.perf_counter() + _WARM_UP_S
    while time.perf_counter() < until:
        float_mm(codes, weights[0])


def _is_exact(kernel: Int8Matmul, in_features: int) -> bool:
    """Whether the kernel gives the integer product for extreme and random codes, one row and many."""
    generator = torch.Generator().manual_seed(1)
    weight = torch.randint(-127, 128, (64, in_features), dtype=torch.int8, generator=generator)
    weight[0], weight[1] = 127, -127
    codes = torch.randint(-127, 128, (33, in_features), dtype=torch.int8, generator=generator)
    codes[0], codes[1] = 127, -128
    expected = codes.long() @ weight.long().t()
    try:
        return all(torch.equal(kernel(codes[:n], weight).long(), expected[:n]) for n in (1, 2, 33))
    except RuntimeError:  # the operator does not exist in this build or for this device
        return False


def _least_seconds(kernel: Int8Matmul, codes: Tensor, weights: list[Tensor]) -> float:
    """The least of several runs: other programs on the machine only ever add time."""
    times = []
    for _ in range(3):
        for weight in weights:
            start = time.perf_counter()
            kernel(codes, weight)
            times.append(time.perf_counter() - start)
    return min(times)


def _read_cache(path: Path | None) -> dict[str, KernelChoice]:
    if path is None:
        return {}
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {
            key: KernelChoice({int(rows): str(name) for rows, name in entry["chosen"].items()}, dict(entry["seconds"]))
            for key, entry in raw.items()
            if set(entry["chosen"].values()) <= set(CANDIDATES) and {int(r) for r in entry["chosen"]} == {*ROW_CLASSES}
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}  # a missing or damaged cache costs one self-test


def _write_cache(path: Path, choices: dict[str, KernelChoice]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps({key: asdict(choice) for key, choice in choices.items()}, indent=1))
        temporary.replace(path)
    except OSError:
        return  # a read-only cache folder costs a self-test per start, nothing more
