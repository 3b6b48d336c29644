"""The pages of a PDF as pictures, and quotes and words found on them; a page that hangs costs that page only."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from app.core.errors import DocumentError
from app.documents.files import check_file
from app.documents.hashing import content_hash
from app.documents.limits import ReadingLimits
from app.documents.readers.registry import sniff_format
from app.documents.shown_page import Box, FindHit, PageImage, PageSize, QuoteFound
from app.inference.generator import Cancelled, ReadCancelled, never
from app.worker.rendering import PageFailed, Renderer

__all__ = ["MAX_HITS", "Box", "FindHit", "PageImage", "PageSize", "PdfPages", "QuoteFound", "thumbnail"]

MAX_HITS = 500
MAX_QUERY_CHARS = 1_000
MAX_QUOTE_CHARS = 10_000
MAX_WIDTH_PX = 16_000
_SIZES_AT_ONCE = 500
_T = TypeVar("_T")


class PdfPages:
    """One PDF, opened in a process of its own at the first call. Every call blocks; callers wait for one another.

    Pages count from 1. Each call raises DocumentError: for a file that cannot be opened with the codes of
    `load_document`, and of these "format" when it is no PDF; "changed" when the file is not what it was; "page" when
    there is no such page or it cannot be had, after which the next call goes on with another process; "closed".
    expected_id: the content hash of the document whose pages these must be: a file with other bytes is "changed" from
    the first call on, and one that was only touched is not. Without it the file may be anything, but only untouched.
    """

    def __init__(
        self,
        path: Path,
        *,
        password: str | None = None,
        limits: ReadingLimits | None = None,
        expected_id: str = "",
    ) -> None:
        self._path = path
        self._expected_id = expected_id
        self._password = password
        self._limits = limits or ReadingLimits()
        self._lock = threading.RLock()
        self._renderer: Renderer | None = None
        self._stamp: tuple[int, ...] | None = None
        self._page_count = 0
        self._sizes: tuple[PageSize, ...] = ()
        self._closed = False

    @property
    def page_count(self) -> int:
        """How many pages there are."""
        with self._lock:
            self._ready()
            return self._page_count

    def sizes(self) -> tuple[PageSize, ...]:
        """Of all pages."""
        with self._lock:
            self._check_open()
            if not self._sizes:
                sizes: list[PageSize] = []
                for first in range(1, self.page_count + 1, _SIZES_AT_ONCE):
                    sizes += self._some_sizes(first, min(self._page_count, first + _SIZES_AT_ONCE - 1))
                self._sizes = tuple(sizes)
            return self._sizes

    def image(self, page: int, width_px: int) -> PageImage:
        """A page with its annotations and form fields.

        It is `width_px` wide, or smaller, for the viewer to stretch, where it would have more than 16 million pixels.
        """
        width = max(1, min(width_px, MAX_WIDTH_PX))
        return self._call(page, "drawn", lambda renderer: renderer.image(page, width))

    def locate(self, page: int, quote: str) -> QuoteFound:
        """Where a quote of the document's normalised text stands on its page; of a very long one its beginning."""
        return self._call(page, "searched", lambda renderer: renderer.locate(page, quote[:MAX_QUOTE_CHARS]))

    def find(self, text: str, *, cancelled: Cancelled = never) -> Iterator[FindHit]:
        """Where a text stands, page by page, at most MAX_HITS places; ends early once `cancelled` says so.

        Case, accents, ligatures, hyphens and line ends make no difference. A page that cannot be searched is passed
        over, until too many were.
        """
        left, failures = MAX_HITS, 0
        for page in range(1, self.page_count + 1):
            if cancelled() or left <= 0:
                return
            try:
                hits = self._find(page, text[:MAX_QUERY_CHARS], left, cancelled)
            except ReadCancelled:
                return
            except PageFailed as failed:
                failures += failed.lost
                if failures > self._limits.max_restarts:
                    raise _page_error(page, "searched", failed) from failed
                continue
            left -= len(hits)
            yield from hits

    def interrupt(self) -> None:
        """Have a call in another thread end soon with a DocumentError, and all later ones; waits for nothing.

        The process may outlive it until `close`.
        """
        # Without the lock: whoever draws holds it, and its renderer asks for this flag while it waits.
        self._closed = True

    def close(self) -> None:
        """End the process; a call in another thread ends with a DocumentError."""
        self.interrupt()
        with self._lock:
            self._drop()

    def _some_sizes(self, first: int, last: int) -> list[PageSize]:
        return self._call(first, "measured", lambda renderer: renderer.sizes(first, last))

    def _find(self, page: int, text: str, most: int, cancelled: Cancelled) -> list[FindHit]:
        return self._ask(page, lambda renderer: renderer.find(page, text, most, cancelled))

    def _call(self, page: int, done: str, ask: Callable[[Renderer], _T]) -> _T:
        try:
            return self._ask(page, ask)
        except PageFailed as failed:
            raise _page_error(page, done, failed) from failed

    def _ask(self, page: int, ask: Callable[[Renderer], _T]) -> _T:
        with self._lock:
            renderer = self._ready()
            if not 1 <= page <= self._page_count:
                raise DocumentError(f"{self._path.name} has no page {page}: it has {self._page_count}", code="page")
            try:
                answer = ask(renderer)
            except PageFailed as failed:
                if failed.lost:
                    self._drop()
                raise
            except ReadCancelled:
                self._drop()
                self._check_open()
                raise
            if self._expected_id:
                self._check_content()  # it may have been replaced after it was looked at and before it was drawn
            return answer

    def _ready(self) -> Renderer:
        """The process, another one where the last is gone; the file must be the one it was."""
        self._check_open()
        self._check_content()
        self._check_open()
        if self._renderer is not None and not self._renderer.alive:
            self._drop()
        if self._renderer is None:
            if sniff_format(self._path).format != "pdf":
                raise DocumentError(f"{self._path.name} is no PDF: only the pages of PDFs can be shown", code="format")
            try:
                self._renderer = Renderer(self._path, self._password, self._limits, lambda: self._closed)
            except ReadCancelled:
                self._check_open()
                raise
            self._page_count = self._renderer.page_count
        return self._renderer

    def _check_content(self) -> None:
        """Read the file's bytes where it does not look as it did; the process goes with what it has open of it."""
        check_file(self._path, self._limits)
        try:
            status = self._path.stat()
            stamp = (status.st_size, status.st_mtime_ns, status.st_ino)
            if stamp == self._stamp:
                return
            found_id = content_hash(self._path) if self._expected_id else ""
        except OSError as error:
            raise DocumentError(
                f"{self._path} cannot be read ({error.strerror or error})", code="unreadable"
            ) from error
        if self._stamp is not None:
            self._drop()
        if found_id != self._expected_id:
            raise DocumentError(
                f"{self._path.name} is not the document that was read any more: open it as a new one", code="changed"
            )
        if not self._expected_id and self._page_count:
            raise DocumentError(f"{self._path.name} was changed since it was opened: open it again", code="changed")
        self._stamp = stamp

    def _check_open(self) -> None:
        if self._closed:
            raise DocumentError(f"{self._path.name} was closed", code="closed")

    def _drop(self) -> None:
        renderer, self._renderer = self._renderer, None
        if renderer is not None:
            renderer.close()


def _page_error(page: int, done: str, failed: PageFailed) -> DocumentError:
    return DocumentError(f"page {page} cannot be {done}: {failed}", code="page")


def thumbnail(path: Path, width_px: int, password: str | None = None, expected_id: str = "") -> PageImage | None:
    """The first page of a PDF, None where it cannot be drawn or is not of the document with this content hash."""
    with closing(PdfPages(path, password=password, expected_id=expected_id)) as pages:
        try:
            return pages.image(1, width_px)
        except DocumentError:
            return None
