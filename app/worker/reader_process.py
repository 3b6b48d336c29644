"""The child side of reading: opens one document and sends its pages as JSON.

It imports no torch and no numpy, so that it starts fast, and it sends no pickles: whatever a hostile file makes of
it, the parent only ever parses JSON.
"""

from __future__ import annotations

from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from app.core.errors import GriffinDeskError
from app.documents.limits import PageRange, ReadingLimits
from app.documents.readers.base import OpenedDocument, OpenOptions
from app.documents.readers.registry import import_reader
from app.worker.confinement import confine, describe, send


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
    confine(job.limits.memory_bytes)
    try:
        _read(connection, job)
    except GriffinDeskError as error:
        send(connection, {"type": "error", "code": error.code, "message": error.message})
    except MemoryError:
        send(connection, {"type": "failed", "reason": "it needs more memory than one document may take"})
    except (BrokenPipeError, ConnectionError):
        return
    except Exception as error:
        send(connection, {"type": "failed", "reason": describe(error)})


def _read(connection: Connection, job: Job) -> None:
    document = import_reader(job.reader).open(job.path, OpenOptions(job.password, job.limits))
    opened = {"type": "opened", "page_count": document.page_count, "paged": document.paged, "title": document.title}
    send(connection, {**opened, "warnings": document.warnings})
    numbers = job.pages.clip(document.page_count) if document.paged else range(1, document.page_count + 1)
    for number in numbers:
        if number >= job.resume_at:
            send(connection, {"type": "page", "page": _page(document, number)})
    if job.outline:
        send(connection, {"type": "outline", "entries": [entry.to_json() for entry in document.outline()]})
    send(connection, {"type": "done"})
    document.close()


def _page(document: OpenedDocument, number: int) -> dict[str, Any]:
    try:
        return document.read_page(number).to_json()
    except MemoryError:
        problem = "damaged: needs more memory than one document may take"
    except Exception as error:
        # Whatever a broken page raises must cost that page only.
        problem = f"damaged: {describe(error)}"
    return {"number": number, "lines": [], "blocks": [], "height": 0.0, "problem": problem, "name": ""}
