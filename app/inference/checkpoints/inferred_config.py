"""What a checkpoint's shapes say about its config, and the config.json that DeepMind's files come without."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from app.core.errors import CheckpointError
from app.inference.checkpoints import names
from app.inference.config import MAX_LAYERS, BlockType, GriffinConfig

Shapes = Mapping[str, tuple[int, ...]]
"""By our own names."""

_IN_BLOCK = re.compile(rf"{re.escape(names.LAYERS)}(\d{{1,5}})\.(.+)")
_PATTERN = (BlockType.RECURRENT, BlockType.RECURRENT, BlockType.ATTENTION)


@dataclass(frozen=True, slots=True)
class Sizes:
    """All of a config that its tensors' shapes fix; widths in elements."""

    vocab_size: int
    width: int
    mlp_width: int
    num_heads: int
    num_kv_heads: int
    lru_width: int
    block_types: tuple[BlockType, ...]
    conv_width: int
    attention_bias: bool

    def as_json(self) -> dict[str, Any]:
        """The same under the names of Hugging Face's config.json, where `intermediate_size` is twice the MLP's."""
        layers = len(self.block_types)
        cycles = self.block_types == tuple(_PATTERN[index % 3] for index in range(layers))
        alike = len(set(self.block_types)) == 1
        pattern = _PATTERN if cycles else self.block_types[:1] if alike else self.block_types
        return {
            "vocab_size": self.vocab_size,
            "hidden_size": self.width,
            "intermediate_size": 2 * self.mlp_width,
            "num_hidden_layers": layers,
            "num_attention_heads": self.num_heads,
            "num_key_value_heads": self.num_kv_heads,
            "lru_width": self.lru_width,
            "block_types": [str(kind) for kind in pattern],
            "conv1d_width": self.conv_width,
            "attention_bias": self.attention_bias,
        }


@dataclass(frozen=True, slots=True)
class Traits:
    """What no tensor shows: the attention window in past tokens, the logits' cap, whether embeddings are scaled."""

    window_tokens: int
    soft_cap: float
    scale_embeddings: bool


RECURRENTGEMMA = Traits(2048, 30.0, True)
PAPER = Traits(1024, 0.0, False)
# (width, MLP's width, heads, recurrence's width, layers) of every preset in google-deepmind/recurrentgemma, common.py.
_PRESETS = {
    (2560, 7680, 10, 2560, 26): RECURRENTGEMMA,
    (4096, 12288, 16, 4096, 38): RECURRENTGEMMA,
    (4096, 12288, 32, 5632, 32): PAPER,
}
TRAIT_KEYS = ("attention_window_size", "logits_soft_cap", "scale_embeddings")


def known_traits(sizes: Sizes) -> Traits | None:
    """The traits of a published size, None for any other."""
    layers = len(sizes.block_types)
    return _PRESETS.get((sizes.width, sizes.mlp_width, sizes.num_heads, sizes.lru_width, layers))


