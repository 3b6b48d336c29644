"""transformers' RecurrentGemma in float32, the reference: with a checkpoint's dequantised weights or random ones."""

from __future__ import annotations

import json
from math import prod
from pathlib import Path

import torch
from transformers import DynamicCache, RecurrentGemmaConfig, RecurrentGemmaForCausalLM

from app.inference.bench.transformer import random_module
from app.inference.checkpoints.names import expected_shapes
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.config import GriffinConfig
from app.inference.free_memory import require_memory

_WORKING_BYTES = 512 << 20
"""What reading takes beside the weights."""


def load_reference(folder: Path) -> RecurrentGemmaForCausalLM:
    """The model of a folder in our layout, in float32, ready for inference."""
    raw = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    raw.pop("quantization_config", None)
    model = RecurrentGemmaForCausalLM(RecurrentGemmaConfig(**raw))
    source = open_checkpoint(folder).source
    tensors = {}
    for name in source.names():
        if name.endswith("_scale"):
            continue
        tensor = source.tensor(name)
        scale = source.tensor(f"{name}_scale")[:, None] if tensor.dtype == torch.int8 else 1.0
        tensors[name] = tensor.float() * scale
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    model.load_state_dict(tensors, strict=True)
    return model.eval()


def random_reference(ours: GriffinConfig) -> RecurrentGemmaForCausalLM:
    """The module of a Griffin's shape in float32 with random weights; ResourceError where they do not fit."""

    def config(layers: int, vocab_size: int, mlp_width: int) -> RecurrentGemmaConfig:
        return RecurrentGemmaConfig(
            hidden_size=ours.width,
            lru_width=ours.lru_width,
            num_attention_heads=ours.num_heads,
            num_key_value_heads=ours.num_kv_heads,
            num_hidden_layers=layers,
            vocab_size=vocab_size,
            intermediate_size=2 * mlp_width,
            attention_window_size=ours.window_tokens,
            block_types=["recurrent", "recurrent", "attention"],
        )

    device = torch.device("cpu")
    parameters = sum(prod(shape) for _, shape in expected_shapes(ours))
    require_memory(4 * parameters + _WORKING_BYTES, device, "transformers' RecurrentGemma in float32")
    whole = config(len(ours.block_types), ours.vocab_size, ours.mlp_width)
    model: RecurrentGemmaForCausalLM = random_module(
        RecurrentGemmaForCausalLM, whole, config(3, 8, 8), device, torch.float32
    )
    return model


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
