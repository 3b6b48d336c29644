"""Characters of one PDF page with their boxes, out of PDFium, grouped into pieces of text on one baseline.

A piece never spans a column gap. Coordinates are turned so that the text is upright and y grows downwards.
"""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from dataclasses import dataclass

import pypdfium2 as pdfium  # type: ignore[import-untyped]
import pypdfium2.raw as pdfium_c  # type: ignore[import-untyped]

from app.documents.readers.pdf_text import characters

_COMBINING = {
    "´": "\u0301", "`": "\u0300", "¨": "\u0308", "ˆ": "\u0302", "˜": "\u0303", "˘": "\u0306", "ˇ": "\u030c",
    "¸": "\u0327", "˚": "\u030a", "˝": "\u030b", "˙": "\u0307", "˛": "\u0328", "¯": "\u0304",
}  # fmt: skip
_BOLD = re.compile(r"bold|black|heavy|demi|cmbx|sfbx|ecbx|-medi(?:ital)?$")
_MONOSPACED = re.compile(r"mono|courier|cmtt|sftt|ectt|lmtt|consol|typewriter|menlo|fixed")
_COLUMN_GAP = 1.2
"""A gap wider than this many font heights ends a piece."""
BULLETS = frozenset("•●◦▪■")
"""Signs that begin a line and are often set in a font larger than its words."""
_SLANTED = 4
_TOKEN = re.compile(r"(?P<hyphen>[\x02\ufffe])|(?P<newline>[\r\n]+)|(?P<word>[^\s\x00\x02\ufffe]+)")
"""PDFium writes U+0002 or U+FFFE for a hyphen at a line's end and swallows the line break."""


@dataclass(slots=True)
class Char:
    """A character or a whole word, its box in points, y downwards."""

    text: str
    x0: float
    top: float
    x1: float
    bottom: float


@dataclass(slots=True)
class Piece:
    """Text on one baseline without a column gap inside.

    `fixed`: in a typewriter font from end to end; `turn`: quarter turns of its direction, counter-clockwise.
    """

    text: str
    x0: float
    top: float
    x1: float
    bottom: float
    size: float
    bold: bool
    fixed: bool
    turn: int


def page_pieces(page: pdfium.PdfPage, max_chars: int) -> tuple[list[Piece], float]:
    """The pieces of a page in the file's own order, those in the page's main direction first; and the page's height
    in points as the text stands on it."""
    textpage = page.get_textpage()
    try:
        left, bottom, right, top = page.get_bbox()
        pieces = _PieceReader(textpage, (left, bottom, right, top), max_chars).read()
    finally:
        textpage.close()
    letters = [0] * (_SLANTED + 1)
    for piece in pieces:
        letters[piece.turn] += len(piece.text)
    main = letters.index(max(letters))
    upright = [piece for piece in pieces if piece.turn == main]
    # Text across the main direction is a stamp or a margin note; slanted text is a watermark and is left out.
    turned = [piece for piece in pieces if piece.turn not in (main, _SLANTED)]
    return upright + turned, (right - left) if main % 2 else (top - bottom)


