"""Hugging Face folders: config.json and one safetensors file or several shards with an index."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.json_file import read_json_object

SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
_SHARD = re.compile(r"(.+)-(\d{5})-of-(0[0-9]{4})\.safetensors")


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

    def dtype(self, name: str) -> str:
        """Element type from the file's header, as safetensors writes it: F32, BF16, I8."""
        return str(self._files[name].get_slice(name).get_dtype())

    def tensor(self, name: str) -> Tensor:
        """The tensor as a view of the mapped file."""
        try:
            tensor: Tensor = self._files[name].get_tensor(name)
        except (SafetensorError, RuntimeError, ValueError) as error:
            raise CheckpointError(f"{name} cannot be read ({error}): get the model's files again") from error
        return tensor


def safetensors_files(folder: Path, chosen: Path | None = None) -> list[Path]:
    """The weight files of a folder, by the index where there is one; CheckpointError names a missing one.

    chosen: a file of them that the user named; one that is no part of a set is all there is.
    """
    if chosen is not None and not is_numbered(chosen.name) and chosen.name != SINGLE_FILE:
        return [chosen]
    index = None if chosen is not None and chosen.name == SINGLE_FILE else read_json_object(folder / INDEX_FILE)
    if index is not None:
        names = _shards(folder / INDEX_FILE, index)
    elif chosen is None and _is_file(folder / SINGLE_FILE):
        names = [SINGLE_FILE]
    else:
        names = _numbered(folder, chosen) or [SINGLE_FILE]
    files = [folder / name for name in names]
    if missing := [path.name for path in files if not _is_file(path)]:
        raise CheckpointError(f"{folder} lacks {_some(missing)}: get the model's files again")
    return files


def is_numbered(name: str) -> bool:
    """Whether a file's name is that of one shard of a set: `model-00001-of-00004.safetensors`."""
    return _SHARD.fullmatch(name) is not None


def _numbered(folder: Path, chosen: Path | None) -> list[str]:
    """All names of the set that a numbered file belongs to, whether they are there or not."""
    found = _SHARD.fullmatch(chosen.name) if chosen is not None else None
    if found is None:
        sets = {match.group(1, 3): match for path in sorted(folder.iterdir()) if (match := _SHARD.fullmatch(path.name))}
        if len(sets) > 1:
            raise CheckpointError(f"{folder} holds several sets of numbered safetensors files and no {INDEX_FILE}")
        found = next(iter(sets.values()), None)
    if found is None:
        return []
    stem, _, total = found.groups()
    return [f"{stem}-{number:05d}-of-{total}.safetensors" for number in range(1, int(total) + 1)]


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _shards(path: Path, index: Mapping[str, Any]) -> list[str]:
    weight_map = index.get("weight_map")
    if not isinstance(weight_map, dict) or not weight_map:
        raise CheckpointError(f"{path} has no weight_map, expected the file of each tensor: get the file again")
    for name in weight_map.values():
        # An index names files beside it; anything else would read outside the model's folder.
        if not isinstance(name, str) or Path(name).name != name or not name.endswith(".safetensors"):
            raise CheckpointError(f"{path} names {name!r:.60}, expected *.safetensors files in the same folder")
    return sorted(set(weight_map.values()))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be searched
        return False


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt", device="cpu")
    except PermissionError as error:
        raise CheckpointError(f"{path} may not be read: give yourself the right to read it") from error
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or cut short ({error}): get the file again") from error