def infer_sizes(shapes: Shapes, title: Callable[[str], str] = str) -> Sizes:
    """A config's sizes from the shapes of a whole checkpoint; CheckpointError where they make no Griffin.

    Whether all other shapes agree is not asked here; check.py does. title: what the files call a tensor of ours.
    """

    def shape_of(name: str, rank: int) -> tuple[int, ...]:
        found = shapes.get(name)
        if found is None:
            raise CheckpointError(
                f"{title(name)} is missing: the files are incomplete or those of another kind of model"
            )
        if len(found) != rank or 0 in found:
            raise CheckpointError(f"{title(name)} has shape {found}, expected {rank} sizes of 1 or more")
        return found

    vocab_size, width = shape_of(names.EMBEDDING, 2)
    blocks = _blocks(shapes)
    kinds = tuple(_kind(index, rests) for index, rests in enumerate(blocks))
    (mlp_width,) = shape_of(f"{names.block(0)}mlp_block.gate_proj.bias", 1)
    # The convolution has the recurrence's width whatever the block; the gates' blocks are one a head.
    lru_width, conv_width, heads = width, 4, None
    if BlockType.RECURRENT in kinds:
        prefix = f"{names.block(kinds.index(BlockType.RECURRENT))}temporal_block."
        lru_width, _, conv_width = shape_of(f"{prefix}conv_1d.weight", 3)
        heads = shape_of(f"{prefix}rg_lru.input_gate_weight", 3)[0]
    kv_heads, bias = 1, False
    if BlockType.ATTENTION in kinds:
        prefix = f"{names.block(kinds.index(BlockType.ATTENTION))}temporal_block."
        keys = shape_of(f"{prefix}k_proj.weight", 2)[0]
        # Without a recurrent block nothing tells one wide key head from two narrow ones; DeepMind's models have one.
        heads = heads or max(width // max(keys, 1), 1)
        kv_heads = max(keys // max(width // heads, 1), 1)
        bias = f"{prefix}q_proj.bias" in shapes
    return Sizes(vocab_size, width, mlp_width, heads or 1, kv_heads, lru_width, kinds, conv_width, bias)


def with_sizes(config: GriffinConfig, sizes: Sizes) -> GriffinConfig:
    """A config with other sizes; CheckpointError where they make no model."""
    return replace(config, **{field.name: getattr(sizes, field.name) for field in fields(Sizes)})


def differences(config: GriffinConfig, sizes: Sizes) -> list[str]:
    """Where a config disagrees with its tensors: `num_hidden_layers is 38, expected 26`."""
    claimed = Sizes(**{field.name: getattr(config, field.name) for field in fields(Sizes)}).as_json()
    return [
        f"{key} is {_shown(value)}, expected {_shown(there)}"
        for key, there in sizes.as_json().items()
        if (value := claimed[key]) != there
    ]


def config_json(sizes: Sizes, dtype: str, traits: Traits) -> dict[str, Any]:
    """config.json as transformers' conversion of DeepMind's files writes it, and the keys of our own.

    dtype: as torch names it, `bfloat16`.
    """
    return {
        "architectures": ["RecurrentGemmaForCausalLM"],
        "model_type": "recurrent_gemma",
        **sizes.as_json(),
        "attention_dropout": 0.0,
        "attention_window_size": traits.window_tokens,
        # DeepMind's models attend to the window and the current token, Hugging Face's port to the window in all.
        "attention_window_keys": traits.window_tokens + 1,
        "bos_token_id": 2,
        # transformers 5 writes `dtype`; this is what all its versions read.
        "torch_dtype": dtype,
        "eos_token_id": 1,
        "hidden_activation": "gelu_pytorch_tanh",
        "logits_soft_cap": traits.soft_cap,
        "pad_token_id": 0,
        "partial_rotary_factor": 0.5,
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "scale_embeddings": traits.scale_embeddings,
        "tie_word_embeddings": True,
        "use_cache": True,
        "w_init_variance_scale": 0.01,
    }


def _shown(value: object) -> str:
    text = ", ".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _blocks(shapes: Iterable[str]) -> list[set[str]]:
    """The names of each block's tensors, without the block's prefix."""
    found: dict[int, set[str]] = {}
    for name in shapes:
        if match := _IN_BLOCK.fullmatch(name):
            found.setdefault(int(match[1]), set()).add(match[2])
    layers = max(found, default=-1) + 1
    if not 1 <= layers <= MAX_LAYERS:
        raise CheckpointError(f"the files have {layers:,} blocks, expected 1 to {MAX_LAYERS:,}")
    if missing := [index for index in range(layers) if index not in found]:
        raise CheckpointError(f"the files have {layers} blocks, but none with the number {missing[0]}: get them again")
    return [found[index] for index in range(layers)]


def _kind(index: int, rests: Iterable[str]) -> BlockType:
    stems = {rest.removeprefix("temporal_block.").split(".")[0] for rest in rests if rest.startswith("temporal_block.")}
    recurrent = bool(stems & {"rg_lru", "conv_1d", "linear_x", "linear_y", "linear_out"})
    attention = bool(stems & {"q_proj", "k_proj", "v_proj", "o_proj"})
    if recurrent == attention:
        what = "both a recurrence and attention" if recurrent else "neither a recurrence nor attention"
        raise CheckpointError(f"block {index} has {what}, expected one of them")
    return BlockType.RECURRENT if recurrent else BlockType.ATTENTION
