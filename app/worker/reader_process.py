"""The child side of reading: opens one document and sends its pages as JSON.

It imports no torch and no numpy, so that it starts fast, and it sends no pickles: whatever a hostile file makes of
it, the parent only ever parses JSON.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import threading
import warnings
from dataclasses import dataclass
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any

from app.core.errors import GriffinDeskError
from app.documents.limits import PageRange, ReadingLimits
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.registry import import_reader


@dataclass(frozen=True, slots=True)
class Job:
    """What the child is to do: read `pages` of a file (from `resume_at` on), then its outline."""

    path: Path
    reader: str
    """Import path of the format's reader, as the registry gives it."""
    password: str | None
    pages: PageRange
    resume_at: int
    """First page still to be read; 0 means from the start of `pages`."""
    outline: bool
    limits: ReadingLimits


def run_reader(connection: Connection, job: Job) -> None:
    """Entry point of the child process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent ends this process
    _leave_with_parent()
    _silence()
    _limit_memory(job.limits.memory_bytes)
    try:
        _read(connection, job)
    except GriffinDeskError as error:
        _send(connection, {"type": "error", "code": error.code, "message": error.message})
    except MemoryError:
        _send(connection, {"type": "failed", "reason": "it needs more memory than one document may take"})
    except (BrokenPipeError, ConnectionError):
        return
    except Exception as error:
        _send(connection, {"type": "failed", "reason": _describe(error)})


def _read(connection: Connection, job: Job) -> None:
    document = import_reader(job.reader).open(job.path, OpenOptions(job.password, job.limits))
    opened = {"type": "opened", "page_count": document.page_count, "paged": document.paged, "title": document.title}
    _send(connection, {**opened, "warnings": document.warnings})
    numbers = job.pages.clip(document.page_count) if document.paged else range(1, document.page_count + 1)
    for number in numbers:
        if number >= job.resume_at:
            _send(connection, {"type": "page", "page": _page(document, number)})
    if job.outline:
        _send(connection, {"type": "outline", "entries": [entry.to_json() for entry in document.outline()]})
    _send(connection, {"type": "done"})
    document.close()


def _page(document: OpenedDocument, number: int) -> dict[str, Any]:
    try:
        return document.read_page(number).to_json()
    except MemoryError:
        problem = "damaged: needs more memory than one document may take"
    except Exception as error:
        # Whatever a broken page raises must cost that page only.
        problem = f"damaged: {_describe(error)}"
    return {"number": number, "lines": [], "blocks": [], "height": 0.0, "problem": problem, "name": ""}


def _describe(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _send(connection: Connection, message: dict[str, Any]) -> None:
    connection.send_bytes(json.dumps(message).encode("ascii"))


def _leave_with_parent() -> None:
    """End this process when the parent dies, even in the middle of an endless page."""
    parent = parent_process()
    if parent is None:
        return

    def watch() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _silence() -> None:
    """Parsers print about broken files; the user hears of it in the coverage report instead."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    null = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    for descriptor in (1, 2):
        os.dup2(null, descriptor)


def _limit_memory(nbytes: int) -> None:
    try:
        import resource  # not on Windows
    except ImportError:
        return
    try:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (nbytes if hard < 0 else min(nbytes, hard), hard))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    except (OSError, ValueError):
        return  # macOS refuses RLIMIT_AS; the time limits still hold
