"""The document that a command is given: a file brought into the library."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

from app.cli.context import Context
from app.cli.progress import ProgressReport
from app.core.errors import DocumentError
from app.core.text import one_line
from app.services.library import LibraryDocument


def open_document(context: Context, file: Path, progress: ProgressReport | None = None) -> LibraryDocument:
    """A file, with the command's --pages and --password, in the library; asks for a password on a terminal.

    Raises DocumentError, StorageError and ResourceError.
    """
    options = context.options
    password = options.password
    while True:
        try:
            item = context.desk.library.import_file(
                file,
                password=password,
                pages=options.pages,
                on_page=progress.parsing if progress is not None else None,
            )
        except DocumentError as error:
            asked_for = error.code == "password" and options.password is None
            if not (asked_for and sys.stdin.isatty() and sys.stderr.isatty()):
                raise
            password = getpass.getpass(f"Password of {one_line(file.name)}: ", stream=sys.stderr)
            if not password:
                raise
        else:
            return item
