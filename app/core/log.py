"""The log file in the data folder. It holds events, sizes and reasons, never the text of a document or a turn."""

from __future__ import annotations

import logging
from contextlib import suppress
from logging.handlers import RotatingFileHandler
from pathlib import Path

from app.core.errors import StorageError

PROGRAM = "app"
"""Parent of all our loggers: what a module logs under its own name, `app.inference.engine`, belongs to it too."""

MAX_LOG_BYTES = 1024 * 1024
KEPT_LOG_FILES = 3


def logger(area: str) -> logging.Logger:
    """The logger of one area of the program, such as `storage`."""
    return logging.getLogger(f"{PROGRAM}.{area}")


def start_logging(path: Path, level: str = "INFO") -> logging.Handler:
    """Send the log to a rotating file; returns the handler for `stop_logging`.

    Other libraries' warnings go there too: without a handler Python prints them to standard error, which
    belongs to the user. StorageError when the file cannot be opened.
    """
    try:
        handler = RotatingFileHandler(path, maxBytes=MAX_LOG_BYTES, backupCount=KEPT_LOG_FILES, encoding="utf-8")
    except OSError as error:
        raise StorageError(
            f"the log file {path} cannot be written ({error.strerror or error}); "
            "make the folder writable or choose another one with --data-dir",
            code="data-dir",
        ) from error
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(process)d %(name)s: %(message)s"))
    # A full disk must not turn into a traceback on standard error (logging's default behaviour).
    handler.handleError = lambda record: None  # type: ignore[method-assign]
    logging.getLogger(PROGRAM).setLevel(level)
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    return handler


def stop_logging(handler: logging.Handler) -> None:
    """Detach and close a handler that `start_logging` returned."""
    logging.captureWarnings(False)
    logging.getLogger().removeHandler(handler)
    # What is still in the buffer cannot be written on a full disk.
    with suppress(OSError):
        handler.close()
