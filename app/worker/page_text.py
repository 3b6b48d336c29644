"""The characters of one page of a PDF as PDFium gives them, and the boxes of stretches of them on the page as shown."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from app.documents.readers.pdf_text import NO_CHARACTER, characters

Rectangle = tuple[float, float, float, float]
"""left, top, right, bottom in points, y downwards from the top left corner of the page as it is shown."""

_HIDDEN = NO_CHARACTER
"""Also stands for a character outside the visible page, and for one printed twice: no quote holds it."""
_LOOK_BACK = 8
_LOOSE_HEIGHTS = 4.0
"""A font that claims to be more than so many times as high as its letters are is not believed."""
_SAME_LINE = 0.5
_WIDEST_SPACE, _WIDEST_SKIP = 4.0, 1.5
"""Heights of a line that a gap in it may be wide: between words, and where other text was left out."""


class PageText:
    """Text and boxes of an open page; `close` it before the page."""

    def __init__(self, page: pdfium.PdfPage, most_chars: int) -> None:
        self._textpage = page.get_textpage()
        self._handle = self._textpage.raw
        count = min(pdfium_c.FPDFText_CountChars(self._handle), most_chars)
        self.text = characters(self._handle, max(0, count))
        self._size, self._turn = _placing(page)
        self._loose = pdfium_c.FS_RECTF()
        self._loose_ref = ctypes.byref(self._loose)
        self._sides = [ctypes.c_double() for _ in range(4)]
        self._side_refs = [ctypes.byref(side) for side in self._sides]

    def close(self) -> None:
        """Give PDFium's memory back."""
        self._textpage.close()

    def visible(self) -> str:
        """The text as a reader of the page sees it: what is cropped away or printed twice is a NUL."""
        shown = list(self.text)
        boxes: list[tuple[str, Rectangle]] = []
        for index, char in enumerate(shown):
            if char.isspace():
                continue
            box = self._box(index)
            if box is None:
                continue  # PDFium's own signs, as for a hyphen at a line's end
            if not _is_visible(box, self._size) or any(
                char == other and _doubles(box, printed) for other, printed in boxes[-_LOOK_BACK:]
            ):
                shown[index] = _HIDDEN
            else:
                boxes.append((char, box))
        return "".join(shown)

    def boxes(self, ranges: Iterable[Sequence[int]]) -> list[Rectangle]:
        """A box for each line of text in the ranges (half open), in their order, within the page."""
        lines = _Lines()
        for start, end in ranges:
            lines.skip()
            for index in range(start, end):
                if not self.text[index].isspace() and (box := self._box(index)) is not None:
                    lines.add(box)
        clipped = (_clipped(box, self._size) for box in lines.boxes)
        return [box for box in clipped if box is not None]

    def _box(self, index: int) -> Rectangle | None:
        """Of a character, as high as its font's lines where that can be believed; None where it has no extent."""
        left, right, bottom, top = self._side_refs
        tight = None
        if pdfium_c.FPDFText_GetCharBox(self._handle, index, left, right, bottom, top):
            x0, x1, y0, y1 = (side.value for side in self._sides)
            tight = (min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))
        loose = None
        if pdfium_c.FPDFText_GetLooseCharBox(self._handle, index, self._loose_ref):
            rect = self._loose
            loose = (rect.left, rect.bottom, rect.right, rect.top)
        best = loose if loose is not None and (tight is None or _believable(loose, tight)) else tight
        if best is None or (best[0] >= best[2] and best[1] >= best[3]):
            return None
        return self._turn(best)


def _believable(loose: Rectangle, tight: Rectangle) -> bool:
    """Whether a box made of the font's measures holds the letter as it is drawn: turned text has others."""
    x, y = (tight[0] + tight[2]) / 2, (tight[1] + tight[3]) / 2
    if not (loose[0] <= x <= loose[2] and loose[1] <= y <= loose[3]):
        return False
    # A full stop is as small as its box is narrow.
    largest = max(tight[2] - tight[0], tight[3] - tight[1], loose[2] - loose[0])
    return largest <= 0 or loose[3] - loose[1] <= _LOOSE_HEIGHTS * largest


