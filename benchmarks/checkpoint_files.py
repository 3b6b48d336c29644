"""Random weights of a published size in the files that Google publishes: Hugging Face's shards, DeepMind's `.pt`.

Written tensor by tensor by code of their own, not by the app's: a mistake in the app's names or writer must not be in
the files as well. The numbers are SyntheticSource's, the same in all layouts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.presets import preset
from app.inference.weight_format import WeightFormat
from benchmarks.report import STARTER

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")
"""The starter's: any will do."""
EMBEDDING, HEAD = "model.embed_tokens.weight", "lm_head.weight"

_SHARD_BYTES = 5 * 10**9
"""The most that transformers put into one file when these models were published."""
_CODES = {torch.float32: "F32", torch.bfloat16: "BF16"}
_DTYPES = {WeightFormat.FLOAT32: torch.float32, WeightFormat.BFLOAT16: torch.bfloat16}
_PATTERN_KEY = {"2b": "_block_types", "9b": "block_types"}

# DeepMind's name of what has the same numbers in the same order under both.
_SAME = {
    "temporal_pre_norm.weight": "temporal_pre_norm.scale",
    "channel_pre_norm.weight": "channel_pre_norm.scale",
    "mlp_block.down_proj.weight": "mlp_block.ffw_down.weight",
    "mlp_block.down_proj.bias": "mlp_block.ffw_down.bias",
    "temporal_block.linear_x.weight": "recurrent_block.linear_x.weight",
    "temporal_block.linear_x.bias": "recurrent_block.linear_x.bias",
    "temporal_block.linear_y.weight": "recurrent_block.linear_y.weight",
    "temporal_block.linear_y.bias": "recurrent_block.linear_y.bias",
    "temporal_block.linear_out.weight": "recurrent_block.linear_out.weight",
    "temporal_block.linear_out.bias": "recurrent_block.linear_out.bias",
    "temporal_block.conv_1d.bias": "recurrent_block.conv_1d.b",
    "temporal_block.rg_lru.recurrent_param": "recurrent_block.rg_lru.a_param",
    "temporal_block.rg_lru.input_gate_weight": "recurrent_block.rg_lru.input_gate.w",
    "temporal_block.rg_lru.input_gate_bias": "recurrent_block.rg_lru.input_gate.b",
    "temporal_block.rg_lru.recurrent_gate_weight": "recurrent_block.rg_lru.a_gate.w",
    "temporal_block.rg_lru.recurrent_gate_bias": "recurrent_block.rg_lru.a_gate.b",
    "temporal_block.q_proj.weight": "attention_block.proj_q.weight",
    "temporal_block.k_proj.weight": "attention_block.proj_k.weight",
    "temporal_block.v_proj.weight": "attention_block.proj_v.weight",
    "temporal_block.o_proj.weight": "attention_block.proj_final.weight",
    "temporal_block.o_proj.bias": "attention_block.proj_final.bias",
}


def weights(size: str, form: WeightFormat) -> SyntheticSource:
    """The weights of all files of a size, under Hugging Face's names."""
    return SyntheticSource(preset(size), form)


def published_config(size: str, dtype: torch.dtype) -> dict[str, Any]:
    """config.json as Google published it; the two sizes name the pattern of their blocks differently."""
    shape = preset(size)
    return {
        _PATTERN_KEY[size]: ["recurrent", "recurrent", "attention"],
        "architectures": ["RecurrentGemmaForCausalLM"],
        "attention_bias": False,
        "attention_dropout": 0.0,
        "attention_window_size": 2048,
        "bos_token_id": 2,
        "conv1d_width": 4,
        "embeddings_scale_by_sqrt_dim": True,
        "eos_token_id": 1,
        "final_w_init_variance_scale": 2.0 / len(shape.block_types),
        "head_dim": shape.head_dim,
        "hidden_activation": "gelu_pytorch_tanh",
        "hidden_size": shape.width,
        "intermediate_size": 2 * shape.mlp_width,
        "logits_soft_cap": 30.0,
        "lru_width": shape.lru_width,
        "model_type": "recurrent_gemma",
        "num_attention_heads": shape.num_heads,
        "num_hidden_layers": len(shape.block_types),
        "num_key_value_heads": 1,
        "pad_token_id": 0,
        "partial_rotary_factor": 0.5,
        "rms_norm_eps": 1e-06,
        "rope_theta": 10000.0,
        "torch_dtype": str(dtype).removeprefix("torch."),
        "transformers_version": "4.40.0.dev0",
        "use_cache": True,
        "vocab_size": 256000,
        "w_init_variance_scale": 0.01,
    }


