"""A model's folder while it is written: under another name, and by one process at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.errors import UserError
from app.core.file_lock import HELD, acquire, release


def partial_folder(target: Path) -> Path:
    """Where a model is written until it is complete."""
    return target.with_name(f".{target.name}.partial")


@contextmanager
def held_alone(target: Path) -> Iterator[None]:
    """While the block runs, no other process writes this model; UserError where one does already."""
    path = target.with_name(f".{target.name}.lock")
    try:
        descriptor = acquire(path)
    except OSError as error:
        if error.errno in HELD:
            raise UserError(
                f"{target} is being written by another run: wait for it, or choose another folder", code="busy"
            ) from error
        yield  # a file system without locks; one that cannot be written tells so at the first file
        return
    try:
        yield
    finally:
        release(descriptor, path)


def require_new(target: Path, step: str) -> None:
    """UserError with the next step where there is something at a new model's place."""
    if target.exists() or target.is_symlink():
        raise UserError(f"{target} exists already: {step}")
