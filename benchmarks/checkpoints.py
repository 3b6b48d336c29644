"""Checkpoints of the published sizes, full size, with random weights: does the engine compute what others compute?

    python -m benchmarks.checkpoints logits-2b      # 16 GB of disk, 14 GiB of memory
    python -m benchmarks.checkpoints logits-9b      # 19 GB of disk, 10 GiB of memory
    python -m benchmarks.checkpoints round-trip     # 17 GB of disk, 7 GiB of memory
    python -m benchmarks.checkpoints deepmind --code FOLDER

Option: --files FOLDER for the weights (default: benchmarks/.cache/checkpoints). What is there is used and stays there.
Each part goes into benchmarks/results/checkpoints.json. The same checks on tiny models run in tests/parity and
tests/inference/checkpoints.

logits-2b: a float32 file in Google's layout, read by transformers' RecurrentGemma and by the engine, the text longer
than the window and its last tokens taken one by one. transformers attends to 2,048 keys and DeepMind's code, with which
the models were trained, to 2,049: the comparison is under transformers' rule (`attention_window_keys`), and what the
other rule changes is told.
logits-9b: bfloat16 files computed in float32, layer after layer: each layer on the same hidden states, and the logits
of both chains of layers; with the window sliding, the first layer of each kind.
round-trip: DeepMind's `.pt` into Hugging Face's layout, compared to the bit, loaded by transformers and by the engine.
deepmind: logits of a `.pt` against DeepMind's own torch code (a checkout of google-deepmind/recurrentgemma in FOLDER,
with einops, jaxtyping and typeguard installed) under its own window rule.
"""

from __future__ import annotations

import argparse
import json
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from app.inference.bench.machine import machine
from app.inference.checkpoints import names
from app.inference.checkpoints.convert import convert_checkpoint
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.checkpoints.quantized import MatrixLoader
from app.inference.checkpoints.registry import open_checkpoint
from app.inference.checkpoints.weight_files import safetensors_files
from app.inference.compiled import load_compiled
from app.inference.config import GriffinConfig, read_config_json
from app.inference.loading import Notes, build_model
from app.inference.ops import Ops, TorchOps
from app.inference.weight_format import WeightFormat
from benchmarks.checkpoint_files import deepmind_file, huggingface_folder, weights
from benchmarks.checkpoint_measures import (
    CPU,
    Difference,
    Head,
    OneBlock,
    Watched,
    alone,
    described,
    embedded,
    engine_logits,
    pattern_key,
    peak_gib,
    relative,
    tensors_placed,
    token_ids,
)
from benchmarks.report import RESULTS, keep_part

if TYPE_CHECKING:
    from benchmarks.checkpoint_references import LayerwiseReference

TARGET = 1e-4
READ, WRITTEN = 2304, 8
"""Tokens read in chunks and then taken one by one: the window slides over 264 of them."""
READ_9B, SLIDING_9B, PATTERN_LAYERS = 576, 2176, 3
"""Tokens through all layers of the 9B, and through one round of its pattern, where the window slides over 128."""
READ_DEEPMIND, COMPARED_DEEPMIND = 2176, 512
TRIED = 64
"""Tokens for what must be equal to the bit, or only has to run."""


@dataclass(frozen=True, slots=True)
class Options:
    """files: where the weights lie; cache: compiled code; code: DeepMind's."""

    files: Path
    cache: Path
    code: Path | None


@torch.inference_mode()
def logits_2b(options: Options) -> dict[str, Any]:
    """See the module."""
    from benchmarks.checkpoint_references import save_reference_logits

    folder = alone(huggingface_folder, options.files / "2b-f32", "2b", WeightFormat.FLOAT32).value
    checkpoint = open_checkpoint(folder)
    ids = token_ids(READ + WRITTEN, checkpoint.config.vocab_size)
    expected = options.files / "2b-f32.logits"
    theirs = alone(save_reference_logits, folder, ids, WRITTEN, expected)
    rules = {
        keys: alone(compare_2b, folder, ids, WRITTEN, expected, keys, options.cache)
        for keys in (checkpoint.config.window_tokens, checkpoint.config.window_tokens + 1)
    }
    ours, other = rules.values()
    return {
        "files": described(folder),
        "key_of_the_pattern": pattern_key(read_config_json(folder)),
        "tokens_read": READ,
        "tokens_written": WRITTEN,
        "target": TARGET,
        **ours.value,
        "under_deepminds_rule": {part: other.value[part] for part in ("before_the_window_slides", "after")},
        "transformers": asdict(theirs.value) | theirs.cost(),
        "engine": ours.cost(),
    }


