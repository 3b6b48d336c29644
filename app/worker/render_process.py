"""The child side of showing a document's pages: opens one file and answers what its parent asks, one thing at a time.

Answers are JSON; the bytes of a picture follow theirs as they are. It imports no torch and no numpy.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Protocol, cast

from app.core.errors import GriffinDeskError
from app.documents.limits import ReadingLimits
from app.documents.readers.base import OpenOptions
from app.documents.readers.registry import import_reader
from app.worker.confinement import confine, describe, send


@dataclass(frozen=True, slots=True)
class RenderJob:
    """Which file the child opens; `source` is where its `PageSource` is to be imported from, as "module:class"."""

    path: Path
    source: str
    password: str | None
    limits: ReadingLimits


@dataclass(frozen=True, slots=True)
class Picture:
    """`height` rows of `stride` bytes, red, green and blue for each of `width` pixels."""

    width: int
    height: int
    stride: int
    data: bytes | bytearray


@dataclass(frozen=True, slots=True)
class Marked:
    """Boxes (left, top, right, bottom, as PageText gives them) of a quote, and the share of it that was found."""

    boxes: Sequence[Sequence[float]]
    share: float


@dataclass(frozen=True, slots=True)
class Hit:
    """Boxes of a text that was looked for, and what stands around it."""

    boxes: Sequence[Sequence[float]]
    before: str
    match: str
    after: str


class OpenPages(Protocol):
    """An open file whose pages can be shown. Pages count from 1; any exception costs that answer only."""

    @property
    def page_count(self) -> int:
        """How many pages there are."""
        ...

    def size(self, number: int) -> tuple[float, float]:
        """Width and height in points, as shown."""
        ...

    def image(self, number: int, width: int) -> Picture:
        """The page at a width in pixels, or smaller where that would be too large."""
        ...

    def locate(self, number: int, quote: str) -> Marked:
        """Where a quote of the page's normalised text stands."""
        ...

    def find(self, number: int, text: str, most: int) -> Sequence[Hit]:
        """Where a text that a user typed stands, at most so many places."""
        ...


class PageSource(Protocol):
    """A format whose pages can be shown."""

    def open(self, path: Path, options: OpenOptions) -> OpenPages:
        """Raises DocumentError, as readers do."""
        ...


def run_renderer(connection: Connection, job: RenderJob) -> None:
    """Entry point of the child process."""
    confine(job.limits.memory_bytes)
    try:
        source = cast(PageSource, import_reader(job.source))
        pages = source.open(job.path, OpenOptions(job.password, job.limits))
        send(connection, {"type": "opened", "page_count": pages.page_count})
    except GriffinDeskError as error:
        send(connection, {"type": "error", "code": error.code, "message": error.message})
        return
    except Exception as error:
        send(connection, {"type": "failed", "reason": _reason(error)})
        return
    try:
        while True:
            _answer(connection, pages, json.loads(connection.recv_bytes()))
    except (EOFError, OSError):
        return  # the parent needs no more


def _answer(connection: Connection, pages: OpenPages, request: dict[str, Any]) -> None:
    data: bytes | bytearray | None = None
    try:
        answer, data = _handle(pages, **request)
    except Exception as error:  # whatever a broken page raises must cost that page only
        answer = {"type": "failed", "reason": _reason(error)}
    send(connection, answer)
    if data is not None:
        connection.send_bytes(data)


def _handle(
    pages: OpenPages, do: str, page: int = 1, last: int = 1, width: int = 1, text: str = "", most: int = 1
) -> tuple[dict[str, Any], bytes | bytearray | None]:
    if do == "sizes":
        return {"type": "sizes", "sizes": [pages.size(number) for number in range(page, last + 1)]}, None
    if do == "image":
        picture = pages.image(page, width)
        head = {"type": "image", "width": picture.width, "height": picture.height, "stride": picture.stride}
        return head, picture.data
    if do == "locate":
        marked = pages.locate(page, text)
        return {"type": "located", "boxes": marked.boxes, "share": marked.share}, None
    hits = pages.find(page, text, most)
    found = [{"boxes": hit.boxes, "before": hit.before, "match": hit.match, "after": hit.after} for hit in hits]
    return {"type": "found", "hits": found}, None


def _reason(error: Exception) -> str:
    return "it needs more memory than one document may take" if isinstance(error, MemoryError) else describe(error)
