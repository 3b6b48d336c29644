"""Identity of a model: what must agree before a saved state or a stored result counts as this model's."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path

from app.core.errors import CheckpointError

_HASH = re.compile(r"[0-9a-f]{64}")


def fingerprint(files: Sequence[Path], weight_format: str, *, cache_dir: Path | None = None) -> str:
    """SHA-256 (hex) over the files' names and bytes and the weight format they are used in.

    A file's hash is cached under its path, size and time of change, so that only the first load reads it all.
    """
    cache_path = None if cache_dir is None else cache_dir / "fingerprints.json"
    cache = _read(cache_path)
    digest = hashlib.sha256(f"griffin-desk-model-1|{weight_format}".encode())
    found: dict[str, str] = {}
    for path in files:
        try:
            stat = path.stat()
            key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
            found[key] = cache.get(key) or _hash_file(path)
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read ({error.strerror}): get the file again") from error
        digest.update(f"|{path.name}|{found[key]}".encode())
    if cache_path is not None and not found.items() <= cache.items():
        _write(cache_path, cache | found)
    return digest.hexdigest()


def _hash_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        return {str(key): value for key, value in raw.items() if isinstance(value, str) and _HASH.fullmatch(value)}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}  # a missing or damaged cache costs hashing the files once


def _write(path: Path, cache: dict[str, str]) -> None:
    with contextlib.suppress(OSError):  # a read-only cache folder costs the hashing at each start, nothing more
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(cache, indent=1), encoding="utf-8")
        temporary.replace(path)
