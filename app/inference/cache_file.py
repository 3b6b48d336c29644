"""Small JSON files of results that can be worked out again: kernels.json and fingerprints.json in the cache folder."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def read_cache(path: Path | None) -> dict[str, Any]:
    """The JSON object in a cache file; empty for no path, and where the file is missing or damaged."""
    if path is None:
        return {}
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return raw if isinstance(raw, dict) else {}


def write_cache(path: Path, entries: Mapping[str, Any]) -> None:
    """Replace a cache file in one step; a folder that cannot be written is no error."""
    # Named after the process: two programs that start together must not write into one file.
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(dict(entries), indent=1), encoding="utf-8")
        temporary.replace(path)
