"""The attention windows of a state as pages of 128 tokens, and back: copies between ring slots and plain bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from app.inference.config import BlockType, GriffinConfig
from app.inference.generator import Span
from app.inference.state import ModelState, WindowState


@dataclass(frozen=True, slots=True)
class WindowCopy:
    """Keys and values of some tokens, out of the ring slots and on the CPU.

    tensor: (2 a, g, n, k) for a attention layers, of each its keys, then its values. spans: of absolute positions,
    which lie one after the other along n.
    """

    tensor: Tensor
    spans: tuple[Span, ...]

    def page(self, span: Span) -> bytes:
        """The bytes of one of the spans: (2 a, g, span, k), contiguous."""
        before = sum(end - start for start, end in self.spans[: self.spans.index(span)])
        part = self.tensor[:, :, before : before + span[1] - span[0]].contiguous()
        return part.view(torch.uint8).numpy().tobytes() if part.numel() else b""


def copy_window(state: ModelState, spans: Sequence[Span]) -> WindowCopy:
    """What the windows of a single sequence hold of these spans of positions; leaves the device in one piece."""
    tensors = _ring_tensors(state)
    tokens = sum(end - start for start, end in spans)
    if not tensors:
        return WindowCopy(torch.empty((0, 1, tokens, 1)), tuple(spans))
    heads, slots, width = tensors[0].shape
    copy = tensors[0].new_empty((len(tensors), heads, tokens, width))
    for at, first, length in _runs(spans, slots):
        for index, tensor in enumerate(tensors):
            copy[index, :, at : at + length] = tensor[:, first : first + length]
    return WindowCopy(copy.cpu(), tuple(spans))


def fill_window(state: ModelState, page: Span, data: bytes, window_start: int) -> None:
    """Put a page's bytes into the windows of a state on the CPU, but for its tokens before `window_start`."""
    tensors = _ring_tensors(state)
    if not tensors:
        return
    start, end = page
    # By numpy: torch warns of bytes, which may not be written to.
    rings = [tensor.view(torch.uint8).numpy() for tensor in tensors]
    heads, slots, width = rings[0].shape
    source = np.frombuffer(data, np.uint8).reshape(len(rings), heads, end - start, width)
    first = max(start, window_start)
    for at, slot, length in _runs([(first, end)], slots):
        at += first - start
        for ring, tokens in zip(rings, source, strict=True):
            ring[:, slot : slot + length] = tokens[:, at : at + length]


def page_nbytes(config: GriffinConfig, dtype: torch.dtype, tokens: int) -> int:
    """Size of a page of so many tokens."""
    layers = sum(kind is BlockType.ATTENTION for kind in config.block_types)
    return layers * 2 * config.num_kv_heads * tokens * config.head_dim * dtype.itemsize


def _ring_tensors(state: ModelState) -> list[Tensor]:
    """(g, w, k) of each attention layer, keys and values in turn."""
    windows = [layer for layer in state.layers if isinstance(layer, WindowState)]
    return [tensor.squeeze(0) for window in windows for tensor in (window.k, window.v)]


def _runs(spans: Sequence[Span], slots: int) -> Iterator[tuple[int, int, int]]:
    """Where the spans lie in a ring: the offset among their tokens, the first slot, and how many follow on it."""
    done = 0
    for start, end in spans:
        while start < end:
            first = start % slots
            length = min(end - start, slots - first)
            yield done, first, length
            start, done = start + length, done + length
