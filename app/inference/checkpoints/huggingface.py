"""The tensors of Hugging Face's files: one safetensors file or several shards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from app.core.errors import CheckpointError
from app.core.text import one_line
from app.inference.checkpoints.source import unreadable

MAX_HEADER_BYTES = 8 << 20
"""A hundred times that of the largest Griffin. The library reads what it is given, into ten times the memory."""
_MAX_NAME = 200
_MAX_DIMENSIONS = 8
_MAX_REASON = 160


class SafetensorsSource:
    """Tensors of one or several safetensors files, memory-mapped; no pickle is ever read."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files: dict[str, Any] = {}
        with contextlib.ExitStack() as stack:
            for path in files:
                handle = stack.enter_context(_open(path))
                for name in handle.keys():  # noqa: SIM118 (not a dict)
                    _require_showable(path, name, handle)
                    if name in self._files:
                        raise CheckpointError(
                            f"{path.parent} holds {name} in two files, one of them {path.name}: get the model's files "
                            "again"
                        )
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
        except (SafetensorError, OSError, RuntimeError, ValueError, MemoryError) as error:
            sentence = f"{name} cannot be read ({_reason(error)}): get the model's files again"
            raise unreadable(name, error, sentence) from error
        return tensor


def _open(path: Path) -> Any:
    try:
        _require_modest_header(path)
        return safe_open(path, framework="pt", device="cpu")
    except PermissionError as error:
        raise CheckpointError(f"{path} may not be read: give yourself the right to read it") from error
    except (SafetensorError, OSError, RuntimeError, ValueError, MemoryError) as error:
        sentence = f"{path} is damaged or cut short ({_reason(error)}): get the file again"
        raise unreadable(path, error, sentence) from error


def _require_modest_header(path: Path) -> None:
    with path.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"its header has {length:,} bytes, expected {MAX_HEADER_BYTES:,} at most")


def _require_showable(path: Path, name: str, handle: Any) -> None:
    """Name and shape stand in messages, which go to a terminal."""
    if len(name) > _MAX_NAME or not name.isprintable():
        raise CheckpointError(f"{path} holds a tensor of the name {name!r:.60}, which no model has: get the file again")
    if (dimensions := len(handle.get_slice(name).get_shape())) > _MAX_DIMENSIONS:
        raise CheckpointError(
            f"{path} holds {name} with {dimensions:,} dimensions, expected at most {_MAX_DIMENSIONS}: "
            "get the file again"
        )


def _reason(error: Exception) -> str:
    """What the library says, in which parts of the file may stand."""
    return f"{one_line(str(error)):.{_MAX_REASON}}" or type(error).__name__
