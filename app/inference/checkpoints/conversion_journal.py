"""What of a conversion is finished, kept beside its files: the same conversion goes on from there another day."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.core.errors import CheckpointError
from app.core.whole_file import replace_file
from app.inference.checkpoints.conversion_report import Conversion, MatrixReport
from app.inference.checkpoints.registry import Checkpoint
from app.inference.json_file import read_json_object
from app.inference.manifest import FileRecord, Hashed, sha256_of

JOURNAL = ".conversion.json"
_VERSION = 1
"""Of the journal, and of how tensors are rounded: what another version of the program began is begun anew."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A finished file of the new model, and what became of the tensors in it."""

    record: FileRecord
    matrices: tuple[MatrixReport, ...]


@dataclass(slots=True)
class Journal:
    """The finished files of one conversion, by name. identity: of its source and options."""

    folder: Path
    identity: str
    shards: dict[str, Shard] = field(default_factory=dict)
    made: Conversion | None = None
    """What the conversion came to, once its folder only lacks its name."""

    def keep(self, name: str, shard: Shard) -> None:
        """Note that a file is complete and on the disk. OSError where the disk does not take the note."""
        self.shards[name] = shard
        self._write()

    def lose(self, name: str) -> None:
        """Forget a file that is not as it was written."""
        del self.shards[name]
        self._write()

    def begin(self) -> None:
        """Write the journal for the first time."""
        self._write()

    def complete(self, made: Conversion) -> None:
        """Note that all files of the new folder are on the disk."""
        self.made = made
        self._write()

    def _write(self) -> None:
        shards = {name: asdict(shard) for name, shard in self.shards.items()}
        content: dict[str, Any] = {"version": _VERSION, "identity": self.identity, "shards": shards, "made": None}
        if self.made is not None:
            content["made"] = {**asdict(self.made), "folder": str(self.made.folder)}
        replace_file(self.folder / JOURNAL, json.dumps(content).encode())


def read_journal(folder: Path, identity: str) -> Journal | None:
    """The journal in a folder, None where there is none of this conversion that can be read."""
    try:
        raw = read_json_object(folder / JOURNAL)
        if raw is None or raw["version"] != _VERSION or raw["identity"] != identity:
            return None
        shards = {name: _shard(of) for name, of in raw["shards"].items()}
        return Journal(folder, identity, shards, None if raw["made"] is None else _conversion(raw["made"]))
    except (CheckpointError, KeyError, TypeError, ValueError, AttributeError):
        return None


def is_intact(path: Path, record: FileRecord, on_hashed: Hashed | None = None) -> bool:
    """Whether a file is on the disk as it was written; it is read once."""
    try:
        if path.stat().st_size != record.nbytes:
            return False
        _forget_cached(path)
        return sha256_of(path, on_hashed) == record.sha256
    except OSError:
        return False


def _forget_cached(path: Path) -> None:
    """Have the system read the file from the disk and not from memory, where that can be asked for."""
    if not hasattr(os, "posix_fadvise"):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


def identity_of(checkpoint: Checkpoint, options: Mapping[str, Any]) -> str:
    """A hash that changes with the source's files, its config and the options; no weights are read for it."""
    folder, weights = checkpoint.folder, set(checkpoint.files)
    small = {path for path in folder.iterdir() if path.is_file() and path.suffix in (".json", ".model", ".jinja")}
    files = []
    for path in sorted(weights | small):
        status = path.stat()
        files.append((path.name, status.st_size, status.st_mtime_ns))
    facts = [files, dict(checkpoint.config_json), dict(options)]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode()).hexdigest()


def _shard(raw: Mapping[str, Any]) -> Shard:
    record = FileRecord(int(raw["record"]["nbytes"]), str(raw["record"]["sha256"]))
    return Shard(record, _matrices(raw))


def _conversion(raw: Mapping[str, Any]) -> Conversion:
    known = {"folder": Path(raw["folder"]), "matrices": _matrices(raw), "notes": tuple(raw["notes"])}
    return Conversion(**{**raw, **known})


def _matrices(raw: Mapping[str, Any]) -> tuple[MatrixReport, ...]:
    return tuple(MatrixReport(**matrix) for matrix in raw["matrices"])
