"""What a model's files are, from their headers: without torch, and without reading a weight."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import EMBEDDING
from app.inference.checkpoints.weight_files import FILE_LAYOUTS, INDEX_FILE, SAFETENSORS, is_orbax
from app.inference.config import CONFIG_FILE, GriffinConfig, config_from_json, read_config_json
from app.inference.stored_types import format_on_disk, stored_types
from app.inference.weight_format import WeightFormat


@dataclass(frozen=True, slots=True)
class ModelShape:
    """A model's hyper-parameters, and the format of its weights on the disk."""

    config: GriffinConfig
    stored: Mapping[str, str]
    """Element type by tensor's name, as safetensors writes it."""

    @property
    def weight_format(self) -> WeightFormat:
        """Of its matrices."""
        return format_on_disk(self.stored)


def read_shape(path: Path) -> ModelShape | None:
    """The shape of a folder or file in Hugging Face's layout, None for another. CheckpointError where it is damaged."""
    folder = path if path.is_dir() else path.parent
    if not (folder / CONFIG_FILE).is_file() or is_another_layout(path):
        return None
    config = config_from_json(read_config_json(folder))
    stored = stored_types(path)
    if EMBEDDING not in stored:
        raise CheckpointError(f"{folder} holds a config.json and no weights: get the model's files again")
    return ModelShape(config, stored)


def is_another_layout(path: Path) -> bool:
    """Whether a folder or file holds weights and none in Hugging Face's layout: a config.json there need not be whole.

    By names alone.
    """
    if not path.is_dir():
        return path.suffix in FILE_LAYOUTS
    present = list(path.iterdir())
    if any(file.suffix == SAFETENSORS or file.name == INDEX_FILE for file in present):
        return False
    return any(file.suffix in FILE_LAYOUTS or is_orbax(file) for file in (*present, path))