@torch.inference_mode()
def compare_2b(folder: Path, ids: list[int], written: int, expected: Path, keys: int, cache: Path) -> dict[str, Any]:
    """The engine's logits of a folder in float32 against those in a file, (t, v)."""
    checkpoint = open_checkpoint(folder)
    config = replace(checkpoint.config, window_keys=keys)
    source, notes = Watched(checkpoint.source), Notes()
    model = build_model(config, source, WeightFormat.FLOAT32, CPU, cache, notes).model
    theirs = np.memmap(expected, np.float32, "r", shape=(len(ids), config.vocab_size))
    whole, before, after = Difference(), Difference(), Difference()
    for start, logits in engine_logits(model, ids, written):
        reference = torch.from_numpy(np.array(theirs[start : start + len(logits)]))
        parts = [whole, before if start + len(logits) <= config.window_tokens else after]
        for part in parts:
            part.add(start, logits, reference)
    return {
        "tensors": tensors_placed(config, checkpoint.source, source.read),
        "logits": whole.figures(),
        "before_the_window_slides": before.figures(),
        "after": after.figures(),
        "notes": notes.found,
    }


@torch.inference_mode()
def logits_9b(options: Options) -> dict[str, Any]:
    """See the module."""
    from benchmarks.checkpoint_references import LayerwiseReference

    folder = alone(huggingface_folder, options.files / "9b-bf16", "9b", WeightFormat.BFLOAT16).value
    checkpoint = open_checkpoint(folder)
    config = replace(checkpoint.config, window_keys=checkpoint.config.window_tokens)
    config_json = read_config_json(folder)
    source = Watched(checkpoint.source)
    assert isinstance(checkpoint.source, SafetensorsSource)
    reference = LayerwiseReference(config_json, checkpoint.source)
    loader = MatrixLoader(source, WeightFormat.FLOAT32, CPU, None, WeightFormat.BFLOAT16)
    ops = load_compiled(options.cache) or TorchOps()
    ids = torch.tensor([token_ids(READ_9B, config.vocab_size)])
    begun = perf_counter()
    theirs, ours, layers = chains(reference, loader, config, ops, ids, len(config.block_types))
    sliding = torch.tensor([token_ids(SLIDING_9B, config.vocab_size)])
    *_, slid = chains(reference, loader, config, ops, sliding, PATTERN_LAYERS)
    whole = Difference()
    hidden = ops.rms_norm(ours, 1.0 + loader.vector(names.FINAL_NORM), config.rms_norm_eps)
    expected = list(reference.logits(theirs))
    head = Head(config, loader, ops)
    for start, logits in expected:
        whole.add(start, head(hidden[:, start : start + len(logits)])[0], logits)
    return {
        "files": described(folder),
        "key_of_the_pattern": pattern_key(config_json),
        "tokens_read": READ_9B,
        "target": TARGET,
        "tensors": tensors_placed(config, checkpoint.source, source.read),
        "logits": whole.figures(),
        "largest_difference_of_a_layer": max(layer["layer"] for layer in layers),
        "chain_after_each_layer": [layer["chain"] for layer in layers],
        "first_layers_with_the_window_sliding": {"tokens_read": SLIDING_9B, "layers": slid},
        "engine_and_transformers": {"peak_gib": peak_gib(), "seconds": perf_counter() - begun},
    }


def chains(
    reference: LayerwiseReference, loader: MatrixLoader, config: GriffinConfig, ops: Ops, ids: Tensor, layers: int
) -> tuple[Tensor, Tensor, list[dict[str, Any]]]:
    """A text through the first layers of both: hidden states (1, t, d) by transformers and by the engine.

    Each layer's differences beside them, as shares of the largest value: `layer` on transformers' own hidden states,
    `chain` of the engine's states after all layers so far.
    """
    theirs, ours, found = reference.embedded(ids), embedded(config, loader.source, ids), []
    assert torch.equal(theirs, ours), "the embeddings differ"
    for index in range(layers):
        block = OneBlock(config, loader, ops, index)
        after = reference.layer(index, theirs)
        difference = relative(block(theirs), after)
        theirs, ours = after, block(ours)
        found.append({"kind": str(config.block_types[index]), "layer": difference, "chain": relative(ours, theirs)})
        print(index, found[-1], flush=True)
    return theirs, ours, found


@torch.inference_mode()
def round_trip(options: Options) -> dict[str, Any]:
    """See the module."""
    file = alone(deepmind_file, options.files / "2b-deepmind", "2b").value
    folder = options.files / "2b-from-deepmind"
    shutil.rmtree(folder, ignore_errors=True)
    converted = alone(convert_back, file, folder)
    written = SafetensorsSource(safetensors_files(folder))
    differing = alone(differing_tensors, file, folder).value
    assert not any(differing.values()), differing
    loaded = alone(load_with_transformers, folder)
    ids = token_ids(TRIED, 256_000)
    from_file, from_folder = (alone(tried, path, ids, options.cache).value for path in (file, folder))
    assert torch.equal(from_file, from_folder), "the engine computes something else from the new folder"
    return {
        "file": described(file.parent),
        "folder": described(folder),
        "tensors_in_hugging_faces_layout": len(list(written.names())),
        "differing_tensors": differing,
        "same_logits_by_the_engine": {"tokens": TRIED, "to_the_bit": True},
        "conversion": converted.cost(),
        "transformers": asdict(loaded.value) | loaded.cost(),
    }


