"""Hyper-parameters of a Griffin model, and how they are read from a checkpoint's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from app.core.errors import CheckpointError
from app.inference.json_file import read_json_object


class BlockType(StrEnum):
    """Temporal mixing of one residual block (Griffin, arXiv:2402.19427, section 2)."""

    RECURRENT = "recurrent"
    ATTENTION = "attention"


class Activation(StrEnum):
    """Gate of the MLP and of the recurrent block's linear branch."""

    GELU_TANH = "gelu_tanh"
    SILU = "silu"


# "gelu" without tanh is another function (transformers computes it by erf), which no published Griffin uses.
_ACTIVATIONS = {
    "gelu_pytorch_tanh": Activation.GELU_TANH,
    "gelu_tanh": Activation.GELU_TANH,
    "silu": Activation.SILU,
    "swish": Activation.SILU,
}

# (hidden_size, num_hidden_layers, vocab_size) of the two published sizes. DeepMind's code, with which they were
# trained, attends to 2,048 past tokens and the current one; Hugging Face's port to 2,048 in all.
_PUBLISHED_RECURRENTGEMMA = {(2560, 26, 256_000), (4096, 38, 256_000)}


CONFIG_FILE = "config.json"
MAX_LAYERS = 10_000
MAX_WINDOW_TOKENS = 1 << 16
"""32 times RecurrentGemma's. The window fixes the memory of every state, and no tensor of the checkpoint bounds it."""
MAX_SIZE = 1 << 24
"""Of a width, a vocabulary, a number of heads: a bound on nonsense; the tensors' shapes decide."""
_MAX_NUMBER = 1e12


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
        for name, value, divisor, kind in (
            ("hidden_size", self.width, self.num_heads, "attention"),
            ("lru_width", self.lru_width, self.num_heads, "attention"),
            ("num_attention_heads", self.num_heads, self.num_kv_heads, "key/value"),
        ):
            if value % divisor:
                raise CheckpointError(f"config: {name} is {value}, expected a multiple of the {divisor} {kind} heads")
        if self.window_keys not in (self.window_tokens, self.window_tokens + 1):
            raise CheckpointError(
                f"config: window_keys is {self.window_keys}, expected {self.window_tokens} or {self.window_tokens + 1}"
            )
        if not 0.0 <= self.rotary_fraction <= 1.0:
            raise CheckpointError(f"config: partial_rotary_factor is {self.rotary_fraction}, expected 0 to 1")
        if not self.rope_base >= 1.0:
            raise CheckpointError(f"config: rope_theta is {self.rope_base}, expected 1 or more")
        if self.rotary_dim % 2:
            raise CheckpointError(f"config: {self.rotary_dim} rotated elements per head, expected an even number")


def config_from_json(raw: Mapping[str, Any]) -> GriffinConfig:
    """A Hugging Face `recurrent_gemma` config.json as a GriffinConfig; CheckpointError names what is wrong.

    Both spellings of the block pattern (`block_types`, `_block_types`) are read; `intermediate_size` there is
    twice the MLP's width. Own optional keys: `attention_window_keys`, `scale_embeddings`, `logits_soft_cap` 0.
    """
    model_type = raw.get("model_type")
    if model_type != "recurrent_gemma":
        raise CheckpointError(
            f"config.json: model_type is {_shown(model_type)}, expected 'recurrent_gemma': "
            "only Griffin models (RecurrentGemma) can be run"
        )
    width = _whole(raw, "hidden_size")
    layers = _whole(raw, "num_hidden_layers", most=MAX_LAYERS)
    heads = _whole(raw, "num_attention_heads")
    vocab_size = _whole(raw, "vocab_size")
    window = _whole(raw, "attention_window_size", 2048, most=MAX_WINDOW_TOKENS)
    default_keys = window + 1 if (width, layers, vocab_size) in _PUBLISHED_RECURRENTGEMMA else window
    mlp_width, odd = divmod(_whole(raw, "intermediate_size"), 2)
    if odd:
        raise CheckpointError("config.json: intermediate_size is odd, expected twice the MLP's width")
    if not _flag(raw, "tie_word_embeddings", True):
        raise CheckpointError("config.json: tie_word_embeddings is false, expected true: Griffin's output head is tied")
    rope = _rope(raw)
    return GriffinConfig(
        vocab_size=vocab_size,
        width=width,
        mlp_width=mlp_width,
        num_heads=heads,
        num_kv_heads=_whole(raw, "num_key_value_heads", heads),
        lru_width=_whole(raw, "lru_width", width),
        block_types=_block_types(raw, layers),
        window_tokens=window,
        window_keys=_whole(raw, "attention_window_keys", default_keys),
        conv_width=_whole(raw, "conv1d_width", 4),
        logits_soft_cap=_number(raw, "logits_soft_cap", 30.0),
        rms_norm_eps=_number(raw, "rms_norm_eps", 1e-6),
        activation=_activation(raw),
        rope_base=_number(rope, "rope_theta", _number(raw, "rope_theta", 10_000.0)),
        rotary_fraction=_number(rope, "partial_rotary_factor", _number(raw, "partial_rotary_factor", 0.5)),
        scale_embeddings=_flag(raw, "scale_embeddings", True),
        attention_bias=_flag(raw, "attention_bias", False),
    )


