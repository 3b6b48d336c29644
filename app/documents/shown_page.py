"""A page of a PDF as it is shown: its size, its picture, and places on it.

Places are in PDF points from the top left corner of the page as it is shown: cropped, and turned by its own rotation.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PageSize:
    """In PDF points, after the page's own rotation."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in PDF points, y downwards from the page's top left corner."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class PageImage:
    """A picture of a page: `height` rows of `stride` bytes, each with `width` pixels of red, green and blue."""

    page: int
    width: int
    height: int
    stride: int
    data: bytes


@dataclass(frozen=True, slots=True)
class QuoteFound:
    """Where a quote stands on its page: a box for each line of it, none where too little of it was found.

    `share` is the part of its letters that was found.
    """

    page: int
    boxes: tuple[Box, ...]
    share: float


@dataclass(frozen=True, slots=True)
class FindHit:
    """A place where a text that was looked for stands, a box for each line of it, with about a line around it."""

    page: int
    boxes: tuple[Box, ...]
    before: str
    match: str
    after: str
