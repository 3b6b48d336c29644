"""The small files of a model's folder, most of them JSON, read with suspicion: they were downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.core.errors import CheckpointError
from app.core.whole_file import regular_size

MAX_BYTES = 16 << 20
"""Many times the largest tokenizer_config.json or index of shards; a larger file is something else."""

_CODE = "damaged-config"


def read_json_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file, None where there is no such file; CheckpointError when it cannot be read."""
    try:
        found = json.loads(read_bytes(path, MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    except RecursionError as error:
        raise _damaged(path, "it is nested too deeply") from error
    if not isinstance(found, dict):
        raise CheckpointError(
            f"{path} holds a JSON {type(found).__name__}, expected an object: fetch the model's files again", code=_CODE
        )
    return found


def read_bytes(path: Path, most: int) -> bytes:
    """A file's content; OSError where it cannot be read, ValueError where it is no file or has more bytes."""
    if (nbytes := regular_size(path)) > most:
        raise ValueError(f"it has {nbytes:,} bytes, expected {most:,} at most")
    return path.read_bytes()


def _damaged(path: Path, reason: str) -> CheckpointError:
    return CheckpointError(f"{path} cannot be read as JSON ({reason}): fetch the model's files again", code=_CODE)
