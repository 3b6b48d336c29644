"""transformers' RecurrentGemma in float32, the reference: with a checkpoint's dequantised weights or random ones."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import prod
from pathlib import Path

import torch
from torch import Tensor
from transformers import DynamicCache, RecurrentGemmaConfig, RecurrentGemmaForCausalLM

from app.inference.bench.transformer import random_module
from app.inference.checkpoints.names import SCALE_SUFFIX, expected_shapes
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.source import TensorSource
from app.inference.config import Activation, GriffinConfig
from app.inference.free_memory import require_memory

_ACTIVATIONS = {Activation.GELU_TANH: "gelu_pytorch_tanh", Activation.SILU: "silu"}
_WORKING_BYTES = 512 << 20
"""What reading takes beside the weights."""


def load_reference(folder: Path) -> RecurrentGemmaForCausalLM:
    """The model of a folder in our layout, in float32, ready for inference."""
    raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    raw.pop("quantization_config", None)
    model = RecurrentGemmaForCausalLM(RecurrentGemmaConfig(**raw))
    source = open_checkpoint(folder).source
    tensors = {name: tensor.float() for name, tensor in reference_weights(source)}
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors, strict=True)
    return model.eval()


def random_reference(ours: GriffinConfig) -> RecurrentGemmaForCausalLM:
    """The module of a Griffin's shape in float32 with random weights; ResourceError where they do not fit."""
    device = torch.device("cpu")
    parameters = sum(prod(shape) for _, shape in expected_shapes(ours))
    require_memory(4 * parameters + _WORKING_BYTES, device, "transformers' RecurrentGemma in float32")
    whole, small = reference_configs(ours)
    model: RecurrentGemmaForCausalLM = random_module(RecurrentGemmaForCausalLM, whole, small, device, torch.float32)
    return model


def reference_weights(source: TensorSource) -> Iterator[tuple[str, Tensor]]:
    """Names and values; int8 rows times their scales."""
    for name in source.names():
        if not name.endswith(SCALE_SUFFIX):
            tensor = source.tensor(name)
            if tensor.dtype is torch.int8:
                tensor = tensor.float() * source.tensor(name + SCALE_SUFFIX)[:, None]
            yield name, tensor


def reference_configs(ours: GriffinConfig) -> tuple[RecurrentGemmaConfig, RecurrentGemmaConfig]:
    """Of a Griffin's shape, and a small one with a layer of each kind, which takes seconds to make."""
    kinds = ours.block_types
    whole = _config(ours, len(kinds), ours.vocab_size, ours.mlp_width)
    return whole, _config(ours, max(kinds.index(kind) for kind in set(kinds)) + 1, 8, 8)


def _config(ours: GriffinConfig, layers: int, vocab_size: int, mlp_width: int) -> RecurrentGemmaConfig:
    return RecurrentGemmaConfig(
        hidden_size=ours.width,
        lru_width=ours.lru_width,
        num_attention_heads=ours.num_heads,
        num_key_value_heads=ours.num_kv_heads,
        num_hidden_layers=layers,
        vocab_size=vocab_size,
        intermediate_size=2 * mlp_width,
        attention_window_size=ours.window_tokens,
        conv1d_width=ours.conv_width,
        logits_soft_cap=ours.logits_soft_cap,
        rms_norm_eps=ours.rms_norm_eps,
        hidden_activation=_ACTIVATIONS[ours.activation],
        rope_theta=ours.rope_base,
        partial_rotary_factor=ours.rotary_fraction,
        attention_bias=ours.attention_bias,
        block_types=[str(kind) for kind in ours.block_types],
        attn_implementation="sdpa",
    )


class ReferenceSequence:
    """One sequence of the reference, fed piece by piece through transformers' own cache.

    The first piece must have two tokens or more: only then does transformers give its convolution states the width
    of the recurrence. Later pieces must have one: it cannot read in chunks.
    """

    def __init__(self, model: RecurrentGemmaForCausalLM) -> None:
        self._model = model
        self._cache = DynamicCache(config=model.config)

    @torch.inference_mode()
    def feed(self, ids: list[int]) -> torch.Tensor:
        """Logits of the last token, (v,)."""
        out = self._model(torch.tensor([ids]), use_cache=True, past_key_values=self._cache, logits_to_keep=1)
        logits: torch.Tensor = out.logits[0, -1]
        return logits
