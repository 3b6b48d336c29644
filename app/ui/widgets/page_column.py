"""Where the pages of a document lie in one continuous column: sums and bisection, nothing per page."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median_low

from PySide6.QtCore import QRect

from app.services.page_images import PageSize

MARGIN = 12
"""Around the column and between its pages, in pixels."""

_SMALLEST, _LARGEST = 1.0, 20_000.0
"""Points a side; what a damaged file says beyond them is not believed."""
_MAX_HEIGHT = 2**31 - 1
"""More a scroll bar cannot count."""


@dataclass(frozen=True, slots=True)
class Place:
    """A height in the document that stays the same at every zoom: a page, and points from its top."""

    page: int
    points: float


class PageColumn:
    """Sheets one below another, centred, at one scale (pixels a point).

    Fitted to the width, the sheets of usual width fill the view and wider ones are made to fit as well: one fold-out
    does not make all others small.
    """

    def __init__(self, sizes: Sequence[PageSize] = ()) -> None:
        self.sizes = tuple(PageSize(_believed(size.width), _believed(size.height)) for size in sizes)
        self._usual = median_low(size.width for size in self.sizes) if self.sizes else 1.0
        self._widest = max((size.width for size in self.sizes), default=0.0)
        self._plain = [0.0, *accumulate(size.height for size in self.sizes)]
        self._fitted = [0.0, *accumulate(size.height * self._shrunk(size) for size in self.sizes)]
        self._view_width = 0
        self._fit = True
        self._scale = 1.0

    def resize(self, view_width: int, scale: float | None) -> None:
        """Lay the column out for a view this wide; without a scale it is fitted to the width."""
        self._view_width = view_width
        self._fit = scale is None
        self._scale = max(16, view_width - 2 * MARGIN) / self._usual if scale is None else scale

    @property
    def scale(self) -> float:
        """Pixels a point, of pages of usual width."""
        return self._scale

    @property
    def width(self) -> int:
        """Of the column with its margins: that of the view, unless a sheet is wider."""
        return self._view_width if self._fit else max(self._view_width, round(self._widest * self._scale) + 2 * MARGIN)

    @property
    def height(self) -> int:
        """Of the column with its margins."""
        return min(_MAX_HEIGHT, self._top(len(self.sizes))) if self.sizes else 0

    def sheet(self, page: int) -> QRect:
        """The rectangle of a page, the column's top left corner being (0, 0)."""
        size = self.sizes[page - 1]
        scale = self._scale * self._shrunk(size) if self._fit else self._scale
        width, height = max(1, round(size.width * scale)), max(1, round(size.height * scale))
        return QRect((self.width - width) // 2, self._top(page - 1), width, height)

    def page_at(self, y: float) -> int:
        """The page at a height of the column; the margin below a page belongs to it. 0 where there are no pages."""
        if not self.sizes:
            return 0
        return max(1, bisect_right(range(len(self.sizes)), y, key=self._top))

    def pages_between(self, top: float, bottom: float) -> range:
        """The pages of whose sheets something lies between two heights."""
        if not self.sizes:
            return range(0)
        first = self.page_at(top)
        return range(first if top <= self.sheet(first).bottom() else first + 1, self.page_at(bottom) + 1)

    def place_at(self, y: float) -> Place:
        """What lies at a height of the column."""
        page = self.page_at(y)
        sheet = self.sheet(page)
        share = min(1.0, max(0.0, (y - sheet.top()) / sheet.height()))
        return Place(page, share * self.sizes[page - 1].height)

    def y_of(self, place: Place) -> float:
        """The height of the column at which a place lies."""
        sheet = self.sheet(place.page)
        return sheet.top() + place.points / self.sizes[place.page - 1].height * sheet.height()

    def _top(self, index: int) -> int:
        return round((self._fitted if self._fit else self._plain)[index] * self._scale) + MARGIN * (index + 1)

    def _shrunk(self, size: PageSize) -> float:
        return min(1.0, self._usual / size.width)


def _believed(points: float) -> float:
    # In this order NaN becomes the smallest.
    return min(_LARGEST, max(_SMALLEST, points))