def huggingface_folder(folder: Path, size: str, form: WeightFormat) -> Path:
    """The folder, written at the first call: shards of at most 5 GB with an index, a copy of the embedding as head."""
    if folder.is_dir():
        return folder
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    source, dtype = weights(size, form), _DTYPES[form]
    names = _in_order(source.names())
    shards = _shards({name: source.shape(EMBEDDING if name == HEAD else name) for name in names}, dtype)
    weight_map = {}
    for number, shapes in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        _write_shard(partial / file, shapes, dtype, source)
        weight_map |= dict.fromkeys(shapes, file)
    total = sum(_nbytes(shape, dtype) for shapes in shards for shape in shapes.values())
    index = {"metadata": {"total_size": total}, "weight_map": weight_map}
    (partial / "model.safetensors.index.json").write_text(json.dumps(index, indent=2), encoding="utf-8")
    (partial / "config.json").write_text(json.dumps(published_config(size, dtype), indent=2), encoding="utf-8")
    for name in TOKENIZER_FILES:
        shutil.copy(STARTER / name, partial)
    partial.rename(folder)
    return folder


def deepmind_file(folder: Path, size: str) -> Path:
    """`SIZE.pt` in bfloat16 with a tokenizer beside it, written at the first call. Memory: the whole model."""
    path = folder / f"{size}.pt"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        for name in TOKENIZER_FILES:
            shutil.copy(STARTER / name, folder)
        partial = path.with_suffix(".partial")
        torch.save(dict(deepmind_tensors(weights(size, WeightFormat.BFLOAT16))), partial)
        partial.rename(path)
    return path


def deepmind_tensors(source: SyntheticSource) -> Iterator[tuple[str, Tensor]]:
    """The tensors of a `.pt` file, names and layouts as google-deepmind/recurrentgemma loads them."""
    yield "embedder.input_embedding", source.tensor(EMBEDDING)
    yield "final_norm.scale", source.tensor("model.final_norm.weight")
    for name in source.names():
        if not name.startswith("model.layers."):
            continue
        _, _, index, stem = name.split(".", 3)
        theirs = f"blocks.{index}."
        if stem in _SAME:
            yield theirs + _SAME[stem], source.tensor(name)
        elif stem == "temporal_block.conv_1d.weight":  # (e, 1, c)
            yield f"{theirs}recurrent_block.conv_1d.w", source.tensor(name)[:, 0].t().contiguous()
        elif stem == "mlp_block.gate_proj.weight":
            up = source.tensor(name.replace("gate_proj", "up_proj"))
            yield f"{theirs}mlp_block.ffw_up.w", torch.stack([source.tensor(name).t(), up.t()])
        elif stem == "mlp_block.gate_proj.bias":
            up = source.tensor(name.replace("gate_proj", "up_proj"))
            yield f"{theirs}mlp_block.ffw_up.b", torch.stack([source.tensor(name), up])[:, None, None]


def _in_order(names: Iterable[str]) -> list[str]:
    """The order of transformers' own module, and the head's copy last."""
    return [*sorted(names, key=lambda name: (name == "model.final_norm.weight", name != EMBEDDING)), HEAD]


def _shards(shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype) -> list[dict[str, tuple[int, ...]]]:
    shards: list[dict[str, tuple[int, ...]]] = [{}]
    room = _SHARD_BYTES
    for name in shapes:
        shape = shapes[name]
        if _nbytes(shape, dtype) > room:
            shards.append({})
            room = _SHARD_BYTES
        shards[-1][name] = shape
        room -= _nbytes(shape, dtype)
    return shards


def _write_shard(
    path: Path, shapes: Mapping[str, tuple[int, ...]], dtype: torch.dtype, source: SyntheticSource
) -> None:
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, shape in shapes.items():
        start, end = end, end + _nbytes(shape, dtype)
        header[name] = {"dtype": _CODES[dtype], "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for name in shapes:
            tensor = source.tensor(EMBEDDING if name == HEAD else name)
            file.write(memoryview(tensor.view(torch.uint8).numpy()))


def _nbytes(shape: tuple[int, ...], dtype: torch.dtype) -> int:
    return torch.Size(shape).numel() * dtype.itemsize