class _PieceReader:
    """Walks the characters of one text page; holds the ctypes buffers that every call shares."""

    def __init__(self, textpage: pdfium.PdfTextPage, box: tuple[float, float, float, float], max_chars: int) -> None:
        self._handle = textpage.raw
        self._count = min(pdfium_c.FPDFText_CountChars(self._handle), max_chars)
        self._left, self._bottom, self._right, self._top = box
        self._rect = pdfium_c.FS_RECTF()
        self._rect_ref = ctypes.byref(self._rect)
        self._font = ctypes.create_string_buffer(128)
        self._flags = ctypes.c_int()
        self._pieces: list[Piece] = []
        self._run: list[Char] = []
        self._turn = 0
        self._run_start = 0
        self._run_end = 0

    def read(self) -> list[Piece]:
        text = characters(self._handle, self._count)
        previous_end = 0
        for token in _TOKEN.finditer(text):
            start, end = token.span()
            space_before = start > previous_end
            previous_end = end
            if token.lastgroup == "hyphen":
                if self._run:
                    self._run[-1].text += "-"
                self._flush()
            elif token.lastgroup == "newline":
                self._flush()
            else:
                self._add_word(token.group(), start, end, space_before)
        self._flush()
        return self._pieces

    def _add_word(self, word: str, start: int, end: int, space_before: bool) -> None:
        """Add a word as one box where its ends stand on one baseline, letter by letter otherwise."""
        if not self._run:
            self._start(start)
        first = self._char(word, start)
        last = self._char(word[-1], end - 1) if end - start > 1 else first
        if first is not None and last is not None and not _odd_word(word, first, last):
            box = Char(word, first.x0, min(first.top, last.top), last.x1, max(first.bottom, last.bottom))
            self._add(box, start, space_before)
            return
        for index in range(start, end):
            char = self._char(word[index - start], index)
            if char is not None:
                self._add(char, index, space_before)
                space_before = False

    def _add(self, char: Char, index: int, space_before: bool) -> None:
        if self._run:
            last = self._run[-1]
            height = max(last.bottom - last.top, char.bottom - char.top)
            gap = char.x0 - last.x1
            shift = abs((char.top + char.bottom) - (last.top + last.bottom))
            # A bullet in a large font must not bridge a gutter that is wide for the text before it.
            widest = _COLUMN_GAP * (last.bottom - last.top if char.text in BULLETS else height)
            if shift > 1.2 * height or gap > widest or gap < -2 * height:
                self._flush()
            elif (gap < -0.08 * height and any(_doubled(char, other) for other in self._run[-8:])) or _accents(
                self._run, char, space_before
            ):
                return
            elif space_before and gap > 0.05 * height:
                self._run.append(Char(" ", last.x1, last.top, char.x0, last.bottom))
        if not self._run:
            turn = self._turn
            self._start(index)
            if self._turn != turn:
                moved = self._char(char.text, index)
                if moved is not None:
                    char = moved
        self._run.append(char)
        self._run_end = index

    def _start(self, index: int) -> None:
        self._run_start = index
        angle = pdfium_c.FPDFText_GetCharAngle(self._handle, index)  # radians, clockwise
        quarters = 0.0 if angle < 0 else angle / (math.pi / 2)
        nearest = round(quarters)
        self._turn = -nearest % 4 if abs(quarters - nearest) < 0.15 else _SLANTED

    def _char(self, text: str, index: int) -> Char | None:
        """The character with its box as seen upright; None where it lies outside the visible page."""
        if not pdfium_c.FPDFText_GetLooseCharBox(self._handle, index, self._rect_ref):
            return None
        rect = self._rect
        if rect.right < self._left or rect.left > self._right or rect.top < self._bottom or rect.bottom > self._top:
            return None
        if self._turn == 1:  # runs upwards
            return Char(
                text,
                rect.bottom - self._bottom,
                rect.left - self._left,
                rect.top - self._bottom,
                rect.right - self._left,
            )
        if self._turn == 2:
            return Char(
                text,
                self._right - rect.right,
                rect.bottom - self._bottom,
                self._right - rect.left,
                rect.top - self._bottom,
            )
        if self._turn == 3:  # runs downwards
            return Char(
                text, self._top - rect.top, self._right - rect.right, self._top - rect.bottom, self._right - rect.left
            )
        return Char(
            text, rect.left - self._left, self._top - rect.top, rect.right - self._left, self._top - rect.bottom
        )

    def _flush(self) -> None:
        run = self._run
        self._run = []
        if not run:
            return
        start, end = self._run_start, self._run_end
        fonts = [self._font_name(index) for index in (start, (start + end) // 2, end)]
        self._pieces.append(
            Piece(
                text="".join(char.text for char in run),
                x0=min(char.x0 for char in run),
                top=min(char.top for char in run),
                x1=max(char.x1 for char in run),
                bottom=max(char.bottom for char in run),
                size=max(char.bottom - char.top for char in run),
                bold=bool(_BOLD.search(fonts[0]) and _BOLD.search(fonts[1])),
                fixed=all(_MONOSPACED.search(font) for font in fonts),
                turn=self._turn,
            )
        )

    def _font_name(self, index: int) -> str:
        length = pdfium_c.FPDFText_GetFontInfo(self._handle, index, self._font, 128, ctypes.byref(self._flags))
        return self._font.raw[: max(0, min(length - 1, 127))].lower().decode("latin-1")


def _odd_word(word: str, first: Char, last: Char) -> bool:
    """Whether a word must be looked at letter by letter: doubled letters, loose accents, a change of baseline."""
    height = max(first.bottom - first.top, last.bottom - last.top)
    return (
        abs((first.top + first.bottom) - (last.top + last.bottom)) > 0.6 * height
        or last.x0 < first.x0
        or not _COMBINING.keys().isdisjoint(word)
        or (len(word) > 3 and word[0] == word[1] and word[2] == word[3])
        or (len(word) == 2 and word[0] == word[1])
    )


def _doubled(char: Char, other: Char) -> bool:
    """Bold faked by printing the same letter twice, a hair apart."""
    return (
        char.text == other.text
        and abs(char.x0 - other.x0) < 0.2 * max(0.1, other.x1 - other.x0)
        and abs(char.top - other.top) < 0.2 * max(0.1, other.bottom - other.top)
    )


def _accents(run: list[Char], char: Char, space_before: bool) -> bool:
    """Put an accent that stands over its letter as a character of its own (TeX) onto that letter."""
    last = run[-1]
    if char.text in _COMBINING and _overlap(last, char):
        composed = unicodedata.normalize("NFC", last.text + _COMBINING[char.text])
    elif last.text in _COMBINING and not space_before and _overlap(last, char):
        composed = unicodedata.normalize("NFC", char.text + _COMBINING[last.text])
    else:
        return False
    if len(composed) != 1:
        return False
    run[-1] = Char(
        composed, min(last.x0, char.x0), min(last.top, char.top), max(last.x1, char.x1), max(last.bottom, char.bottom)
    )
    return True


def _overlap(one: Char, other: Char) -> bool:
    shared = min(one.x1, other.x1) - max(one.x0, other.x0)
    return shared > 0.4 * min(one.x1 - one.x0, other.x1 - other.x0)
