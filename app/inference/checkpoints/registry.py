"""Model folder or file -> config and tensors. To add a layout: a source, and one line in `_SOURCES`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from app.core.errors import CheckpointError
from app.inference.checkpoints import names
from app.inference.checkpoints.check import check_tensors
from app.inference.checkpoints.deepmind import TorchFile
from app.inference.checkpoints.deepmind_source import DeepMindSource
from app.inference.checkpoints.huggingface import SafetensorsSource
from app.inference.checkpoints.inferred_config import RECURRENTGEMMA, TRAIT_KEYS, config_json, infer_sizes, known_traits
from app.inference.checkpoints.locate import Located, locate
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.orbax import OrbaxArrays
from app.inference.checkpoints.quantized import stored_format
from app.inference.checkpoints.source import TensorSource
from app.inference.config import CONFIG_FILE, GriffinConfig, config_from_json, read_config_json
from app.inference.json_file import read_json_object
from app.inference.weight_format import WeightFormat

_CONVERSATION_FILES = ("chat_template.jinja", "tokenizer_config.json", "generation_config.json")
_TORCH_NAMES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16"}


class ForeignSource(TensorSource, Protocol):
    """The tensors of files that have no config.json, under our names."""

    def title(self, name: str) -> str:
        """What the files call one of our tensors, or would call it."""
        ...


_SOURCES: Mapping[Layout, Callable[[Located], ForeignSource]] = {
    Layout.DEEPMIND: lambda found: DeepMindSource(TorchFile(found.weights[0]), found.layout, str(found.origin)),
    Layout.ORBAX: lambda found: DeepMindSource(OrbaxArrays(found.origin), found.layout, str(found.origin)),
}
"""Opens the files of each layout but Hugging Face's."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An opened model: config and tensors' headers agree, their data are still on disk."""

    folder: Path
    """Where the tokenizer and what else belongs to the model lies."""
    config: GriffinConfig
    source: TensorSource
    files: tuple[Path, ...]
    """What makes the model itself: config, weights, and how it takes a conversation."""
    layout: Layout
    config_json: Mapping[str, Any]
    """config.json in Hugging Face's form, made from the tensors' shapes where the layout has none."""
    name: str
    """What its publisher calls it, by the name of the folder, or of the one file that holds the weights."""

    @property
    def stored(self) -> dict[str, str]:
        """Element type on disk of each tensor that the config expects, by name."""
        return {name: self.source.dtype(name) for name, _ in names.expected_shapes(self.config)}

    @property
    def stored_format(self) -> WeightFormat:
        """The weight format on disk."""
        return stored_format(self.source)


def open_checkpoint(path: Path) -> Checkpoint:
    """Open a model's folder, or the one file of its weights; CheckpointError says what is missing or damaged.

    A `.pt` file or an Orbax folder has no config.json: what its shapes do not tell is known of the published sizes.
    A config.json beside it adds to that, or overrides it.
    """
    found = locate(path)
    if found.layout is Layout.HUGGINGFACE:
        source = SafetensorsSource(found.weights)
        raw = read_config_json(found.folder)
        config = config_from_json(raw)
        check_tensors(config, source)
        return _opened(found, config, source, raw)
    foreign = _SOURCES[found.layout](found)
    given = read_json_object(found.folder / CONFIG_FILE)
    raw = _made_up_config(foreign, given or {}, found.origin)
    config = config_from_json(raw)
    check_tensors(config, foreign, described_by=CONFIG_FILE if given else str(found.origin), title=foreign.title)
    return _opened(found, config, foreign, raw)


def _opened(found: Located, config: GriffinConfig, source: TensorSource, raw: Mapping[str, Any]) -> Checkpoint:
    # In this order: a fingerprint of them is kept with every saved state.
    files = (found.folder / CONFIG_FILE, *found.weights, *(found.folder / name for name in _CONVERSATION_FILES))
    present = tuple(path for path in files if path.is_file())
    return Checkpoint(found.folder, config, source, present, found.layout, raw, found.name)


def _made_up_config(source: ForeignSource, given: Mapping[str, Any], origin: Path) -> dict[str, Any]:
    """config.json in Hugging Face's form for a checkpoint of another layout; what is given wins."""
    sizes = infer_sizes({name: source.shape(name) for name in source.names()}, source.title)
    traits = known_traits(sizes)
    # A whole config.json means Hugging Face's defaults by what it leaves out, which are RecurrentGemma's.
    missing = [] if "model_type" in given else [key for key in TRAIT_KEYS if given.get(key) is None]
    if traits is None and missing:
        raise CheckpointError(
            f"{origin} is no published size (width {sizes.width:,}, {len(sizes.block_types)} layers), and "
            f"{', '.join(missing)} are in none of its tensors: put a {CONFIG_FILE} with them beside it",
            code="unknown-traits",
        )
    traits = traits or RECURRENTGEMMA
    made = config_json(sizes, _TORCH_NAMES.get(source.dtype(names.EMBEDDING), "float32"), traits)
    merged = made | {key: value for key, value in given.items() if value is not None}
    if given.get("_block_types"):
        merged["block_types"] = given.get("block_types") or given["_block_types"]
    window = merged["attention_window_size"]
    if given.get("attention_window_keys") is None and isinstance(window, int):
        merged["attention_window_keys"] = window + 1
    return merged
