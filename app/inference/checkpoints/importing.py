"""A Hugging Face folder -> the models' folder: what a model needs, linked or copied, with a record of every file.

The new folder has another name until it is complete. Other layouts are imported by converting them (convert.py).
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.errors import CheckpointError, ResourceError, UserError, lacks_disk
from app.core.whole_file import sync_folder
from app.inference.checkpoints.companions import companions
from app.inference.checkpoints.names import Layout
from app.inference.checkpoints.origin import origin_of
from app.inference.checkpoints.partial import held_alone, partial_folder, require_new
from app.inference.checkpoints.registry import Checkpoint, open_checkpoint
from app.inference.checkpoints.tied_head import differing_head
from app.inference.checkpoints.weight_files import INDEX_FILE, SAFETENSORS, SINGLE_FILE, is_numbered
from app.inference.config import CONFIG_FILE
from app.inference.manifest import FileRecord, Manifest, read_manifest, write_manifest

Progress = Callable[[int, int], None]
"""Called with the bytes that are done and those there are; what it raises ends the import."""

_BLOCK_BYTES = 4 << 20


@dataclass(frozen=True, slots=True)
class Imported:
    """A finished import."""

    folder: Path
    nbytes: int
    is_linked: bool
    """Whether the weights share their place on the disk with the originals."""
    notes: tuple[str, ...]
    """What the user should know of the files, a sentence each."""


def import_folder(source: Path, target: Path, *, link: bool, on_progress: Progress) -> Imported:
    """Bring a model into a new folder; nothing is left behind where it fails or is interrupted by an exception.

    Args:
        source: a folder in Hugging Face's layout, or a safetensors file in one.
        target: a folder that does not exist yet, in one that does.
        link: whether the weights may be hard links, which take no room; where the disk knows none they are copied.
        on_progress: bytes of all files that were read, and how many there are.
    Raises:
        CheckpointError: no such model, or its files are damaged. UserError: a target that cannot be.
        ResourceError: no room.
    """
    checkpoint = open_checkpoint(source)
    _require_sensible(checkpoint, target)
    partial = partial_folder(target)
    with held_alone(target):
        require_new(target, "give another name")
        try:
            # What an import or conversion to this name left that was killed.
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir()
            work = _Import(checkpoint, partial, link, on_progress)
            work.run()
            head = differing_head(checkpoint.source)
            write_manifest(partial, work.manifest(source))
            sync_folder(partial)
            partial.rename(target)
            sync_folder(target.parent)
        except BaseException as error:
            shutil.rmtree(partial, ignore_errors=True)
            if isinstance(error, OSError):
                raise _cannot_write(target, error) from error
            raise
    nbytes = sum(record.nbytes for record in work.records.values())
    return Imported(target, nbytes, work.is_linked, (head,) if head else ())


class _Import:
    """The files' part of one import."""

    def __init__(self, checkpoint: Checkpoint, partial: Path, link: bool, on_progress: Progress) -> None:
        self._folder = checkpoint.folder
        self._name = checkpoint.name
        self._partial = partial
        self._on_progress = on_progress
        self._may_link = link
        self._weights = {_new_name(path): path for path in checkpoint.files if path.suffix == SAFETENSORS}
        # A file that the user picked stands for itself: the index of its neighbours would speak of others.
        indexed = all(is_numbered(name) for name in self._weights)
        self._others = _others(checkpoint.folder, indexed=indexed)
        self._known = read_manifest(checkpoint.folder)
        self._done = 0
        self._total = sum(path.stat().st_size for path in (self._others | self._weights).values())
        self.is_linked = link and self._link_weights()
        self.records: dict[str, FileRecord] = {}

    def run(self) -> None:
        """Put every file in its place and keep its record."""
        copied = self._others if self.is_linked else self._others | self._weights
        _require_room(self._partial, sum(path.stat().st_size for path in copied.values()), may_link=self._may_link)
        for name, path in (self._others | self._weights).items():
            self.records[name] = record = self._take(path, copied=name in copied, name=name)
            self._require_known(path, record)

    def manifest(self, source: Path) -> Manifest:
        """The record of what was taken; where the files come from is kept from the source's own, if it has one."""
        origin = origin_of(self._folder, self._name, self._known)
        return replace(origin, source=origin.source or f"imported from {source.absolute()}", files=self.records)

    def _link_weights(self) -> bool:
        try:
            for name, path in self._weights.items():
                # A link in huggingface-hub's cache stands for the file it names.
                os.link(path.resolve(), self._partial / name)
        except OSError:
            for name in self._weights:
                with suppress(OSError):
                    (self._partial / name).unlink(missing_ok=True)
            return False
        return True

    def _take(self, path: Path, *, copied: bool, name: str) -> FileRecord:
        digest, nbytes = hashlib.sha256(), 0
        target = (self._partial / name).open("xb") if copied else None
        try:
            for block in _blocks(path):
                digest.update(block)
                if target is not None:
                    target.write(block)
                nbytes += len(block)
                self._done += len(block)
                self._on_progress(self._done, self._total)
            if target is not None:
                target.flush()
                os.fsync(target.fileno())
        finally:
            if target is not None:
                target.close()
        return FileRecord(nbytes, digest.hexdigest())

    def _require_known(self, path: Path, record: FileRecord) -> None:
        expected = self._known.files.get(path.name) if self._known is not None else None
        if expected is not None and expected != record:
            raise CheckpointError(
                f"{path} is damaged: it has {record.nbytes:,} bytes and the SHA-256 {record.sha256[:12]}…, expected "
                f"{expected.nbytes:,} and {expected.sha256[:12]}…: get the file again",
                code="damaged-file",
            )


def _new_name(path: Path) -> str:
    return path.name if is_numbered(path.name) else SINGLE_FILE


def _others(folder: Path, *, indexed: bool) -> dict[str, Path]:
    names = [folder / CONFIG_FILE, *([folder / INDEX_FILE] if indexed else []), *companions(folder)]
    return {path.name: path for path in names if path.is_file()}


def _require_sensible(checkpoint: Checkpoint, target: Path) -> None:
    if checkpoint.layout is not Layout.HUGGINGFACE:
        raise UserError(
            f"{checkpoint.folder} has the {checkpoint.layout} layout, not Hugging Face's: convert it instead"
        )
    require_new(target, "give another name")
    if not target.parent.is_dir():
        raise UserError(f"{target.parent} is not a folder: make it first")


def _require_room(folder: Path, need: int, *, may_link: bool) -> None:
    free = shutil.disk_usage(folder).free
    if need > free:
        raise ResourceError(
            f"the model needs {need / 2**20:,.0f} MiB and {free / 2**20:,.0f} MiB are free in {folder.parent}: "
            f"free some space{'' if may_link else ', or link the files instead of copying them'}",
            code="disk-full",
        )


def _cannot_write(target: Path, error: OSError) -> ResourceError:
    full = lacks_disk(error)
    why = "the disk is full" if full else error.strerror or error
    step = "free some space" if full else f"make {target.parent} writable, or choose another folder of models"
    return ResourceError(
        f"the model cannot be brought into {target} ({why}): {step}",
        code="disk-full" if full else "out",
    )


def _blocks(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                yield block
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read ({error.strerror or error}): get the file again") from error
