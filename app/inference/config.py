"""Hyper-parameters of a Griffin model, and how they are read from a checkpoint's config.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.core.errors import CheckpointError


class BlockType(StrEnum):
    """Temporal mixing of one residual block (Griffin, arXiv:2402.19427, section 2)."""

    RECURRENT = "recurrent"
    ATTENTION = "attention"


class Activation(StrEnum):
    """Gate of the MLP and of the recurrent block's linear branch."""

    GELU_TANH = "gelu_tanh"
    SILU = "silu"


_ACTIVATIONS = {
    "gelu_pytorch_tanh": Activation.GELU_TANH,
    "gelu_tanh": Activation.GELU_TANH,
    "gelu": Activation.GELU_TANH,
    "silu": Activation.SILU,
    "swish": Activation.SILU,
}

# (hidden_size, num_hidden_layers, vocab_size) of the two published sizes. DeepMind's code, with which they were
# trained, attends to 2,048 past tokens and the current one; Hugging Face's port to 2,048 in all.
_PUBLISHED_RECURRENTGEMMA = {(2560, 26, 256_000), (4096, 38, 256_000)}


@dataclass(frozen=True, slots=True)
class GriffinConfig:
    """Everything that fixes the computation. Widths in elements, windows in tokens; letters as in shapes.py."""

    vocab_size: int
    width: int
    mlp_width: int
    num_heads: int
    num_kv_heads: int
    lru_width: int
    block_types: tuple[BlockType, ...]
    window_tokens: int
    """The window as the checkpoint's config names it (2,048 for RecurrentGemma)."""
    window_keys: int
    """Keys a query sees, itself included, and slots of the state's window (w): window_tokens by Hugging Face's
    rule, window_tokens + 1 by DeepMind's."""
    conv_width: int = 4
    logits_soft_cap: float = 30.0
    """0 means no cap."""
    rms_norm_eps: float = 1e-6
    activation: Activation = Activation.GELU_TANH
    rope_base: float = 10_000.0
    rotary_fraction: float = 0.5
    """Share of each head's width that is rotated."""
    scale_embeddings: bool = True
    """Multiply embeddings by sqrt(d), rounded to bfloat16 as in training."""
    attention_bias: bool = False

    @property
    def head_dim(self) -> int:
        """Width of one attention head (k)."""
        return self.width // self.num_heads

    @property
    def gate_block(self) -> int:
        """Width of one block of the RG-LRU's block-diagonal gates."""
        return self.lru_width // self.num_heads

    @property
    def rotary_dim(self) -> int:
        """Rotated elements at the front of each head."""
        return int(self.head_dim * self.rotary_fraction)

    def __post_init__(self) -> None:
        for name in ("vocab_size", "width", "mlp_width", "num_heads", "num_kv_heads", "lru_width", "window_tokens"):
            if getattr(self, name) < 1:
                raise CheckpointError(f"config: {name} is {getattr(self, name)}, expected a positive number")
        if not self.block_types:
            raise CheckpointError("config: the model has no layers")
        if self.conv_width < 2:
            raise CheckpointError(f"config: conv1d_width is {self.conv_width}, expected 2 or more")
        for name, value, divisor in (
            ("hidden_size", self.width, self.num_heads),
            ("lru_width", self.lru_width, self.num_heads),
            ("num_attention_heads", self.num_heads, self.num_kv_heads),
        ):
            if value % divisor:
                raise CheckpointError(f"config: {name} is {value}, which {divisor} heads do not divide")
        if self.window_keys not in (self.window_tokens, self.window_tokens + 1):
            raise CheckpointError(
                f"config: window_keys is {self.window_keys}, expected {self.window_tokens} or {self.window_tokens + 1}"
            )
        if self.rotary_dim % 2:
            raise CheckpointError(f"config: {self.rotary_dim} rotated elements per head, expected an even number")


