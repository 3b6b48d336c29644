"""Small random checkpoints in every layout that is read, written by the tests that load them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor

from app.inference.checkpoints.names import EMBEDDING, OFFSET_SUFFIX, SCALE_SUFFIX, expected_shapes
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.config import GriffinConfig, config_from_json
from app.inference.griffin import Griffin
from app.inference.int8_rows import quantize_weight
from app.inference.loading import Notes, build_model
from app.inference.quantize.nearest import round_to_nearest
from app.inference.quantize.plan import becomes_int4
from app.inference.weight_format import WeightFormat

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


TRAITS = {"attention_window_size": 8, "logits_soft_cap": 30.0, "scale_embeddings": True}
"""What the tiny models' tensors do not show, for a config.json beside a layout that has none."""

# Names within a block, from google-deepmind/recurrentgemma (torch/modules.py): ours, theirs.
_DEEPMIND_STEMS = {
    "temporal_pre_norm.weight": "temporal_pre_norm.scale",
    "channel_pre_norm.weight": "channel_pre_norm.scale",
    "rg_lru.recurrent_param": "rg_lru.a_param",
    "rg_lru.recurrent_gate_weight": "rg_lru.a_gate.w",
    "rg_lru.recurrent_gate_bias": "rg_lru.a_gate.b",
    "rg_lru.input_gate_weight": "rg_lru.input_gate.w",
    "rg_lru.input_gate_bias": "rg_lru.input_gate.b",
    "conv_1d.bias": "conv_1d.b",
    "q_proj": "proj_q",
    "k_proj": "proj_k",
    "v_proj": "proj_v",
    "o_proj": "proj_final",
    "down_proj": "ffw_down",
}


def deepmind_tensors(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The same weights under the names and in the shapes of DeepMind's `.pt` files."""
    out = {}
    for name, tensor in tensors.items():
        if name == EMBEDDING:
            out["embedder.input_embedding"] = tensor
            continue
        if name == "model.final_norm.weight":
            out["final_norm.scale"] = tensor
            continue
        new = name.replace("model.layers.", "blocks.")
        new = new.replace("temporal_block.", "attention_block." if "_proj" in name else "recurrent_block.")
        for ours, theirs in _DEEPMIND_STEMS.items():
            new = new.replace(ours, theirs)
        if new.endswith("conv_1d.weight"):
            out[new.replace("weight", "w")] = tensor[:, 0].t().contiguous()
        elif "gate_proj" in new:
            both = torch.stack([tensor, tensors[name.replace("gate_proj", "up_proj")]])
            stem = new.partition("gate_proj")[0]
            if name.endswith("weight"):
                out[f"{stem}ffw_up.w"] = both.transpose(1, 2).contiguous()
            else:
                out[f"{stem}ffw_up.b"] = both[:, None, None].contiguous()
        elif "up_proj" not in new:
            out[new] = tensor
    return out


def write_deepmind(path: Path, tensors: dict[str, Tensor], config: dict[str, Any] | None = None) -> Path:
    """A `.pt` file of tensors in DeepMind's layout, with a config.json beside it where one is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(deepmind_tensors(tensors), path)
    if config is not None:
        (path.parent / "config.json").write_text(json.dumps(config))
    return path


def write_orbax(
    folder: Path,
    tensors: dict[str, Tensor],
    config: dict[str, Any] | None = None,
    *,
    ocdbt: bool = True,
    zarr3: bool = False,
    root: str = "params.",
) -> Path:
    """A folder of Flax parameters as Orbax lays them out, written with tensorstore alone."""
    import tensorstore

    folder.mkdir(parents=True, exist_ok=True)
    base = {"driver": "file", "path": f"{folder}/", "file_io_sync": False}
    opened = []
    for name, tensor in deepmind_tensors(tensors).items():
        # Flax's Dense multiplies by a kernel (in, out).
        if tensor.dim() == 2 and name.endswith(".weight"):
            name, tensor = name.removesuffix("weight") + "kernel", tensor.t()
        path = f"{root}{name}/"
        store = {"driver": "ocdbt", "base": base, "path": path} if ocdbt else base | {"path": f"{folder}/{path}"}
        spec = {"driver": "zarr3" if zarr3 else "zarr", "kvstore": store, "store_data_equal_to_fill_value": True}
        dtype = str(tensor.dtype).removeprefix("torch.")
        opened.append((tensorstore.open(spec, create=True, dtype=dtype, shape=list(tensor.shape)), tensor))
    # Together: one after the other, each waits for the disk.
    for written in [future.result().write(_as_numpy(tensor)) for future, tensor in opened]:
        written.result()
    (folder / "_METADATA").write_text("{}")
    if config is not None:
        (folder / "config.json").write_text(json.dumps(config))
    return folder


def _as_numpy(tensor: Tensor) -> Any:
    tensor = tensor.contiguous()
    if tensor.dtype is not torch.bfloat16:
        return tensor.numpy()
    import ml_dtypes

    return tensor.view(torch.int16).numpy().view(ml_dtypes.bfloat16)


def synthetic_model(config: GriffinConfig, form: WeightFormat) -> Griffin:
    """A model of random weights on the CPU, with the kernels that a model from files would get."""
    return build_model(config, SyntheticSource(config, form), form, torch.device("cpu"), None, Notes()).model
