"""A model folder's record of its own files: where they come from and what they must be, so that damage is found.

It is written last, when everything else is on the disk. A folder without one may be sound all the same: nobody knows.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from app.core.errors import CheckpointError
from app.core.whole_file import regular_size, write_atomically
from app.inference.json_file import read_json_object

MANIFEST = "griffin-desk.json"
VERSION = 1

_BLOCK_BYTES = 1 << 20
Hashed = Callable[[int], None]
"""Called with the bytes that were hashed since the last call."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """What one file must be."""

    nbytes: int
    sha256: str
    """In hexadecimal digits."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where a model's files come from, and what they must be."""

    source: str
    """In words for the user: a repository with its revision, a path, a model with the format it was converted to."""
    files: Mapping[str, FileRecord] = field(default_factory=dict)
    """By name, the manifest itself apart."""
    repository: str = ""
    """`google/recurrentgemma-2b-it` where the files were downloaded from there, or made from such files."""
    revision: str = ""
    """The commit that was downloaded."""
    instruction_tuned: bool | None = None
    """Whether the model was trained to converse, where that is known from elsewhere than its files."""


def read_manifest(folder: Path) -> Manifest | None:
    """The folder's manifest, None where it has none. CheckpointError where it is damaged."""
    raw = read_json_object(folder / MANIFEST)
    if raw is None:
        return None
    try:
        if bad := [name for name in raw["files"] if not _is_file_name(name)]:
            raise ValueError(f"{bad[0]!r:.40} is no name of a file in the folder")
        files = {str(name): FileRecord(int(of["nbytes"]), str(of["sha256"])) for name, of in raw["files"].items()}
        tuned = raw.get("instruction_tuned")
        return Manifest(
            source=str(raw["source"]),
            files=files,
            repository=str(raw.get("repository", "")),
            revision=str(raw.get("revision", "")),
            instruction_tuned=tuned if isinstance(tuned, bool) else None,
        )
    # OverflowError: a size of Infinity.
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise CheckpointError(
            f"{folder / MANIFEST} is damaged ({error!r:.80}): delete it, or get the model's files again",
            code="damaged-manifest",
        ) from error


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put the manifest beside the files it names. ResourceError where the disk does not take it."""
    content = json.dumps({"version": VERSION, **asdict(manifest)}, indent=1) + "\n"
    write_atomically(folder / MANIFEST, content, kept="the model's other files are there")


def sha256_of(path: Path, on_hashed: Hashed | None = None) -> str:
    """SHA-256 of a file in hexadecimal digits, read once in blocks of 1 MiB. OSError where it cannot be read."""
    digest = hashlib.sha256()
    for block in _blocks(path):
        digest.update(block)
        if on_hashed is not None:
            on_hashed(len(block))
    return digest.hexdigest()


def check_files(folder: Path, manifest: Manifest, on_hashed: Hashed | None = None) -> list[str]:
    """What is wrong with the folder's files, a sentence each; nothing where all are as they must be."""
    found = []
    for name, record in manifest.files.items():
        path = folder / name
        try:
            if (nbytes := regular_size(path)) != record.nbytes:
                found.append(f"{name} has {nbytes:,} bytes, expected {record.nbytes:,}")
            elif (digest := sha256_of(path, on_hashed)) != record.sha256:
                found.append(f"{name} has the SHA-256 {digest[:12]}…, expected {record.sha256[:12]}…")
        except FileNotFoundError:
            found.append(f"{name} is missing")
        except OSError as error:
            found.append(f"{name} cannot be read ({error.strerror or error})")
        except UnicodeEncodeError:
            found.append(f"{name!r} is missing: no file can be called so")
        except ValueError:
            found.append(f"{name} is not a file")
    return found


def _is_file_name(name: str) -> bool:
    return Path(name).name == name and name not in ("", "..") and not any(character < " " for character in name)


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            yield block
