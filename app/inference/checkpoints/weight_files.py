"""Which files hold a model's weights, by their names: safetensors and their index, torch's, Orbax's. No torch here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import Layout
from app.inference.json_file import read_json_object

SAFETENSORS = ".safetensors"
SINGLE_FILE = "model.safetensors"
INDEX_FILE = "model.safetensors.index.json"
FILE_LAYOUTS: Mapping[str, Layout] = {".pt": Layout.DEEPMIND, ".pth": Layout.DEEPMIND}
"""The ending of a file that is a whole model -> its layout; safetensors, of which there may be several, apart."""
ORBAX_STORE = "manifest.ocdbt"
ORBAX_HEADERS = {".zarray": "zarr", "zarr.json": "zarr3"}
"""The file that describes an array, and the driver that reads it."""
_SHARD = re.compile(r"(.+)-(\d{5})-of-(0[0-9]{4})\.safetensors")


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
        beside = isinstance(name, str) and Path(name).name == name and name.isprintable()
        if not beside or not name.endswith(SAFETENSORS):
            raise CheckpointError(f"{path} names {name!r:.60}, expected *.safetensors files in the same folder")
    return sorted(set(weight_map.values()))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a folder that may not be searched
        return False


def is_orbax(folder: Path) -> bool:
    """Whether a folder holds arrays as Orbax writes them, by its files' names alone."""
    return folder.is_dir() and ((folder / ORBAX_STORE).is_file() or any(orbax_headers(folder)))


def orbax_files(folder: Path) -> list[Path]:
    """Every file that the numbers lie in, in an order that does not depend on the folder's place."""
    if (folder / ORBAX_STORE).is_file():
        roots = [folder / "d", *folder.glob("ocdbt.process_*")]
        found = [folder / ORBAX_STORE]
    else:
        roots, found = [header.parent for header in orbax_headers(folder)], []
    for root in roots:
        found += [path for path in root.rglob("*") if path.is_file()]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def orbax_headers(folder: Path) -> Iterator[Path]:
    """The files that describe the arrays of a folder with one array in each of its folders."""
    for header in ORBAX_HEADERS:
        yield from sorted(folder.glob(f"*/{header}"))
