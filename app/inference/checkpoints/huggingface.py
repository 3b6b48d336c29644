"""The tensors of Hugging Face's files: one safetensors file or several shards."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from app.core.errors import CheckpointError


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


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt", device="cpu")
    except PermissionError as error:
        raise CheckpointError(f"{path} may not be read: give yourself the right to read it") from error
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise CheckpointError(f"{path} is damaged or cut short ({error}): get the file again") from error
