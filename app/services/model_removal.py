"""Models, and what came of conversions that were not finished, taken off the disk."""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import ResourceError
from app.inference.checkpoints.partial import held_alone, partial_folder

_REMOVED = ".removed-"


@dataclass(frozen=True, slots=True)
class UnfinishedCopy:
    """A conversion that was interrupted. name: of the model that it was to become; nbytes: what is on the disk."""

    name: str
    nbytes: int


def remove_folder(model: Path, models_dir: Path) -> None:
    """Delete a model in the folder of models; of a link the link alone. ResourceError where that cannot be."""
    # Renamed first: a model that is half deleted must not be found.
    gone = models_dir / f"{_REMOVED}{secrets.token_hex(4)}"
    try:
        model.rename(gone)
        _delete(gone)
    except OSError as error:
        raise ResourceError(
            f"{model} cannot be removed ({error.strerror or error}); close what uses it and try again",
            code="model-files",
        ) from error
    for left in models_dir.glob(f"{_REMOVED}*"):
        with suppress(OSError):  # of a removal that was killed, or that another window is at
            _delete(left)


def unfinished_copies(models_dir: Path) -> tuple[UnfinishedCopy, ...]:
    """Conversions in the folder of models that were interrupted, or are under way, in order of name."""
    found = []
    for path in sorted(models_dir.glob(".*.partial")):
        name = path.name[1 : -len(".partial")]
        if path.is_dir() and path == partial_folder(models_dir / name):
            sizes = []
            for file in path.iterdir():
                with suppress(OSError):  # its conversion may be at it
                    sizes.append(file.stat().st_size)
            found.append(UnfinishedCopy(name, sum(sizes)))
    return tuple(found)


def discard_unfinished(models_dir: Path, name: str) -> bool:
    """Delete what came of a conversion to this name; False where there is nothing. UserError while it is under way."""
    if all(copy.name != name for copy in unfinished_copies(models_dir)):
        return False
    target = models_dir / name
    with held_alone(target):
        shutil.rmtree(partial_folder(target), ignore_errors=True)
    return True


def _delete(path: Path) -> None:
    """A folder with all that is in it, or a file. OSError."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
    else:
        shutil.rmtree(path)