def _placing(page: pdfium.PdfPage) -> tuple[tuple[float, float], Callable[[Rectangle], Rectangle]]:
    """The size of the page as it is shown, and how to get there from PDF space (y upwards, anywhere)."""
    left, bottom, right, top = page.get_bbox()
    across, down = right - left, top - bottom
    turns: dict[int, tuple[tuple[float, float], Callable[[Rectangle], Rectangle]]] = {
        0: ((across, down), lambda box: (box[0] - left, top - box[3], box[2] - left, top - box[1])),
        90: ((down, across), lambda box: (box[1] - bottom, box[0] - left, box[3] - bottom, box[2] - left)),
        180: ((across, down), lambda box: (right - box[2], box[1] - bottom, right - box[0], box[3] - bottom)),
        270: ((down, across), lambda box: (top - box[3], right - box[2], top - box[1], right - box[0])),
    }
    return turns[page.get_rotation()]


def _is_visible(box: Rectangle, size: tuple[float, float]) -> bool:
    return box[2] > 0 and box[3] > 0 and box[0] < size[0] and box[1] < size[1]


def _clipped(box: Rectangle, size: tuple[float, float]) -> Rectangle | None:
    left, top, right, bottom = max(0.0, box[0]), max(0.0, box[1]), min(size[0], box[2]), min(size[1], box[3])
    if left >= right or top >= bottom:
        return None
    return round(left, 2), round(top, 2), round(right, 2), round(bottom, 2)


def _doubles(box: Rectangle, printed: Rectangle) -> bool:
    """Bold faked by printing the same letter twice, a hair apart."""
    width, height = max(0.1, printed[2] - printed[0]), max(0.1, printed[3] - printed[1])
    return abs(box[0] - printed[0]) < 0.2 * width and abs(box[1] - printed[1]) < 0.2 * height


class _Lines:
    """Boxes of characters put together to boxes of lines, upright ones and those that run up or down the page."""

    def __init__(self) -> None:
        self.boxes: list[Rectangle] = []
        self._last: Rectangle | None = None
        self._count = 0
        self._upright = True
        self._skipped = False

    def skip(self) -> None:
        """What comes next does not follow on what was."""
        self._skipped = True

    def add(self, box: Rectangle) -> None:
        """The next character's box."""
        if self._last is not None and self._goes_on(box, self._last):
            line = self.boxes[-1]
            self.boxes[-1] = (
                min(line[0], box[0]),
                min(line[1], box[1]),
                max(line[2], box[2]),
                max(line[3], box[3]),
            )
            self._count += 1
        else:
            self.boxes.append(box)
            self._count, self._upright = 1, True
        self._last = box
        self._skipped = False

    def _goes_on(self, box: Rectangle, last: Rectangle) -> bool:
        widest = _WIDEST_SKIP if self._skipped else _WIDEST_SPACE
        if (self._upright or self._count == 1) and _beside(box, last, self.boxes[-1], widest, 0):
            self._upright = True
            return True
        # One letter under another: a line that runs up or down, or down as Chinese may.
        if (not self._upright or self._count == 1) and _beside(box, last, self.boxes[-1], widest / 4, 1):
            self._upright = False
            return True
        return False


def _beside(box: Rectangle, last: Rectangle, line: Rectangle, widest: float, axis: int) -> bool:
    """Whether a box lies on the line of the last one, close to it; axis 0 for lines across, 1 for lines down."""
    other = 1 - axis
    shared = min(box[other + 2], last[other + 2]) - max(box[other], last[other])
    thickness = min(box[other + 2] - box[other], last[other + 2] - last[other])
    gap = max(box[axis] - line[axis + 2], line[axis] - box[axis + 2])
    return shared > _SAME_LINE * thickness and gap <= widest * (last[other + 2] - last[other])
