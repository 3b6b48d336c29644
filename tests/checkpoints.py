"""Small random checkpoints in Hugging Face's layout, written by the tests that load them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from app.inference.checkpoints.names import EMBEDDING, OFFSET_SUFFIX, SCALE_SUFFIX, expected_shapes
from app.inference.config import config_from_json
from app.inference.int8_rows import quantize_weight
from app.inference.quantize.nearest import round_to_nearest
from app.inference.quantize.plan import becomes_int4

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")

RECURRENT, ATTENTION = "recurrent", "attention"

KINDS: dict[str, dict[str, Any]] = {
    # One key/value head, half-rotated heads, cap 30: RecurrentGemma 2B and 9B in small.
    "recurrentgemma": {"num_key_value_heads": 1, "block_types": [RECURRENT, RECURRENT, ATTENTION]},
    # Recurrence wider than the model, no cap, no embedding scale, a remainder of the pattern: Griffin as published.
    "griffin": {
        "num_key_value_heads": 4,
        "lru_width": 48,
        "logits_soft_cap": 0.0,
        "scale_embeddings": False,
        "num_hidden_layers": 4,
        "block_types": [RECURRENT, RECURRENT, ATTENTION],
    },
    "hawk": {"num_key_value_heads": 1, "lru_width": 48, "block_types": [RECURRENT]},
    # The starter's traits: grouped heads, SiLU, whole heads rotated, cap 1000, another base and eps.
    "starter": {
        "num_key_value_heads": 2,
        "hidden_activation": "silu",
        "partial_rotary_factor": 1.0,
        "rope_theta": 100_000.0,
        "rms_norm_eps": 1e-5,
        "logits_soft_cap": 1000.0,
        "lru_width": 48,
        "_block_types": [RECURRENT, RECURRENT, ATTENTION],
    },
}


def raw_config(kind: str, **changes: Any) -> dict[str, Any]:
    """config.json of a tiny model of one kind."""
    return {
        "model_type": "recurrent_gemma",
        "vocab_size": 97,
        "hidden_size": 32,
        "intermediate_size": 128,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "attention_window_size": 8,
        "conv1d_width": 4,
        **KINDS[kind],
        **changes,
    }


def random_tensors(raw: dict[str, Any], seed: int = 0) -> dict[str, Tensor]:
    """Weights with every bias and gain in play, and decays spread over (0.5, 1)."""
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in expected_shapes(config_from_json(raw)):
        value = torch.randn(shape, generator=generator)
        if name.endswith("recurrent_param"):
            value = value * 2 - 3
        elif len(shape) > 1 and name != EMBEDDING and "conv_1d" not in name:
            value *= shape[-1] ** -0.5
        else:
            value *= 0.5
        tensors[name] = value
    return tensors


def int8_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights with every large matrix as int8 rows and their scales: the starter's format."""
    out = {}
    for name, tensor in tensors.items():
        if tensor.dim() == 2 and name.endswith(".weight"):
            out[name], out[name + "_scale"] = quantize_weight(tensor)
        else:
            out[name] = tensor
    return out


def int4_tensors(tensors: dict[str, Tensor], group: int = 32) -> dict[str, Tensor]:
    """The same weights with every matrix that becomes int4 as groups, and the other matrices as int8 rows."""
    out = int8_tensors(tensors)
    for name, tensor in tensors.items():
        if becomes_int4(name, tuple(tensor.shape), group):
            groups = round_to_nearest(tensor, group)
            out[name], out[name + SCALE_SUFFIX], out[name + OFFSET_SUFFIX] = groups.codes, groups.scale, groups.offset
    return out


def write_chat_model(folder: Path, starter: Path, raw: dict[str, Any], tensors: dict[str, Tensor]) -> Path:
    """A model folder with the starter's tokenizer and chat template."""
    write_checkpoint(folder, raw, tensors)
    for name in TOKENIZER_FILES:
        shutil.copy(starter / name, folder)
    return folder


def write_checkpoint(folder: Path, raw: dict[str, Any], tensors: dict[str, Tensor], *, shards: int = 1) -> Path:
    """A model folder without tokenizer: config.json and one safetensors file or several with an index."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(raw))
    if shards == 1:
        save_file(tensors, folder / "model.safetensors")
        return folder
    weight_map = {}
    names = list(tensors)
    for shard in range(shards):
        file = f"model-{shard + 1:05d}-of-{shards:05d}.safetensors"
        part = {name: tensors[name] for name in names[shard::shards]}
        save_file(part, folder / file)
        weight_map |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder
