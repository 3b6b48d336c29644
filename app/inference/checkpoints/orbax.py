"""Flax parameters as Orbax writes them: a folder of zarr arrays, in one OCDBT store or a folder each.

Read with tensorstore, which writes them too; no Flax or JAX is needed. The arrays' names are the tree's, joined by
dots: `params.blocks.0.mlp_block.ffw_up.w` (google-deepmind/recurrentgemma, jax/utils.py, `save_parameters`).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from app.core.errors import CheckpointError
from app.inference.checkpoints.weight_files import ORBAX_HEADERS, ORBAX_STORE, orbax_headers

if TYPE_CHECKING:
    from types import ModuleType

_DTYPES = {"float64": "F64", "float32": "F32", "float16": "F16", "bfloat16": "BF16"}
_ROOT = "params."


class OrbaxArrays:
    """The arrays of one checkpoint, read one at a time into memory; a ForeignTensors."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._tensorstore = _tensorstore(folder)
        self._arrays: dict[str, Any] = {}
        try:
            pending = {name: self._tensorstore.open(spec, open=True, read=True) for name, spec in self._specs()}
            opened = {name: future.result() for name, future in pending.items()}
        except (ValueError, OSError, RuntimeError, KeyError) as error:
            raise _damaged(folder, error) from error
        # load_parameters gives {"params": ...}; Flax's own variables may come without that level.
        rooted = all(name.startswith(_ROOT) for name in opened)
        self._arrays = {name.removeprefix(_ROOT) if rooted else name: array for name, array in opened.items()}

    def names(self) -> Iterable[str]:
        """All names, without the tree's root."""
        return self._arrays.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape from the array's header."""
        return tuple(int(size) for size in self._arrays[name].shape)

    def dtype(self, name: str) -> str:
        """Element type as safetensors writes it."""
        found = str(self._arrays[name].dtype.name)
        return _DTYPES.get(found, found)

    def tensor(self, name: str, index: int | None = None) -> Tensor:
        """The numbers, in memory of their own."""
        array = self._arrays[name]
        try:
            numbers = (array if index is None else array[index]).read(order="C").result()
        except (ValueError, OSError, RuntimeError) as error:
            raise CheckpointError(
                f"{name} cannot be read ({_reason(self._folder, error)}): get the model's files again"
            ) from error
        if self.dtype(name) == "BF16":
            # numpy knows bfloat16 only through a type of tensorstore's that torch does not take.
            return torch.from_numpy(numbers.view("int16")).view(torch.bfloat16)
        return torch.from_numpy(numbers)

    def _specs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        base = {"driver": "file", "path": f"{self._folder.resolve()}{os.sep}"}
        if not (self._folder / ORBAX_STORE).is_file():
            for header in orbax_headers(self._folder):
                store = {"driver": "file", "path": f"{header.parent.resolve()}{os.sep}"}
                yield header.parent.name, _spec(header.name, store)
            return
        database = self._tensorstore.KvStore.open({"driver": "ocdbt", "base": base}).result()
        for key in database.list().result():
            name, _, header = key.decode("utf-8", errors="replace").rpartition("/")
            if header in ORBAX_HEADERS:
                yield name, _spec(header, {"driver": "ocdbt", "base": base, "path": f"{name}/"})


def _spec(header: str, store: dict[str, Any]) -> dict[str, Any]:
    # A part that is not there would otherwise be read as zeros.
    return {"driver": ORBAX_HEADERS[header], "kvstore": store, "fill_missing_data_reads": False}


def _tensorstore(folder: Path) -> ModuleType:
    try:
        import tensorstore
    except ImportError as error:
        raise CheckpointError(
            f"{folder} holds a Flax model (an Orbax checkpoint), and the package that reads it is not installed: run "
            '`pip install "griffin-desk[orbax]"`, or get the PyTorch or Hugging Face files of the same model',
            code="no-tensorstore",
        ) from error
    return tensorstore  # type: ignore[no-any-return, unused-ignore]


def _damaged(folder: Path, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{folder} cannot be read as an Orbax checkpoint ({_reason(folder, error)}): get it again, all of its files"
    )


def _reason(folder: Path, error: Exception) -> str:
    """The error's first line, short, without the folder's path again and again."""
    text = str(error).replace(f"{folder.resolve()}{os.sep}", "") or type(error).__name__
    return f"{text.splitlines()[0]:.160}"
