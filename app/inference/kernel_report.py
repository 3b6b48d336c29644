"""What the self-tests chose on this machine and what they turned down, in words for `griffin-desk doctor`."""

from __future__ import annotations

from collections.abc import Mapping

from app.inference.compiled import Compiled
from app.inference.kernels import KernelChoice
from app.inference.mps import MpsOps
from app.inference.ops import Ops, TorchOps

_PASSES: Mapping[type, str] = {
    Compiled: "compiled by numba",
    TorchOps: "plain torch",
    MpsOps: "torch for Apple's GPUs (not measured)",
}


def kernel_report(ops: Ops, kernels: KernelChoice | None) -> dict[str, str]:
    """What runs between the products, the int8 product for each number of tokens with its time, and what is out."""
    report = {"passes between products": _PASSES.get(type(ops), type(ops).__name__)}
    if kernels is None:
        return report
    sizes = sorted(kernels.chosen)
    for size, following in zip(sizes, [*sizes[1:], None], strict=True):
        report[f"int8 product for {_tokens(size, following)}"] = _timed(kernels, size)
    report["turned down"] = _turned_down(kernels)
    return report


def _tokens(size: int, following: int | None) -> str:
    """A class of sizes serves up to the next one; below its own size too, save that one token is alone."""
    if following is None:
        return f"{size} tokens or more"
    return "1 token" if size == 1 else f"2 to {following - 1} tokens"


def _timed(kernels: KernelChoice, size: int) -> str:
    """`int_mm, 0.42 ms (float_mm 3.1 ms)`: the chosen one first, the others after it, quickest first."""
    chosen = kernels.chosen[size]
    seconds = {
        name: value
        for key, value in kernels.seconds.items()
        for tokens, _, name in [key.partition(" ")]
        if tokens == str(size) and value is not None
    }
    others = ", ".join(
        f"{name} {_milliseconds(value)}"
        for name, value in sorted(seconds.items(), key=lambda item: item[1])
        if name != chosen
    )
    own = f"{chosen}, {_milliseconds(seconds[chosen])}" if chosen in seconds else chosen
    return f"{own} ({others})" if others else own


def _turned_down(kernels: KernelChoice) -> str:
    """Names of products that the self-test found wrong or missing."""
    names = {key.partition(" ")[2] for key, value in kernels.seconds.items() if value is None}
    return f"{', '.join(sorted(names))}: a wrong result, or missing here" if names else "nothing"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:.2g} ms" if seconds < 0.0995 else f"{seconds * 1e3:.0f} ms"
