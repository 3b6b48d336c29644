"""A published size with random int8 weights as a model folder, for what has to go through a worker process."""

from __future__ import annotations

import json
import shutil
from math import prod
from pathlib import Path

from app.inference.checkpoints.shard_file import DTYPES, Entry, ShardFile
from app.inference.checkpoints.source import TensorSource
from app.inference.checkpoints.synthetic import SyntheticSource
from app.inference.checkpoints.weight_files import INDEX_FILE
from app.inference.presets import preset
from app.inference.weight_format import WeightFormat
from benchmarks.report import STARTER

SHARD_BYTES = 1 << 30
TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def int8_folder(size: str, cache: Path) -> Path:
    """The folder, written at the first call (2.7 GB for the 2b). Its tokenizer is the starter's: any will do."""
    folder = cache / f"{size}-int8"
    if (folder / "model.safetensors.index.json").is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    config = preset(size)
    source = SyntheticSource(config, WeightFormat.INT8)
    write_weights(folder, source)
    for name in TOKENIZER_FILES:
        shutil.copy(STARTER / name, folder)
    (folder / "config.json").write_text(
        json.dumps(
            {
                "model_type": "recurrent_gemma",
                "num_hidden_layers": len(config.block_types),
                "vocab_size": config.vocab_size,
                "hidden_size": config.width,
                "intermediate_size": 2 * config.mlp_width,
                "num_attention_heads": config.num_heads,
                "num_key_value_heads": config.num_kv_heads,
                "lru_width": config.lru_width,
                "attention_window_size": config.window_tokens,
                "conv1d_width": config.conv_width,
                "logits_soft_cap": config.logits_soft_cap,
                "rms_norm_eps": config.rms_norm_eps,
                "block_types": [str(kind) for kind in config.block_types[:3]],
                "tie_word_embeddings": True,
            }
        ),
        encoding="utf-8",
    )
    return folder


def write_weights(folder: Path, source: TensorSource) -> None:
    """The tensors of a source in files of about a gigabyte, with an index; one tensor is in memory at a time."""
    shards: list[list[str]] = []
    room = 0
    for name in source.names():
        nbytes = prod(source.shape(name)) * DTYPES[source.dtype(name)].itemsize
        if not shards or nbytes > room:
            shards.append([])
            room = SHARD_BYTES
        shards[-1].append(name)
        room -= nbytes
    weight_map = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        writer = ShardFile(folder / file, [Entry(name, source.dtype(name), source.shape(name)) for name in names])
        for name in names:
            writer.write(name, source.tensor(name))
        writer.finish()
        weight_map |= dict.fromkeys(names, file)
    (folder / INDEX_FILE).write_text(json.dumps({"weight_map": weight_map}), encoding="utf-8")
