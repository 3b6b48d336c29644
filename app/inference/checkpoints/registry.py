"""Model folder -> config and tensors. To add a layout: a source and one line in `open_checkpoint`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.checkpoints import names
from app.inference.checkpoints.check import check_tensors
from app.inference.checkpoints.huggingface import SafetensorsSource, safetensors_files
from app.inference.checkpoints.quantized import stored_format
from app.inference.checkpoints.source import TensorSource
from app.inference.config import GriffinConfig, config_from_json, read_config_json
from app.inference.weight_format import WeightFormat

_CONVERSATION_FILES = ("chat_template.jinja", "tokenizer_config.json", "generation_config.json")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """An opened model folder: config and tensors' headers agree, their data are still on disk."""

    folder: Path
    config: GriffinConfig
    source: TensorSource
    files: tuple[Path, ...]
    """What makes the model itself: config, weights, and how it takes a conversation."""

    @property
    def stored_format(self) -> WeightFormat:
        """The weight format on disk."""
        return stored_format(self.source, names.EMBEDDING)


def open_checkpoint(folder: Path) -> Checkpoint:
    """Open a model folder; CheckpointError says what is missing or damaged."""
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder: give the folder that holds the model's config.json")
    config = config_from_json(read_config_json(folder))
    files = safetensors_files(folder)
    source = SafetensorsSource(files)
    check_tensors(config, source)
    spoken = [path for name in _CONVERSATION_FILES if (path := folder / name).is_file()]
    return Checkpoint(folder, config, source, (folder / "config.json", *files, *spoken))