def _whole(raw: Mapping[str, Any], name: str, default: int | None = None, *, most: int = MAX_SIZE) -> int:
    """A number of elements, layers or tokens, 1 to `most`; null counts as absent."""
    value = raw.get(name)
    if value is None:
        if default is None:
            raise CheckpointError(f"config.json: {name} is missing, expected a whole number")
        return default
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
        raise CheckpointError(f"config.json: {name} is {_shown(value)}, expected a whole number from 1 to {most:,}")
    return value


def _number(raw: Mapping[str, Any], name: str, default: float) -> float:
    """A finite number of 0 or more; null counts as absent."""
    value = raw.get(name)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _MAX_NUMBER:
        raise CheckpointError(f"config.json: {name} is {_shown(value)}, expected a number from 0 to {_MAX_NUMBER:g}")
    return float(value)


def _flag(raw: Mapping[str, Any], name: str, default: bool) -> bool:
    value = raw.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise CheckpointError(f"config.json: {name} is {_shown(value)}, expected true or false")
    return value


def _activation(raw: Mapping[str, Any]) -> Activation:
    name = raw.get("hidden_activation") or "gelu_pytorch_tanh"
    if not isinstance(name, str) or name not in _ACTIVATIONS:
        raise CheckpointError(
            f"config.json: hidden_activation is {_shown(name)}, expected one of {', '.join(_ACTIVATIONS)}"
        )
    return _ACTIVATIONS[name]


def _rope(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    rope = raw.get("rope_parameters") or {}
    if not isinstance(rope, dict):
        raise CheckpointError(f"config.json: rope_parameters is {_shown(rope)}, expected an object")
    # Any other kind stretches positions: read as the plain one, it would give a model of noise without a word.
    scaled = raw.get("rope_scaling") or {}
    for kind in (
        rope.get("rope_type", "default"),
        scaled.get("type", "default") if isinstance(scaled, dict) else scaled,
    ):
        if kind != "default":
            raise CheckpointError(f"config.json: rope_type is {_shown(kind)}, expected 'default'")
    return rope


def _block_types(raw: Mapping[str, Any], layers: int) -> tuple[BlockType, ...]:
    pattern = raw.get("block_types") or raw.get("_block_types") or ["recurrent", "recurrent", "attention"]
    if not isinstance(pattern, list) or len(pattern) > MAX_LAYERS:
        raise CheckpointError(f"config.json: block_types is {_shown(pattern)}, expected a list of block types")
    try:
        kinds = [BlockType(kind) for kind in pattern]
    except ValueError:
        bad = next(kind for kind in pattern if kind not in [*BlockType])
        raise CheckpointError(
            f"config.json: block_types holds {_shown(bad)}, expected recurrent or attention"
        ) from None
    # Cycle over the layers, not once over the pattern: a port that did the latter built 3 of 38 layers.
    return tuple(kinds[i % len(kinds)] for i in range(layers))


def _shown(value: object) -> str:
    """A value from the file, short enough for one line."""
    text = repr(value) if not isinstance(value, int) or abs(value) < 10**30 else "an enormous number"
    return text if len(text) <= 60 else text[:57] + "..."


def read_config_json(folder: Path) -> dict[str, Any]:
    """config.json of a model folder as a dict; CheckpointError when it is missing or not JSON."""
    raw = read_json_object(folder / CONFIG_FILE)
    if raw is None:
        raise CheckpointError(f"{folder} holds no config.json: it is not a model folder")
    return raw
