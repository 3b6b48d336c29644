"""transformers' RecurrentGemma with a checkpoint's dequantised weights: the float32 reference."""

from __future__ import annotations

import json
from pathlib import Path

import torch
from transformers import DynamicCache, RecurrentGemmaConfig, RecurrentGemmaForCausalLM

from app.inference.checkpoints.registry import open_checkpoint


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