def convert_back(file: Path, folder: Path) -> None:
    """A `.pt` file into a new folder, every number as it is stored."""
    convert_checkpoint(file, folder, None, ops=TorchOps(), calibration_text="", check_text=None)


def differing_tensors(file: Path, folder: Path) -> dict[str, int]:
    """How many tensors are not what they were made as, bit for bit: in the opened `.pt`, in the new folder."""
    made = weights("2b", WeightFormat.BFLOAT16)
    opened = {"file": open_checkpoint(file).source, "folder": SafetensorsSource(safetensors_files(folder))}
    differing = dict.fromkeys(opened, 0)
    for source in opened.values():
        assert set(source.names()) == set(made.names()), "the names differ"
    for name in made.names():
        tensor = made.tensor(name).view(torch.int16)
        for place, source in opened.items():
            differing[place] += not torch.equal(source.tensor(name).contiguous().view(torch.int16), tensor)
    return differing


def load_with_transformers(folder: Path) -> Any:
    """What transformers says of the folder, after it has read a few tokens with it."""
    from benchmarks.checkpoint_references import load_and_try

    return load_and_try(folder, token_ids(TRIED, 256_000))


@torch.inference_mode()
def tried(path: Path, ids: list[int], cache: Path) -> Tensor:
    """The engine's logits of a few tokens in bfloat16."""
    checkpoint = open_checkpoint(path)
    model = build_model(checkpoint.config, checkpoint.source, WeightFormat.BFLOAT16, CPU, cache, Notes()).model
    return model.forward(torch.tensor([ids]), model.fresh_state())


@torch.inference_mode()
def deepmind(options: Options) -> dict[str, Any]:
    """See the module."""
    from benchmarks.checkpoint_references import deepmind_logits

    if options.code is None:
        raise SystemExit("--code FOLDER is missing: a checkout of google-deepmind/recurrentgemma")
    file = alone(deepmind_file, options.files / "2b-deepmind", "2b").value
    ids = token_ids(READ_DEEPMIND, 256_000)
    positions = range(READ_DEEPMIND - COMPARED_DEEPMIND, READ_DEEPMIND)
    theirs = alone(deepmind_logits, options.code, file, "2b", ids, positions)
    ours = alone(compare_deepmind, file, ids, positions, theirs.value, options.cache)
    return {
        "tokens_read": READ_DEEPMIND,
        "compared": f"the logits after the last {COMPARED_DEEPMIND} tokens, the window sliding over the last "
        f"{READ_DEEPMIND - 2049}",
        "target": TARGET,
        **ours.value,
        "deepmind": theirs.cost(),
        "engine": ours.cost(),
    }


@torch.inference_mode()
def compare_deepmind(file: Path, ids: list[int], positions: range, theirs: Tensor, cache: Path) -> dict[str, Any]:
    """The engine's logits of a `.pt` file in float32, its own window rule, against others at some positions."""
    checkpoint = open_checkpoint(file)
    source = Watched(checkpoint.source)
    model = build_model(checkpoint.config, source, WeightFormat.FLOAT32, CPU, cache, Notes()).model
    whole = Difference()
    for start, logits in engine_logits(model, ids, 0):
        if start >= positions.start:
            first = start - positions.start
            whole.add(start, logits, theirs[first : first + len(logits)])
    return {
        "window_keys": checkpoint.config.window_keys,
        "tensors": tensors_placed(checkpoint.config, checkpoint.source, source.read),
        "logits": whole.figures(),
    }


PARTS: Mapping[str, Callable[[Options], dict[str, Any]]] = {
    "logits-2b": logits_2b,
    "logits-9b": logits_9b,
    "round-trip": round_trip,
    "deepmind": deepmind,
}


def main() -> None:
    """Measure one part and keep it."""
    cache = RESULTS.parent / ".cache"
    parser = argparse.ArgumentParser(prog="python -m benchmarks.checkpoints")
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--files", type=Path, default=cache / "checkpoints")
    parser.add_argument("--code", type=Path)
    args = parser.parse_args()
    args.files.mkdir(parents=True, exist_ok=True)
    figures = {"machine": machine(), **PARTS[args.part](Options(args.files, cache, args.code))}
    keep_part(RESULTS / "checkpoints.json", args.part, figures, PARTS)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
