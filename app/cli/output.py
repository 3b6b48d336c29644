"""What reaches the user: JSON or text on standard output, files written whole or not at all."""

from __future__ import annotations

import json
import os
import re
import tempfile
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from app.core.errors import ResourceError, UserError, lacks_disk

_LATER_CONTROLS = re.compile("[\x7f-\x9f]")


def clean(text: str) -> str:
    """Text without control characters: a document must not steer the terminal it is shown on."""
    return "".join(c for c in text if c in "\n\t" or (ord(c) >= 32 and not 0x7F <= ord(c) <= 0x9F))


def one_line(text: str) -> str:
    """The same on one line."""
    return " ".join(clean(text).split())


def time_text(seconds: float) -> str:
    """Seconds since 1970 as `2026-01-31T12:00:00+00:00`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def json_text(value: dict[str, Any]) -> str:
    """One JSON object, as plain text: JSON leaves the second set of control characters alone, terminals do not."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    return _LATER_CONTROLS.sub(lambda match: f"\\u{ord(match[0]):04x}", text) + "\n"


def print_json(stream: TextIO, value: dict[str, Any]) -> None:
    """Write one JSON object; see `json_text`."""
    stream.write(json_text(value))
    stream.flush()


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


def write_atomically(
    path: Path, text: str, *, kept: str = "the summary is kept in the library, run the command again to write it"
) -> None:
    """Write a file so that at any moment it holds the old text or all of the new one.

    kept: what a ResourceError tells the user of the work that could not be written.
    """
    temporary: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(
            "w", encoding="utf-8", errors="replace", dir=path.parent, prefix=".griffin-desk-", delete=False
        ) as stream:
            temporary = Path(stream.name)
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        # A temporary file is closed to others; the result gets the rights of any new file of this user.
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        full = lacks_disk(error)
        raise ResourceError(
            f"{path} cannot be written ({'the disk is full' if full else error.strerror or error}); {kept}",
            code="disk-full" if full else "out",
        ) from error
