"""Hugging Face folders: config.json and one safetensors file or several shards with an index."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from app.core.errors import CheckpointError

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"


class SafetensorsSource:
    """Tensors of one or several safetensors files, memory-mapped; no pickle is ever read."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files: dict[str, Any] = {}
        with contextlib.ExitStack() as stack:
            for path in files:
                handle = stack.enter_context(_open(path))
                for name in handle.keys():  # noqa: SIM118 (not a dict)
                    self._files[name] = handle
            # Stay open as long as the source lives: tensors map the files' pages.
            self._stack = stack.pop_all()

    def names(self) -> Iterable[str]:
        """All tensor names."""
        return self._files.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape from the file's header."""
        return tuple(self._files[name].get_slice(name).get_shape())

    def tensor(self, name: str) -> Tensor:
        """The tensor as a view of the mapped file."""
        try:
            tensor: Tensor = self._files[name].get_tensor(name)
        except (SafetensorError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"{name} cannot be read ({error}): get the model's files again") from error
        return tensor


def safetensors_files(folder: Path) -> list[Path]:
    """The weight files of a folder, by the index where there is one; CheckpointError names a missing one."""
    index = folder / INDEX_FILE
    if index.exists():
        try:
            weight_map = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
            names = sorted({str(name) for name in weight_map.values()})
        except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
            raise CheckpointError(f"{index} cannot be read ({error!r}): get the file again") from error
        # An index names files beside it; anything else would read outside the model's folder.
        if bad := [name for name in names if Path(name).name != name]:
            raise CheckpointError(f"{index} names {bad[0]!r}, expected files in the same folder")
    else:
        names = [SINGLE_FILE]
    files = [folder / name for name in names]
    if missing := [path.name for path in files if not path.is_file()]:
        raise CheckpointError(f"{folder} lacks {', '.join(missing)}: get the model's files again")
    return files


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt", device="cpu")
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        size = path.stat().st_size if path.exists() else 0
        raise CheckpointError(
            f"{path} is damaged or cut short ({size:,} bytes; {error}): get the file again"
        ) from error
