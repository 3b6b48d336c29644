"""Parts of the scan as kernels of their own; imports Triton when it is imported."""

from __future__ import annotations

import triton
import triton.language as tl

from app.inference.cuda.kernels.scan import _look_back, _pack, _unpack


@triton.jit
def pack(a, b, words, block: tl.constexpr):  # type: ignore[no-untyped-def]
    """words = effects h -> a * h + b."""
    at = tl.arange(0, block)
    tl.store(words + at, _pack(tl.load(a + at), tl.load(b + at)))


@triton.jit
def unpack(words, a, b, block: tl.constexpr):  # type: ignore[no-untyped-def]
    """The opposite."""
    at = tl.arange(0, block)
    step_a, step_b = _unpack(tl.load(words + at))
    tl.store(a + at, step_a)
    tl.store(b + at, step_b)


@triton.jit(do_not_specialize=["chunk"])
def look_back(words, out, chunk, block: tl.constexpr, ahead: tl.constexpr):  # type: ignore[no-untyped-def]
    """out (block,) = the state before `chunk`, a number that is never compiled in; words (chunks, block)."""
    at = tl.arange(0, block)
    tl.store(out + at, _look_back(words, chunk, block, at, ahead))
