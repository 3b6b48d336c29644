"""The complete state of a sequence: a value of fixed size, however long the input."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from app.inference.config import BlockType, GriffinConfig
from app.inference.shapes import ConvTail, RNNState
from app.inference.token_history import TokenHistory

PAGE_TOKENS = 128
"""Tokens per page of a saved attention window: page n holds the tokens from 128 n on."""


@dataclass(slots=True)
class RecurrentState:
    """Memory of one recurrent block."""

    h: RNNState
    conv_tail: ConvTail

    def clone(self) -> RecurrentState:
        """An independent copy."""
        return RecurrentState(self.h.clone(), self.conv_tail.clone())

    def to(self, device: torch.device) -> RecurrentState:
        """The same on another device."""
        return RecurrentState(self.h.to(device), self.conv_tail.to(device))

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.h.nbytes + self.conv_tail.nbytes


@dataclass(slots=True)
class WindowState:
    """Keys (already rotated at their absolute positions) and values of the last w tokens.

    k, v: (b, g, w, k), a slot for every key that a query may see. The token at position p lies in slot p % w;
    attention does not care for the order.
    """

    k: Tensor
    v: Tensor

    def clone(self) -> WindowState:
        """An independent copy."""
        return WindowState(self.k.clone(), self.v.clone())

    def to(self, device: torch.device) -> WindowState:
        """The same on another device."""
        return WindowState(self.k.to(device), self.v.to(device))

    @property
    def nbytes(self) -> int:
        """Size in bytes."""
        return self.k.nbytes + self.v.nbytes

    def filled(self, position: int) -> int:
        """Slots in use when `position` tokens have been taken in."""
        return min(position, self.k.shape[2])

    def write(self, k: Tensor, v: Tensor, position: int) -> None:
        """Store the keys and values (b, g, t, k) of the tokens from `position` on; the oldest are overwritten."""
        slots = self.k.shape[2]
        if k.shape[2] > slots:
            position += k.shape[2] - slots
            k, v = k[:, :, -slots:], v[:, :, -slots:]
        first = position % slots
        head = min(slots - first, k.shape[2])
        for store, new in ((self.k, k), (self.v, v)):
            store[:, :, first : first + head] = new[:, :, :head]
            store[:, :, : k.shape[2] - head] = new[:, :, head:]

    def write_each(self, k: Tensor, v: Tensor, slots: Tensor) -> None:
        """Store one token per sequence, k and v (b, 1, g, k), each in its own slot (b,) int64."""
        index = slots[:, None, None, None].expand(-1, self.k.shape[1], 1, self.k.shape[3])
        self.k.scatter_(2, index, k.transpose(1, 2))
        self.v.scatter_(2, index, v.transpose(1, 2))


LayerState = RecurrentState | WindowState


@dataclass(slots=True)
class PageDigest:
    """SHA-256 (hex) of one complete page, '' until somebody has hashed it; any thread may set it.

    One object for all sequences that hold the page: it is made when the page is complete, and from then on forks have
    it in common. Pages completed after a fork are others.
    """

    value: str = ""


@dataclass(slots=True)
class ModelState:
    """Everything needed to go on: position, one entry per block, and the logits of the last position.

    logits: (b, v) float32 after the last token, or None where they were not computed. They let a
    generation be repeated without reading a token again. history: of the tokens taken in; of another count than
    `position` where they are not known. pages: see complete_pages.
    """

    position: int
    layers: list[LayerState]
    logits: Tensor | None = None
    history: TokenHistory = field(default_factory=TokenHistory)
    pages: dict[int, PageDigest] = field(default_factory=dict)

    def clone(self) -> ModelState:
        """An independent copy: a fork of the sequence."""
        logits = None if self.logits is None else self.logits.clone()
        layers = [layer.clone() for layer in self.layers]
        return ModelState(self.position, layers, logits, self.history, dict(self.complete_pages()))

    def to(self, device: torch.device) -> ModelState:
        """The same on another device; on the same one, the same tensors."""
        logits = None if self.logits is None else self.logits.to(device)
        return ModelState(self.position, [layer.to(device) for layer in self.layers], logits, self.history, self.pages)

    def complete_pages(self) -> dict[int, PageDigest]:
        """The digests of the window's complete pages by number; pages that have left it are forgotten.

        The page that the window begins in the middle of is among them only where it was when it was whole.
        """
        window = next((layer.k.shape[2] for layer in self.layers if isinstance(layer, WindowState)), 0)
        start = max(0, self.position - window)
        numbers = range(start // PAGE_TOKENS, self.position // PAGE_TOKENS)
        self.pages = {
            number: self.pages.get(number) or PageDigest()
            for number in numbers
            if number * PAGE_TOKENS >= start or number in self.pages
        }
        return self.pages

    @property
    def nbytes(self) -> int:
        """Size of the recurrent states and windows in bytes; the same at every position."""
        return sum(layer.nbytes for layer in self.layers)


def slot_positions(position: int, slots: int, device: torch.device) -> Tensor:
    """Absolute position of the token in each used slot after `position` tokens: (min(position, slots),) int64."""
    used = min(position, slots)
    index = torch.arange(used, device=device)
    return index + (position - 1 - index) // slots * slots


def fresh_state(
    config: GriffinConfig, *, batch: int = 1, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
) -> ModelState:
    """A state at position 0; h is float32 always, the rest in the model's dtype."""
    layers: list[LayerState] = []
    for kind in config.block_types:
        if kind is BlockType.RECURRENT:
            h = torch.zeros((batch, config.lru_width), dtype=torch.float32, device=device)
            tail = torch.zeros((batch, config.conv_width - 1, config.lru_width), dtype=dtype, device=device)
            layers.append(RecurrentState(h, tail))
        else:
            shape = (batch, config.num_kv_heads, config.window_keys, config.head_dim)
            k, v = (torch.zeros(shape, dtype=dtype, device=device) for _ in range(2))
            layers.append(WindowState(k, v))
    return ModelState(0, layers)
