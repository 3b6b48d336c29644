"""DeepMind's `.pt` files: one flat dict of tensors as torch saves it. Nothing in the file is ever executed."""

from __future__ import annotations

import pickletools
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from torch import Tensor

from app.core.errors import CheckpointError, GriffinDeskError
from app.core.text import one_line
from app.inference.checkpoints.source import DTYPE_NAMES, unreadable

_MAX_PICKLE_BYTES = 1 << 20
"""Of the part that names the tensors, some 300 bytes each; the numbers lie beside it."""
_TABLE_NAMES = re.compile(
    r"torch\._utils (?:_rebuild_tensor_v2|_rebuild_parameter)|collections OrderedDict|torch \w+Storage"
)
"""What torch calls to make a dict of tensors again."""
_MAX_SHARED_TUPLES = 16
"""torch writes each tuple where it stands. Tuples of two references to one another have no end to be looked through."""
_ZIP = b"PK\x03\x04"


class TorchFile:
    """The tensors of a file that `torch.save` wrote, memory-mapped; a ForeignTensors."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._tensors: Mapping[str, Tensor] = _tensors(path, _load(path))

    def names(self) -> Iterable[str]:
        """All names in the file."""
        return self._tensors.keys()

    def shape(self, name: str) -> tuple[int, ...]:
        """Shape; no numbers are read."""
        return tuple(self._tensors[name].shape)

    def dtype(self, name: str) -> str:
        """Element type as safetensors writes it."""
        dtype = self._tensors[name].dtype
        return DTYPE_NAMES.get(dtype, str(dtype).removeprefix("torch."))

    def tensor(self, name: str, index: int | None = None) -> Tensor:
        """A view of the mapped file."""
        return self._tensors[name] if index is None else self._tensors[name][index]


def _load(path: Path) -> Any:
    _require_zip(path)
    _require_table(path)
    try:
        # weights_only: a restricted reader that makes tensors and dicts and calls nothing that the file names.
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except UnpicklingError as error:
        raise _not_tensors(path) from error
    except PermissionError as error:
        raise CheckpointError(f"{path} may not be read: give yourself the right to read it") from error
    except Exception as error:  # whatever torch's readers stumble over in a damaged file
        raise _unreadable(path, error) from error


def _require_zip(path: Path) -> None:
    """Before torch looks: old files are one pickle, and a small archive may unpack to an enormous one."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_ZIP))
        if start != _ZIP:
            raise CheckpointError(
                f"{path} is not a file of torch's in today's form (it begins with {start!r}, expected {_ZIP!r}): "
                "get the model as published by its makers"
            )
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except PermissionError as error:
        raise CheckpointError(f"{path} may not be read: give yourself the right to read it") from error
    except CheckpointError:
        raise
    except Exception as error:  # zipfile raises a dozen kinds
        raise _unreadable(path, error) from error
    for entry in entries:
        if entry.compress_type != zipfile.ZIP_STORED:
            raise CheckpointError(f"{path} is a compressed archive, expected a file that torch saved")
        if entry.filename.endswith("/data.pkl") and entry.file_size > _MAX_PICKLE_BYTES:
            raise _damaged(path, f"its table of tensors has {entry.file_size:,} bytes")


def _require_table(path: Path) -> None:
    """Before torch reads the table: all that it names is what a dict of tensors needs, and it is soon read.

    torch would make a bytearray of any length, for one, which takes as much memory.
    """
    try:
        table = torch._C.PyTorchFileReader(str(path)).get_record("data.pkl")
        shared, is_tuple, tuples = 0, False, set[object]()
        for operation, argument, _ in pickletools.genops(table):
            if operation.name in ("GLOBAL", "INST", "STACK_GLOBAL"):
                if _TABLE_NAMES.fullmatch(str(argument)) is None:
                    raise _not_tensors(path)
            elif operation.name in ("BINPUT", "LONG_BINPUT", "PUT") and is_tuple:
                tuples.add(argument)
            elif operation.name in ("BINGET", "LONG_BINGET", "GET") and argument in tuples:
                shared += 1
            is_tuple = operation.name in ("TUPLE", "TUPLE1", "TUPLE2", "TUPLE3")
            if shared > _MAX_SHARED_TUPLES or operation.name in ("MEMOIZE", "DUP"):
                raise _not_tensors(path)
    except CheckpointError:
        raise
    except Exception as error:  # neither reader says what it raises
        raise _unreadable(path, error) from error


def _not_tensors(path: Path) -> CheckpointError:
    return CheckpointError(
        f"{path} holds more than tensors, or is damaged; code in a model's file is never run: get the file from its "
        "publisher"
    )


def _tensors(path: Path, found: Any) -> dict[str, Tensor]:
    if not isinstance(found, Mapping):
        raise CheckpointError(f"{path} holds a {type(found).__name__}, expected a dict of tensors by name")
    tensors = {}
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            raise CheckpointError(
                f"{path} holds a {type(value).__name__} under {name!r:.60}, expected a tensor under every name: "
                "it is not a RecurrentGemma model in DeepMind's layout"
            )
        # A tensor without numbers in the file, or one that repeats few of them, may claim any size.
        plain = value.layout is torch.strided and value.device.type == "cpu" and not value.is_quantized
        if not plain or value.numel() * value.element_size() > value.untyped_storage().nbytes():
            raise CheckpointError(f"{path}: {name!r:.60} is no plain tensor with all its numbers in the file")
        tensors[name] = value.detach()
    return tensors


def _unreadable(path: Path, error: Exception) -> GriffinDeskError:
    return unreadable(path, error, _damaged(path, str(error)).message)


def _damaged(path: Path, reason: str) -> CheckpointError:
    reason = one_line(reason.splitlines()[0]) if reason else "it ends too early"
    return CheckpointError(f"{path} is damaged or cut short ({reason:.120}): get the file again")
