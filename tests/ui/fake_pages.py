"""Pages that nobody has drawn: coloured bytes."""

from __future__ import annotations

from app.services.page_images import Box, FindHit, PageImage, PageSize
from app.ui.widgets.drawn_pages import ImageWanted

A4 = PageSize(595.0, 842.0)
GREY = 200


def image(page: int, width: int, size: PageSize = A4, shade: int = GREY) -> PageImage:
    """A page of one shade of grey."""
    height = round(width * size.height / size.width)
    return PageImage(page, width, height, width * 3, bytes([shade]) * (width * 3 * height))


def answer(wanted: ImageWanted) -> PageImage:
    """The image that was asked for."""
    return image(wanted.page, wanted.width_px)


def hit(page: int, top: float = 100.0) -> FindHit:
    """A word found on a page."""
    return FindHit(page, (Box(100.0, top, 160.0, top + 12.0),), "before ", "word", " after")
