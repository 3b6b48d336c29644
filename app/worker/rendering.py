"""The pages of a document as pictures and boxes, out of a killable process that holds the file open.

This is the parent's side of one such process: it asks, waits no longer than allowed, and checks what comes back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from app.core.errors import DocumentError
from app.documents.limits import ReadingLimits
from app.documents.shown_page import Box, FindHit, PageImage, PageSize, QuoteFound
from app.inference.generator import Cancelled, ReadCancelled
from app.worker.child import Child, ChildLost
from app.worker.render_process import RenderJob, run_renderer

SOURCE = "app.worker.pdf_pages:PdfPageSource"
_MAX_PIXELS = 17_000_000
"""Of a picture that is taken: pdf_pages.MAX_PIXELS and what the rounding of its sides may add, amply."""
_MAX_POINTS = 1e7
_MAX_BOXES = 20_000
_MAX_CONTEXT = 4_000
_T = TypeVar("_T")


class PageFailed(Exception):  # noqa: N818 - an event, not a mistake
    """A page cannot be had; `str` says why, in words that go behind a colon. `lost`: the process is gone with it."""

    def __init__(self, reason: str, *, lost: bool) -> None:
        super().__init__(reason.removeprefix("damaged: "))
        self.lost = lost


class Renderer:
    """One process with one open file. After a PageFailed that is `lost`, and after ReadCancelled, it is of no use.

    cancelled: asked while waiting for anything.
    """

    def __init__(self, path: Path, password: str | None, limits: ReadingLimits, cancelled: Cancelled) -> None:
        self._path = path
        self._limits = limits
        self._cancelled = cancelled
        self._child = Child(run_renderer, RenderJob(path, SOURCE, password, limits), two_way=True)
        try:
            self.page_count = self._opened()
        except BaseException:
            self._child.kill()
            raise

    def _opened(self) -> int:
        try:
            answer = self._child.receive_message(self._limits.open_timeout_s, self._cancelled)
            kind = answer.get("type")
            if kind == "error":
                raise DocumentError(str(answer.get("message")), code=str(answer.get("code")))
            if kind == "failed":
                raise ChildLost(str(answer.get("reason")))
            count = answer.get("page_count")
            if type(count) is not int:
                raise ChildLost("its parser sent nonsense")
        except ChildLost as lost:
            reason = str(lost).removeprefix("damaged: ")
            raise DocumentError(
                f"{self._path.name} cannot be opened: {reason}; get a fresh copy", code="damaged"
            ) from lost
        most = self._limits.max_pages
        if count > most:
            raise DocumentError(
                f"{self._path.name} has {count:,} pages, the limit is {most:,}: split it", code="too-large"
            )
        if count < 1:
            raise DocumentError(f"{self._path.name} has no pages", code="no-text")
        return count

    @property
    def alive(self) -> bool:
        """Whether the process is there: while nobody asked anything the system may have ended it."""
        return self._child.alive

    def sizes(self, first: int, last: int) -> list[PageSize]:
        """Of the pages `first` to `last`, both inclusive."""

        def take(answer: dict[str, Any]) -> list[PageSize]:
            sizes = [PageSize(*_numbers(size, 2)) for size in _list(answer["sizes"], last - first + 1)]
            if len(sizes) != last - first + 1:
                raise ValueError("too few sizes")
            return sizes

        return self._ask({"do": "sizes", "page": first, "last": last}, take)

    def image(self, page: int, width: int) -> PageImage:
        """A picture `width` pixels wide, or smaller where that would be too large."""

        def take(answer: dict[str, Any]) -> PageImage:
            columns, rows, stride = (answer[name] for name in ("width", "height", "stride"))
            data = self._child.receive(self._limits.page_timeout_s, self._cancelled)
            if not all(type(value) is int and value > 0 for value in (columns, rows, stride)):
                raise ValueError("no size")
            if (
                columns * rows > _MAX_PIXELS
                or not 3 * columns <= stride < 3 * columns + 64
                or len(data) != stride * rows
            ):
                raise ValueError("a picture of another size")
            return PageImage(page, columns, rows, stride, data)

        return self._ask({"do": "image", "page": page, "width": width}, take)

    def locate(self, page: int, quote: str) -> QuoteFound:
        """Where a quote stands on its page."""

        def take(answer: dict[str, Any]) -> QuoteFound:
            (share,) = _numbers([answer["share"]], 1)
            return QuoteFound(page, _boxes(answer["boxes"]), min(1.0, share))

        return self._ask({"do": "locate", "page": page, "text": quote}, take)

    def find(self, page: int, text: str, most: int, cancelled: Cancelled) -> list[FindHit]:
        """Where a text stands on a page, at most so many places."""

        def take(answer: dict[str, Any]) -> list[FindHit]:
            return [
                FindHit(page, _boxes(hit["boxes"]), _text(hit["before"]), _text(hit["match"]), _text(hit["after"]))
                for hit in _list(answer["hits"], most)
            ]

        request = {"do": "find", "page": page, "text": text, "most": most}
        return self._ask(request, take, lambda: cancelled() or self._cancelled())

    def close(self) -> None:
        """End the process at once."""
        self._child.kill()

    def _ask(
        self, request: dict[str, Any], take: Callable[[dict[str, Any]], _T], cancelled: Cancelled | None = None
    ) -> _T:
        try:
            self._child.send(request)
            answer = self._child.receive_message(self._limits.page_timeout_s, cancelled or self._cancelled)
            if answer.get("type") == "failed":
                raise PageFailed(str(answer.get("reason"))[:500], lost=False)
            return take(answer)
        except (KeyError, TypeError, ValueError) as error:
            self._child.kill()
            raise PageFailed("its parser sent nonsense", lost=True) from error
        except ChildLost as lost:
            self._child.kill()
            raise PageFailed(str(lost), lost=True) from lost
        except ReadCancelled:
            self._child.kill()
            raise


def _list(value: Any, most: int) -> list[Any]:
    if not isinstance(value, list) or len(value) > most:
        raise ValueError("no list, or one too long")
    return value


def _numbers(value: Any, count: int) -> list[float]:
    """So many finite numbers that are no less than 0."""
    numbers = _list(value, count)
    if len(numbers) != count or any(isinstance(number, bool) for number in numbers):
        raise ValueError("too few numbers")
    floats = [float(number) for number in numbers]
    if not all(math.isfinite(number) and 0.0 <= number <= _MAX_POINTS for number in floats):
        raise ValueError("numbers out of bounds")
    return floats


def _boxes(value: Any) -> tuple[Box, ...]:
    boxes = tuple(Box(*_numbers(box, 4)) for box in _list(value, _MAX_BOXES))
    if any(box.left > box.right or box.top > box.bottom for box in boxes):
        raise ValueError("a box inside out")
    return boxes


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > _MAX_CONTEXT:
        raise ValueError("no text, or one too long")
    return value
