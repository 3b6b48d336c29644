"""Whether a path can be a document at all, found out without opening it."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from app.core.errors import DocumentError
from app.documents.limits import ReadingLimits


def check_file(path: Path, limits: ReadingLimits | None = None) -> None:
    """Refuse what is no readable regular file of a bearable size; a device or a pipe is never opened.

    Raises DocumentError: missing, folder, special, unreadable, empty or too-large.
    """
    most = (limits or ReadingLimits()).max_file_bytes
    try:
        status = path.stat()
    except FileNotFoundError:
        raise DocumentError(f"{path} does not exist: check the path", code="missing") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DocumentError(f"{path} cannot be read ({reason})", code="unreadable") from error
    if stat.S_ISDIR(status.st_mode):
        raise DocumentError(f"{path} is a folder: name a file in it", code="folder")
    if not stat.S_ISREG(status.st_mode):
        raise DocumentError(
            f"{path} is a device, pipe or socket, not a file: save its content to a file", code="special"
        )
    if not os.access(path, os.R_OK):
        raise DocumentError(f"{path} cannot be read: you lack the permission to read it", code="unreadable")
    if status.st_size == 0:
        raise DocumentError(f"{path} is empty (0 bytes): get a fresh copy", code="empty")
    if status.st_size > most:
        raise DocumentError(f"{path} has {status.st_size:,} bytes, the limit is {most:,}: split it", code="too-large")
