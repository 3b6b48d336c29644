"""Images of pages: which are held, which are under way, which cannot be had, and which to ask for next."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtGui import QImage

from app.services.page_images import PageImage

MAX_BYTES = 96 * 2**20
MAX_UNDER_WAY = 2
"""More would be drawn in vain when the user scrolls past them."""
MAX_PIXELS = 16_000_000
"""Of one image; a page shown larger is enlarged on the screen."""
_BYTES_PER_PIXEL = 3


@dataclass(frozen=True, slots=True)
class ImageWanted:
    """A page is to be drawn this wide, in device pixels."""

    page: int
    width_px: int


@dataclass(frozen=True, slots=True)
class Need:
    """A page as it is to be shown, in device pixels."""

    page: int
    width_px: int
    height_px: int

    @property
    def pixels(self) -> int:
        """Of its image, within bounds."""
        return min(MAX_PIXELS, self.width_px * self.height_px)

    def wanted(self) -> ImageWanted:
        """The image to ask for: no larger than MAX_PIXELS."""
        shrunk = min(1.0, (MAX_PIXELS / (self.width_px * self.height_px)) ** 0.5)
        return ImageWanted(self.page, max(1, int(self.width_px * shrunk)))


@dataclass(frozen=True, slots=True)
class _Drawn:
    image: QImage
    asked_px: int
    """The width asked for; the image may be narrower where the page could not be drawn that large."""
    data: bytes
    """What the image shows without a copy of its own; it must outlive it."""


@dataclass(frozen=True, slots=True)
class _Problem:
    text: str
    asked_px: int


class DrawnPages:
    """Of one document: the newest image of each page, the least recently shown given up beyond MAX_BYTES."""

    def __init__(self) -> None:
        self.nbytes = 0
        self._drawn: OrderedDict[int, _Drawn] = OrderedDict()
        self._problems: dict[int, _Problem] = {}
        self._under_way: dict[int, int] = {}
        self._needed: frozenset[int] = frozenset()

    def image(self, page: int) -> QImage | None:
        """To show it now: it becomes the most recently shown."""
        drawn = self._drawn.get(page)
        if drawn is None:
            return None
        self._drawn.move_to_end(page)
        return drawn.image

    def problem(self, page: int) -> str:
        """Why a page cannot be drawn, or ''."""
        problem = self._problems.get(page)
        return problem.text if problem is not None else ""

    def arrived(self, image: PageImage) -> None:
        """Hold an image, in the place of an older one of the same page.

        Raises:
            ValueError: the image's data are shorter than its sizes say.
        """
        if image.stride < image.width * _BYTES_PER_PIXEL or len(image.data) < image.stride * image.height:
            raise ValueError(f"page {image.page}: {len(image.data)} bytes for {image.height} rows of {image.stride}")
        asked = self._under_way.pop(image.page, image.width)
        self._problems.pop(image.page, None)
        self._give_up(image.page)
        shown = QImage(image.data, image.width, image.height, image.stride, QImage.Format.Format_RGB888)
        self._drawn[image.page] = _Drawn(shown, asked, image.data)
        self.nbytes += len(image.data)
        for page in [page for page in self._drawn if page not in self._needed and page != image.page]:
            if self.nbytes <= MAX_BYTES:
                break
            self._give_up(page)

    def failed(self, page: int, text: str) -> None:
        """A page could not be drawn; it is asked for again only at half the width, or in another document."""
        self._problems[page] = _Problem(text, self._under_way.pop(page, 0))

    def next_wanted(self, visible: Sequence[Need], near: Sequence[Need]) -> list[ImageWanted]:
        """What to ask for now, the visible pages first; it counts as under way from here on.

        Those near are drawn ahead as far as there is room for them beside the visible ones: pages that drive each
        other out would be drawn for ever.
        """
        room = MAX_BYTES - sum(need.pixels for need in visible) * _BYTES_PER_PIXEL
        ahead = []
        for need in near:
            if need.pixels * _BYTES_PER_PIXEL <= room:
                room -= need.pixels * _BYTES_PER_PIXEL
                ahead.append(need)
        needs = [*visible, *ahead]
        self._needed = frozenset(need.page for need in needs)
        asked = []
        for wanted in (need.wanted() for need in needs):
            if len(self._under_way) >= MAX_UNDER_WAY:
                break
            if wanted.page not in self._under_way and not self._settled(wanted):
                self._under_way[wanted.page] = wanted.width_px
                asked.append(wanted)
        return asked

    def _settled(self, wanted: ImageWanted) -> bool:
        drawn, problem = self._drawn.get(wanted.page), self._problems.get(wanted.page)
        if problem is not None and wanted.width_px * 2 > problem.asked_px:
            return True
        return drawn is not None and drawn.asked_px == wanted.width_px

    def _give_up(self, page: int) -> None:
        drawn = self._drawn.pop(page, None)
        if drawn is not None:
            self.nbytes -= len(drawn.data)
