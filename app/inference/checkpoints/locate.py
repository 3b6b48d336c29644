"""Which layout lies at a path, by the names of files alone; for what cannot be run, what to get instead.

No torch here: the program looks where a tokenizer lies too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.weight_files import (
    FILE_LAYOUTS,
    INDEX_FILE,
    SAFETENSORS,
    is_orbax,
    orbax_files,
    safetensors_files,
)
from app.inference.config import CONFIG_FILE

_TOKENIZERS = ("tokenizer.model", "tokenizer.json")
# By suffix: what it is. All of them have a sibling in a form that is read.
_FOREIGN = {
    ".bin": "PyTorch pickle files (.bin), which may hold code and are never opened",
    ".gguf": "a GGUF file, made for llama.cpp",
    ".h5": "a Keras file (.h5)",
    ".msgpack": "a Flax file (.msgpack)",
    ".onnx": "an ONNX file",
    ".tflite": "a TensorFlow Lite file",
    ".task": "a MediaPipe bundle (.task)",
    ".litertlm": "a LiteRT-LM bundle",
    ".npz": "a NumPy archive (.npz)",
    ".sbs": "a gemma.cpp file (.sbs)",
}
_CACHED = re.compile(r"models--(.+?)--(.+)")
_GIVE = "give the folder that holds the model's config.json and *.safetensors, or its .pt file"
_INSTEAD = "get the model's safetensors files from huggingface.co, or DeepMind's .pt file"


@dataclass(frozen=True, slots=True)
class Located:
    """A checkpoint's files.

    folder: where its tokenizer and config lie. origin: the file or folder of the weights. weights: every file of them.
    """

    layout: Layout
    folder: Path
    origin: Path
    weights: tuple[Path, ...]
    name: str


def locate(path: Path) -> Located:
    """The checkpoint at a path, a folder or a file; CheckpointError where there is none that can be run."""
    try:
        if path.is_dir():
            return _in_folder(path)
        if path.is_file():
            return _file(path)
    except PermissionError as error:
        raise CheckpointError(f"{path} may not be read: give yourself the right to read it") from error
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror or error})") from error
    what = "neither a folder nor a file" if path.exists() else "not there"
    raise CheckpointError(f"{path} is {what}: {_GIVE}")


def _file(path: Path) -> Located:
    if path.suffix == SAFETENSORS:
        folder = path.parent
        # A shard stands for its whole set, a file of any other name for itself.
        files = safetensors_files(folder, path)
        return Located(Layout.HUGGINGFACE, folder, folder, tuple(files), _named(folder))
    if path.suffix in FILE_LAYOUTS:
        return Located(FILE_LAYOUTS[path.suffix], path.parent, path, (path,), path.stem)
    if path.name in (INDEX_FILE, CONFIG_FILE):
        return _in_folder(path.parent)
    if path.suffix in _FOREIGN:
        raise CheckpointError(f"{path} is {_FOREIGN[path.suffix]}: {_INSTEAD}", code="foreign-layout")
    raise CheckpointError(
        f"{path} is not a model's file: give a folder with config.json, or a .safetensors or .pt file",
        code="foreign-layout",
    )


def _in_folder(folder: Path) -> Located:
    present = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    if any(entry.name == INDEX_FILE or entry.suffix == SAFETENSORS for entry in present):
        return Located(Layout.HUGGINGFACE, folder, folder, tuple(safetensors_files(folder)), _named(folder))
    models = [entry for entry in present if entry.suffix in FILE_LAYOUTS and entry.is_file()]
    if len(models) == 1:
        return _file(models[0])
    if models:
        shown = ", ".join(entry.name for entry in models[:4])
        raise CheckpointError(f"{folder} holds several models ({shown}): give one of the files")
    if is_orbax(folder):
        return _orbax(folder)
    inside = [entry for entry in present if is_orbax(entry)]
    if len(inside) == 1:
        return _orbax(inside[0])
    if inside:
        shown = ", ".join(entry.name for entry in inside[:4])
        raise CheckpointError(f"{folder} holds several models ({shown}): give one of the folders")
    raise CheckpointError(_nothing(folder, present), code="foreign-layout")


def _orbax(folder: Path) -> Located:
    # As published, the tokenizer lies beside the folder of the numbers.
    homes = [home for home in (folder, folder.parent) if any((home / name).is_file() for name in _TOKENIZERS)]
    return Located(Layout.ORBAX, homes[0] if homes else folder, folder, tuple(orbax_files(folder)), _named(folder))


def _named(folder: Path) -> str:
    """The folder's name; of a snapshot in huggingface-hub's cache, which is a hash, the repository's."""
    folder = folder.absolute()
    return found.repository.rpartition("/")[2] if (found := cached_repository(folder)) else folder.resolve().name


@dataclass(frozen=True, slots=True)
class CachedRepository:
    """What huggingface-hub's cache tells by a folder's path."""

    repository: str
    revision: str


def cached_repository(folder: Path) -> CachedRepository | None:
    """The repository of a snapshot in huggingface-hub's cache (`models--OWNER--NAME/snapshots/COMMIT`)."""
    if folder.parent.name != "snapshots" or not (found := _CACHED.fullmatch(folder.parent.parent.name)):
        return None
    return CachedRepository(f"{found[1]}/{found[2]}", folder.name)


def _nothing(folder: Path, present: list[Path]) -> str:
    if foreign := list(_foreign(present)):
        return f"{folder} holds {foreign[0]}: {_INSTEAD}"
    if (folder / CONFIG_FILE).is_file():
        return f"{folder} lacks model.safetensors: get the model's files again"
    if snapshots := sorted(folder.glob("snapshots/*/config.json")):
        return f"{folder} is the cache's folder of a repository: give {snapshots[0].parent}"
    return f"{folder} holds no config.json: {_GIVE}"


def _foreign(present: list[Path]) -> Iterator[str]:
    for entry in present:
        if entry.suffix in _FOREIGN and entry.is_file():
            yield f"{entry.name}, {_FOREIGN[entry.suffix]}"
