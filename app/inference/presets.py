"""The published shapes of RecurrentGemma."""

from __future__ import annotations

from app.core.errors import UserError
from app.inference.config import BlockType, GriffinConfig

_PATTERN = (BlockType.RECURRENT, BlockType.RECURRENT, BlockType.ATTENTION)


def _published(width: int, mlp_width: int, heads: int, layers: int) -> GriffinConfig:
    return GriffinConfig(
        vocab_size=256_000,
        width=width,
        mlp_width=mlp_width,
        num_heads=heads,
        num_kv_heads=1,
        lru_width=width,
        block_types=tuple(_PATTERN[index % 3] for index in range(layers)),
        window_tokens=2048,
        window_keys=2049,
    )


PRESETS: dict[str, GriffinConfig] = {
    "2b": _published(2560, 7680, 10, 26),
    "9b": _published(4096, 12288, 16, 38),
}
"""The two published RecurrentGemma sizes (google-deepmind/recurrentgemma, common.py)."""


def preset(name: str) -> GriffinConfig:
    """The config of a published size; UserError lists those there are."""
    if name not in PRESETS:
        raise UserError(f"unknown size {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