def config_from_json(raw: Mapping[str, Any]) -> GriffinConfig:
    """A Hugging Face `recurrent_gemma` config.json as a GriffinConfig; CheckpointError names what is wrong.

    Both spellings of the block pattern (`block_types`, `_block_types`) are read; `intermediate_size` there is
    twice the MLP's width. Own optional keys: `attention_window_keys`, `scale_embeddings`, `logits_soft_cap` 0.
    """
    model_type = raw.get("model_type")
    if model_type != "recurrent_gemma":
        raise CheckpointError(f"config.json: model_type is {model_type!r}, expected 'recurrent_gemma'")
    try:
        width = int(raw["hidden_size"])
        layers = int(raw["num_hidden_layers"])
        heads = int(raw["num_attention_heads"])
        vocab_size = int(raw["vocab_size"])
        mlp_width, odd = divmod(int(raw["intermediate_size"]), 2)
        window = int(raw.get("attention_window_size", 2048))
        rope = raw.get("rope_parameters") or {}
        default_keys = window + 1 if (width, layers, vocab_size) in _PUBLISHED_RECURRENTGEMMA else window
        activation_name = str(raw.get("hidden_activation") or "gelu_pytorch_tanh")
        if odd:
            raise CheckpointError("config.json: intermediate_size is odd, expected twice the MLP's width")
        if activation_name not in _ACTIVATIONS:
            raise CheckpointError(f"config.json: hidden_activation {activation_name!r} is not one of {[*_ACTIVATIONS]}")
        if layers < 1 or layers > 10_000:
            raise CheckpointError(f"config.json: num_hidden_layers is {layers}, expected 1 to 10,000")
        return GriffinConfig(
            vocab_size=vocab_size,
            width=width,
            mlp_width=mlp_width,
            num_heads=heads,
            num_kv_heads=int(raw.get("num_key_value_heads") or heads),
            lru_width=int(raw.get("lru_width") or width),
            block_types=_block_types(raw, layers),
            window_tokens=window,
            window_keys=int(raw.get("attention_window_keys", default_keys)),
            conv_width=int(raw.get("conv1d_width", 4)),
            logits_soft_cap=float(raw.get("logits_soft_cap", 30.0) or 0.0),
            rms_norm_eps=float(raw.get("rms_norm_eps", 1e-6)),
            activation=_ACTIVATIONS[activation_name],
            rope_base=float(rope.get("rope_theta", raw.get("rope_theta", 10_000.0))),
            rotary_fraction=float(rope.get("partial_rotary_factor", raw.get("partial_rotary_factor", 0.5))),
            scale_embeddings=bool(raw.get("scale_embeddings", True)),
            attention_bias=bool(raw.get("attention_bias", False)),
        )
    except KeyError as error:
        raise CheckpointError(f"config.json: {error.args[0]} is missing") from error
    except (TypeError, ValueError, AttributeError, ZeroDivisionError) as error:
        raise CheckpointError(f"config.json: a value has the wrong kind ({error})") from error


def _block_types(raw: Mapping[str, Any], layers: int) -> tuple[BlockType, ...]:
    pattern = raw.get("block_types") or raw.get("_block_types") or ["recurrent", "recurrent", "attention"]
    try:
        kinds = [BlockType(kind) for kind in pattern]
    except ValueError as error:
        raise CheckpointError(f"config.json: block_types: {error}, expected recurrent or attention") from error
    # Cycle over the layers, not once over the pattern: a port that did the latter built 3 of 38 layers.
    return tuple(kinds[i % len(kinds)] for i in range(layers))


def read_config_json(folder: Path) -> dict[str, Any]:
    """config.json of a model folder as a dict; CheckpointError when it is missing or not JSON."""
    path = folder / "config.json"
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} holds no config.json: it is not a model folder") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}): get the file again") from error
    if not isinstance(raw, dict):
        raise CheckpointError(f"{path} holds no JSON object: get the file again")
    return raw
