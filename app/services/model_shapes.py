"""What a model's files are, from their headers: without torch, and without reading a weight."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import EMBEDDING
from app.inference.checkpoints.weight_files import TORCH_SUFFIXES, is_orbax
from app.inference.config import GriffinConfig, config_from_json, read_config_json
from app.inference.stored_types import format_on_disk, stored_types


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A model's hyper-parameters, and the format of its weights on the disk."""

    config: GriffinConfig
    weight_format: str


def read_shape(folder: Path) -> ModelShape | None:
    """The shape of a folder in Hugging Face's layout, None for another layout. CheckpointError where it is damaged."""
    if not (folder / "config.json").is_file():
        return None
    config = config_from_json(read_config_json(folder))
    stored = stored_types(folder)
    if not stored and any(path.suffix in TORCH_SUFFIXES or is_orbax(path) for path in (*folder.iterdir(), folder)):
        return None  # a config.json may lie beside weights of another layout
    if EMBEDDING not in stored:
        raise CheckpointError(f"{folder} holds a config.json and no weights: get the model's files again")
    return ModelShape(config, format_on_disk(stored))
