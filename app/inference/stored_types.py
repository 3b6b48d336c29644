"""What a model's files hold, by their headers alone. No torch here: services look before anything is loaded."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import EMBEDDING
from app.inference.checkpoints.weight_files import SAFETENSORS, safetensors_files
from app.inference.weight_format import WeightFormat

_MOST_HEADER_BYTES = 100_000_000
"""What the safetensors format itself allows."""


def stored_types(path: Path) -> dict[str, str]:
    """Element type (F32, BF16, I8 and so on) of every tensor of a model, a folder or a file; empty in another layout.

    CheckpointError where a file is missing or its header cannot be read.
    """
    found: dict[str, str] = {}
    for file in _files(path):
        try:
            found |= _types(file)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise CheckpointError(f"{file} is damaged or cut short ({_why(error):.80}): get the file again") from error
    return found


def _why(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or str(error)
    known = isinstance(error, ValueError) and not isinstance(error, UnicodeError)
    return str(error) if known else "its header is no safetensors header"


def format_on_disk(stored: Mapping[str, str]) -> WeightFormat:
    """The format of a model's matrices by its tensors' element types, as safetensors writes them (F32, BF16, I8, U8).

    Float16 counts as float32. One matrix in int4 makes an int4 model: its embedding and some others are int8.
    """
    if "U8" in stored.values():
        return WeightFormat.INT4
    by_embedding = {"I8": WeightFormat.INT8, "BF16": WeightFormat.BFLOAT16}
    return by_embedding.get(stored.get(EMBEDDING, ""), WeightFormat.FLOAT32)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return safetensors_files(path) if any(path.glob(f"*{SAFETENSORS}")) else []
    return safetensors_files(path.parent, path) if path.suffix == SAFETENSORS else []


def _types(path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        if length > _MOST_HEADER_BYTES:
            raise ValueError("its header has no end")
        text = file.read(length)
        if len(text) < length:
            raise ValueError("it ends within its header")
        header = json.loads(text)
    return {name: str(entry["dtype"]) for name, entry in header.items() if name != "__metadata__"}
