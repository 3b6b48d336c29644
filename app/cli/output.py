"""What reaches the user: JSON or text on standard output, and whether a file can be written."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from app.core.errors import UserError
from app.core.text import json_text, one_line


def time_text(seconds: float) -> str:
    """Seconds since 1970 as `2026-01-31T12:00:00+00:00`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def print_json(stream: TextIO, value: dict[str, Any]) -> None:
    """Write one JSON object; see `json_text`."""
    stream.write(json_text(value))
    stream.flush()


def write_line(stream: TextIO, line: str) -> None:
    """One line, whatever it holds; the spaces that lead it stay."""
    stream.write(" " * (len(line) - len(line.lstrip(" "))) + one_line(line) + "\n")


def check_writable(path: Path, *, source: Path | None = None, option: str = "--out") -> None:
    """UserError, before any work is done, when a result could not be written to `path`, which `option` named."""
    folder = path.parent
    try:
        if path.is_dir():
            raise UserError(f"{option} {path} is a folder; name a file", code="out")
        if not folder.is_dir():
            raise UserError(f"{option} {path}: there is no folder {folder}; make it first", code="out")
        if path.exists() and not path.is_file():
            # A result takes the place of what is there: /dev/null must stay a device.
            raise UserError(f"{option} {path} is a device or pipe; name a file", code="out")
        if source is not None and path.exists() and source.exists() and path.samefile(source):
            raise UserError(f"{option} {path} is the document itself; name another file", code="out")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UserError(f"{option} {path} cannot be written ({error.strerror or error})", code="out") from error
