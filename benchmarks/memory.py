"""The estimate of a model's memory against what a process really holds: `python -m benchmarks.memory`. Linux only.

Each case runs in a process of its own, after a tiny model in the same format has brought in libraries and kernels. The
measure is the growth of resident memory at its peak (VmHWM) while the model is loaded, reads 4,096 tokens in chunks and
writes 16: memory of its own and pages of the model's files alike, as a task manager shows it.
"""

from __future__ import annotations

import ctypes
import gc
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from app.inference.checkpoints.names import expected_shapes
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.config import config_from_json
from app.inference.device_names import CHUNK_TOKENS
from app.inference.loading import Notes, build_model
from app.inference.memory import estimate_memory
from app.inference.weight_format import WeightFormat
from benchmarks.report import STARTER, write

FORMATS = ("float32", "bfloat16", "int8")
CPU = torch.device("cpu")
MIB = 2**20
RAW = {
    "model_type": "recurrent_gemma",
    "num_key_value_heads": 1,
    "num_attention_heads": 4,
    "conv1d_width": 4,
    "block_types": ["recurrent", "recurrent", "attention"],
}
SIZES: dict[str, dict[str, Any]] = {
    "tiny": {
        "vocab_size": 1000,
        "hidden_size": 256,
        "intermediate_size": 1024,
        "num_hidden_layers": 3,
        "attention_window_size": 512,
    },
    # RecurrentGemma's shape with 218 million parameters, in bfloat16 as it is published.
    "middle": {
        "vocab_size": 64_000,
        "hidden_size": 1024,
        "intermediate_size": 6144,
        "num_hidden_layers": 12,
        "attention_window_size": 2048,
    },
}


def main() -> None:
    """Measure every case and write benchmarks/results/memory.json."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        models = {"starter": STARTER}
        for name, sizes in SIZES.items():
            models[name] = _write_model(Path(folder) / name, RAW | sizes)
        for name in ("starter", "middle"):
            for form in FORMATS:
                command = [sys.executable, "-m", "benchmarks.memory", str(models["tiny"]), str(models[name]), form]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                rows.append({"model": name, "format": form, **json.loads(done.stdout)})
                print(rows[-1], file=sys.stderr)
    write("memory", {"unit": "MiB", "rows": rows})


def measure(warm_up: Path, folder: Path, form: WeightFormat) -> dict[str, float]:
    """Estimate and measurement of one model in this process, MiB."""
    _use(warm_up, form)
    gc.collect()
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = _status()["VmRSS"]
    model, need = _use(folder, form)
    after = _status()
    del model
    estimate = need.total + need.converted_bytes
    peak = after["VmHWM"] - before
    sizes = {
        "weights": need.weights_bytes,
        "mapped": need.mapped_bytes,
        "converted": need.converted_bytes,
        "state": need.state_bytes,
        "working": need.working_bytes,
        "estimate": estimate,
        "measured_peak": peak,
    }
    return {key: round(value / MIB, 1) for key, value in sizes.items()} | {"ratio": round(peak / estimate, 3)}


def _use(folder: Path, form: WeightFormat) -> Any:
    checkpoint = open_checkpoint(folder)
    need = estimate_memory(checkpoint.config, form, chunk_tokens=CHUNK_TOKENS[CPU.type], stored=checkpoint.stored)
    model = build_model(checkpoint.config, checkpoint.source, form, CPU, None, Notes()).model
    del checkpoint
    with torch.inference_mode():
        state = model.fresh_state()
        ids = torch.randint(
            3, model.config.vocab_size, (1, CHUNK_TOKENS[CPU.type]), generator=torch.Generator().manual_seed(0)
        )
        for _ in range(8):
            state.logits = model.logits(model.hidden(ids, state)[:, -1:])[:, 0]
        for _ in range(16):
            state.logits = model.forward(ids[:, :1], state)[:, -1]
    return model, need


def _write_model(folder: Path, raw: dict[str, Any]) -> Path:
    generator = torch.Generator().manual_seed(0)
    tensors = {
        name: (torch.randn(shape, generator=generator) * (shape[-1] ** -0.5)).bfloat16()
        for name, shape in expected_shapes(config_from_json(raw))
    }
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(raw))
    save_file(tensors, folder / "model.safetensors")
    return folder


def _status() -> dict[str, int]:
    """VmRSS, VmHWM and the like in bytes."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return {line.split(":")[0]: int(line.split()[1]) * 1024 for line in lines if line.endswith(" kB")}


if __name__ == "__main__":
    if len(sys.argv) == 4:
        print(json.dumps(measure(Path(sys.argv[1]), Path(sys.argv[2]), WeightFormat(sys.argv[3]))))
    else:
        main()
