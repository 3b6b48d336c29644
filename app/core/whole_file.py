"""Files that are read whole, and written whole or not at all: the program's own, and those that the user asks for."""

from __future__ import annotations

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from app.core.errors import ResourceError, lacks_disk


def regular_size(path: Path) -> int:
    """How many bytes a file has; OSError where it cannot be had, ValueError for a pipe or device, which has no end."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        raise ValueError("it is not a file")
    return status.st_size


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that after a power cut it holds the old content or the new one; OSError.

    Only this user may read it (0600). A link is followed: the file that it names is replaced, not the link.
    """
    target = path.resolve()
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
        move_into_place(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def move_into_place(temporary: Path, target: Path) -> None:
    """Rename a finished file over another, so that after a power cut there is the old one or the new one, whole."""
    descriptor = os.open(temporary, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    temporary.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Write a folder's names to disk, where the system can."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


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
