"""What makes a folder of a conversion's weights a model: config, index, card, what belongs to it, and the record."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.checkpoints.companions import CARD, converted_config, copy_companions
from app.inference.checkpoints.conversion_plan import Planned
from app.inference.checkpoints.conversion_report import Conversion
from app.inference.checkpoints.model_card import card
from app.inference.checkpoints.origin import origin_of
from app.inference.checkpoints.registry import Checkpoint
from app.inference.checkpoints.weight_files import INDEX_FILE
from app.inference.config import CONFIG_FILE
from app.inference.manifest import MANIFEST, FileRecord, Manifest, read_manifest, sha256_of, write_manifest
from app.inference.weight_format import WeightFormat


@dataclass(frozen=True, slots=True)
class Options:
    """How a conversion was asked for. group: of int4 alone."""

    form: WeightFormat | None
    group: int


def furnish(
    folder: Path,
    checkpoint: Checkpoint,
    options: Options,
    plan: Sequence[tuple[Planned, ...]],
    shards: dict[str, FileRecord],
    made: Conversion,
) -> Conversion:
    """Write everything but the weights into the folder that holds them, the record of all files last.

    shards: the files of the weights, in the order of the plan. Returns the conversion with the folder's bytes.
    OSError and ResourceError where the disk does not take it.
    """
    origin = _origin(checkpoint)
    copy_companions(checkpoint.folder, folder)
    config = converted_config(checkpoint.config_json, options.form, options.group, made.calibration_tokens)
    _write(folder / CONFIG_FILE, json.dumps(config, indent=1) + "\n")
    _write(folder / INDEX_FILE, _index(list(shards), plan))
    _write(folder / CARD, card(folder, checkpoint, origin.repository, options.form, options.group, made))
    records = dict(shards)
    for path in folder.iterdir():
        if path.name not in records and path.name != MANIFEST and not path.name.startswith("."):
            _sync(path)
            records[path.name] = FileRecord(path.stat().st_size, sha256_of(path))
    became = "as stored" if options.form is None else f"converted to {options.form}"
    source = f"{origin.repository or checkpoint.name}, {became}"
    write_manifest(folder, replace(origin, source=source, files=dict(sorted(records.items()))))
    nbytes = sum(record.nbytes for record in records.values()) + (folder / MANIFEST).stat().st_size
    return replace(made, nbytes=nbytes)


def _origin(checkpoint: Checkpoint) -> Manifest:
    """Where the source comes from."""
    try:
        known = read_manifest(checkpoint.folder)
    except CheckpointError:  # verify's to tell: the weights were read without it
        return Manifest("")
    return origin_of(checkpoint.folder, checkpoint.name, known)


def _index(files: Sequence[str], plan: Sequence[tuple[Planned, ...]]) -> str:
    weight_map = {
        entry.name: file for file, shard in zip(files, plan, strict=True) for one in shard for entry in one.entries
    }
    total = sum(one.nbytes for shard in plan for one in shard)
    return json.dumps({"metadata": {"total_size": total}, "weight_map": weight_map}, indent=1)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _sync(path: Path) -> None:
    with path.open("rb+") as stream:
        os.fsync(stream.fileno())
