"""What a model's files hold, by their headers alone. No torch here: services look before anything is loaded."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import EMBEDDING
from app.inference.weight_format import WeightFormat

_MOST_HEADER_BYTES = 100_000_000
"""What the safetensors format itself allows."""


def stored_types(folder: Path) -> dict[str, str]:
    """Element type (F32, BF16, I8 and so on) of every tensor in a folder's safetensors files; empty without any.

    CheckpointError where a file's header cannot be read.
    """
    found: dict[str, str] = {}
    for path in sorted(folder.glob("*.safetensors")):
        try:
            found |= _types(path)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error) as error:
            raise CheckpointError(f"{path} is damaged or cut short ({error!r:.80}): get the file again") from error
    return found


def format_on_disk(stored: Mapping[str, str]) -> WeightFormat:
    """The format of a model's matrices by its tensors' element types, as safetensors writes them (F32, BF16, I8, U8).

    Float16 counts as float32. One matrix in int4 makes an int4 model: its embedding and some others are int8.
    """
    if "U8" in stored.values():
        return WeightFormat.INT4
    by_embedding = {"I8": WeightFormat.INT8, "BF16": WeightFormat.BFLOAT16}
    return by_embedding.get(stored.get(EMBEDDING, ""), WeightFormat.FLOAT32)


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
