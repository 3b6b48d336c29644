"""Other people's code on files of a published size: transformers', whole or layer by layer, and DeepMind's own."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import DynamicCache, RecurrentGemmaConfig, RecurrentGemmaForCausalLM
from transformers.masking_utils import create_sliding_window_causal_mask
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.recurrent_gemma.modeling_recurrent_gemma import (
    RecurrentGemmaDecoderLayer,
    RecurrentGemmaRMSNorm,
    RecurrentGemmaRotaryEmbedding,
)

from app.inference.checkpoints.huggingface import SafetensorsSource

SLICE_TOKENS = 128
"""Positions whose logits are made at a time: 128 MiB of them."""


@dataclass(frozen=True, slots=True)
class Placed:
    """What transformers says of files: tensors that it misses, does not know, or has in another shape."""

    missing: int
    unexpected: int
    mismatched: int


@torch.inference_mode()
def save_reference_logits(folder: Path, ids: list[int], written: int, file: Path) -> Placed:
    """Write transformers' logits (t, v) float32 after every token; the last `written` are taken one by one."""
    model, info = RecurrentGemmaForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
    model.eval()
    logits = np.memmap(file, np.float32, "w+", shape=(len(ids), model.config.vocab_size))
    read = len(ids) - written
    cache = DynamicCache(config=model.config)
    # Its own forward would hold the logits of all positions three times over.
    hidden = model.model(torch.tensor([ids[:read]]), use_cache=True, past_key_values=cache).last_hidden_state
    for place in range(read, len(ids)):
        step = model(torch.tensor([[ids[place]]]), use_cache=True, past_key_values=cache)
        logits[place] = step.logits[0, -1].numpy()
    for start, part in head_in_slices(model, hidden):
        logits[start : start + len(part)] = part.numpy()
    logits.flush()
    return _placed(info)


@torch.inference_mode()
def load_and_try(folder: Path, ids: list[int]) -> Placed:
    """What transformers says of a folder, in the type of its files, after it has read a few tokens."""
    model, info = RecurrentGemmaForCausalLM.from_pretrained(folder, dtype="auto", output_loading_info=True)
    assert bool(torch.isfinite(model.eval()(torch.tensor([ids]), use_cache=False).logits).all())
    return _placed(info)


def _placed(info: dict[str, Any]) -> Placed:
    return Placed(*(len(info[key]) for key in ("missing_keys", "unexpected_keys", "mismatched_keys")))


def head_in_slices(model: RecurrentGemmaForCausalLM, hidden: Tensor) -> Iterator[tuple[int, Tensor]]:
    """transformers' logits of the body's normed output (1, t, d): the first position of a slice, and its (s, v)."""
    for start in range(0, hidden.shape[1], SLICE_TOKENS):
        model.model = _Known(hidden[:, start : start + SLICE_TOKENS])
        yield start, model(torch.zeros((1, 1), dtype=torch.int64)).logits[0]


class _Known(nn.Module):
    """Stands in for a body whose output is known, so that the head runs alone."""

    def __init__(self, hidden: Tensor) -> None:
        super().__init__()
        self._hidden = hidden

    def forward(self, *_: Any, **__: Any) -> BaseModelOutput:
        return BaseModelOutput(last_hidden_state=self._hidden)


class LayerwiseReference:
    """transformers' model in float32 with one layer in memory at a time; its embedding and head are one tensor more."""

    def __init__(self, config_json: dict[str, Any], source: SafetensorsSource) -> None:
        self.config = RecurrentGemmaConfig(**config_json)
        self.config._attn_implementation = "sdpa"
        self._source = source

    def embedded(self, ids: Tensor) -> Tensor:
        """What goes into the first layer, (1, t) -> (1, t, d), as RecurrentGemmaModel.forward has it."""
        rows = self._source.tensor("model.embed_tokens.weight")[ids].float()
        return rows * torch.tensor(self.config.hidden_size**0.5, dtype=torch.bfloat16).float()

    def layer(self, index: int, hidden: Tensor) -> Tensor:
        """One decoder layer of transformers' own, (1, t, d) -> (1, t, d)."""
        with torch.device("meta"):  # nothing is drawn at random that the files are to replace
            layer = RecurrentGemmaDecoderLayer(self.config, index)
        if hasattr(layer.temporal_block, "rotary_emb"):  # its frequencies are in no file
            layer.temporal_block.rotary_emb = RecurrentGemmaRotaryEmbedding(self.config)
        prefix = f"model.layers.{index}."
        tensors = {
            name.removeprefix(prefix): self._source.tensor(name).float()
            for name in self._source.names()
            if name.startswith(prefix)
        }
        layer.load_state_dict(tensors, strict=True, assign=True)
        positions = torch.arange(hidden.shape[1])[None]
        mask = create_sliding_window_causal_mask(
            config=self.config, inputs_embeds=hidden, attention_mask=None, cache=None, position_ids=positions
        )
        out: Tensor = layer.eval()(hidden, positions, mask, False, None)
        return out

    def logits(self, hidden: Tensor) -> Iterator[tuple[int, Tensor]]:
        """What the last layer gave -> logits as from head_in_slices."""
        norm = RecurrentGemmaRMSNorm(self.config.hidden_size, eps=self.config.rms_norm_eps)
        norm.load_state_dict({"weight": self._source.tensor("model.final_norm.weight").float()})
        with torch.device("meta"):
            model = RecurrentGemmaForCausalLM(self.config)
        head = self._source.tensor("lm_head.weight").float()
        model.lm_head.weight = nn.Parameter(head, requires_grad=False)
        yield from head_in_slices(model.eval(), norm(hidden))


@torch.inference_mode()
def deepmind_logits(code: Path, file: Path, size: str, ids: list[int], positions: Sequence[int]) -> Tensor:
    """What DeepMind's torch code computes in float32 from a `.pt` file: logits (len(positions), v).

    code: a checkout of google-deepmind/recurrentgemma.
    """
    # The package's own __init__ asks for jax, which its torch half does without.
    package = ModuleType("recurrentgemma")
    package.__path__ = [str(code / "recurrentgemma")]
    sys.modules["recurrentgemma"] = package
    common = importlib.import_module("recurrentgemma.common")
    griffin = importlib.import_module("recurrentgemma.torch.griffin")
    params = torch.load(file, weights_only=True, mmap=True)
    preset = common.Preset[f"RECURRENT_GEMMA_{size.upper()}_V1"]
    config = common.GriffinConfig.from_torch_params(params, preset=preset)
    with torch.device("meta"):
        model = griffin.Griffin(config, gradient_checkpointing=False)
    model.load_state_dict({name: tensor.float() for name, tensor in params.items()}, strict=True, assign=True)
    decode = model.embedder.decode
    # All positions' logits would be held three times over.
    model.embedder.decode = lambda x: decode(x[:, list(positions)])
    logits, _ = model(torch.tensor([ids]), torch.arange(len(ids))[None], return_cache=False)
    out: Tensor = logits[0]
    return out
