"""A published size with random int8 weights as a model folder, for what has to go through a worker process."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from app.inference.checkpoints.shards import ShardWriter
from app.inference.checkpoints.synthetic import SyntheticSource, preset
from app.inference.weight_format import WeightFormat
from benchmarks.report import STARTER

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
    shards = ShardWriter(folder)
    for name in source.names():
        shards.add(name, source.tensor(name))
    shards.finish()
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
