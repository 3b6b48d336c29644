"""Identity of a model: what must agree before a saved state or a stored result counts as this model's."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from pathlib import Path

from app.core.errors import CheckpointError
from app.inference.cache_file import read_cache, write_cache
from app.inference.manifest import MANIFEST, read_manifest, sha256_of

_HASH = re.compile(r"[0-9a-f]{64}")


def fingerprint(files: Sequence[Path], weight_format: str, *, cache_dir: Path | None = None) -> str:
    """SHA-256 (hex) over the files' names and bytes and the weight format they are used in.

    A file's hash is cached under its path, size and time of change, so that only the first load reads it all; not even
    that where the folder's manifest tells the hash of a file that has not changed since.
    """
    cache_path = None if cache_dir is None else cache_dir / "fingerprints.json"
    # A value that is no hash counts as missing: damage costs hashing the file once more.
    cache = {k: v for k, v in read_cache(cache_path).items() if isinstance(v, str) and _HASH.fullmatch(v)}
    digest = hashlib.sha256(f"griffin-desk-model-1|{weight_format}".encode())
    found: dict[str, str] = {}
    for path in files:
        try:
            stat = path.stat()
            key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
            found[key] = cache.get(key) or _recorded(path, stat) or sha256_of(path)
        except OSError as error:
            raise CheckpointError(f"{path} cannot be read ({error.strerror}): get the file again") from error
        digest.update(f"|{path.name}|{found[key]}".encode())
    if cache_path is not None and not found.items() <= cache.items():
        write_cache(cache_path, cache | found)
    return digest.hexdigest()


def _recorded(path: Path, stat: os.stat_result) -> str | None:
    """A file's hash by the manifest beside it, which is written last: a file that is younger or of another size is not
    the one it means."""
    try:
        manifest = read_manifest(path.parent)
        written_ns = (path.parent / MANIFEST).stat().st_mtime_ns if manifest is not None else 0
    except (CheckpointError, OSError):  # the file itself tells as well, only slower
        return None
    record = None if manifest is None else manifest.files.get(path.name)
    # The second time is that of any change, a move into this folder among them (on Windows that of its making).
    changed_ns = max(stat.st_mtime_ns, stat.st_ctime_ns)
    if record is None or record.nbytes != stat.st_size or changed_ns > written_ns:
        return None
    return record.sha256 if _HASH.fullmatch(record.sha256) else None
