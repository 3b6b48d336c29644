"""The text of one page, cut into paragraphs as a QTextDocument holds them, and where offsets lie in them."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

LONGEST = 4_000
"""Characters of a paragraph; a longer one is cut at the next space, for Qt lays out a paragraph as a whole."""
_CUT_ANYWHERE = 2 * LONGEST
"""Where there is no space to cut at."""
MOST_BREAKS = 4_000
"""A text with more blank lines than this is not set in paragraphs: each costs Qt time."""

# To Qt these end a paragraph or a line, or stand for something else than a character.
_STRANGE = "\r\u2028\u2029\ufdd0\ufdd1\ufffc"
_LINE_END = "\u2028"
_BLANK_LINES = re.compile("\n{2,}")
_GAP = re.compile(f"[ {_LINE_END}]")


class Paragraphs:
    """Offsets are those of Python, in code points; Qt counts UTF-16 units, two for each character beyond U+FFFF.

    A blank line is a paragraph without text; other line ends stay within a paragraph.
    """

    def __init__(self, text: str) -> None:
        for character in _STRANGE:
            text = text.replace(character, " ")
        self._text = text.replace("\n", _LINE_END)
        self._spans = [span for start, end in _stretches(text) for span in _pieces(self._text, start, end)]
        self._starts = [start for start, _ in self._spans]

    def __len__(self) -> int:
        return len(self._spans)

    def text(self) -> str:
        """For QTextDocument.setPlainText."""
        return "\n".join(self._text[start:end] for start, end in self._spans)

    def place(self, offset: int) -> tuple[int, int]:
        """The paragraph's number and the UTF-16 units before an offset in it."""
        offset = min(max(0, offset), len(self._text))
        number = bisect_right(self._starts, offset) - 1
        start, end = self._spans[number]
        before = self._text[start : min(offset, end)]
        return number, len(before) if before.isascii() else len(before.encode("utf-16-le", "surrogatepass")) // 2


def _stretches(text: str) -> Iterator[tuple[int, int]]:
    """Paragraphs and the blank lines between them, without the line end after each."""
    start = 0
    if text.count("\n\n") <= MOST_BREAKS:
        for blank in _BLANK_LINES.finditer(text):
            yield start, blank.start()
            for line in range(blank.start() + 1, blank.end()):
                yield line, line
            start = blank.end()
    yield start, len(text)


def _pieces(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """A stretch in pieces that are not too long: the space at a cut is left out, as a line end is."""
    while end - start > LONGEST:
        latest = min(end, start + _CUT_ANYWHERE)
        gap = _GAP.search(text, start + LONGEST, latest)
        if gap is None and latest == end:
            break
        yield start, latest if gap is None else gap.start()
        start = latest if gap is None else gap.end()
    yield start, end
