"""Matrices in int4 groups: how codes, scales and offsets lie in memory and on disk.

A group is `group` neighbours along a row; its weights are scale * code + offset with codes 0 .. 15, so that any range
of numbers fits, zero inside it or not. Byte j of a group holds the code of its element j in the low nibble and that of
element j + group / 2 in the high one: unpacking a group is one mask, one shift and no shuffle.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

GROUPS = (32, 64)
"""Sizes of a group that can be written and multiplied."""
LARGEST_CODE = 15


@dataclass(frozen=True, slots=True)
class Int4Groups:
    """A matrix W (o, i): codes (o, i/2) uint8, scale and offset (o, i/group) bfloat16."""

    codes: Tensor
    scale: Tensor
    offset: Tensor

    @property
    def group(self) -> int:
        """Neighbours along a row that share scale and offset."""
        return group_size(self.codes.shape, self.scale.shape)

    def dequantize(self, rows: slice = slice(None)) -> Tensor:
        """W, or some rows of it, in float32."""
        return dequantize_groups(self.codes[rows], self.scale[rows], self.offset[rows])


def group_size(codes: tuple[int, ...], scale: tuple[int, ...]) -> int:
    """The size of a group by the shapes of packed codes (o, i/2) and scales (o, i/group); 0 where they do not fit."""
    if len(codes) != 2 or len(scale) != 2 or codes[0] != scale[0] or scale[1] == 0:
        return 0
    group, rest = divmod(2 * codes[1], scale[1])
    return 0 if rest else group


def pack_codes(codes: Tensor, group: int) -> Tensor:
    """Codes (o, i) of 0 .. 15, uint8 -> (o, i/2) uint8."""
    low, high = codes.reshape(codes.shape[0], -1, 2, group // 2).unbind(2)
    return torch.flatten(low | (high << 4), 1)


def unpack_codes(packed: Tensor, group: int) -> Tensor:
    """The opposite of pack_codes."""
    halves = packed.reshape(packed.shape[0], -1, group // 2)
    return torch.stack((halves & LARGEST_CODE, halves >> 4), dim=2).flatten(1)


def dequantize_groups(packed: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """Packed codes (o, i/2), scale and offset (o, i/group) -> W (o, i) float32."""
    group = group_size(packed.shape, scale.shape)
    codes = unpack_codes(packed, group).reshape(*scale.shape, group).float()
    return torch.addcmul(offset.float()[..., None], codes, scale.float()[..., None]).flatten(1)
