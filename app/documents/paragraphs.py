"""Lines with their places on a page -> paragraphs: a blank line between paragraphs, a line break where it counts."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from statistics import median

from app.documents.normalize import Vocabulary, clean, is_wide
from app.documents.raw import TURNED, Line

_ENDS = re.compile(r"[.!?。！？:：;؟।…][\"'”’»)\]）」』]*(?:\[?\d{1,3}\]?)?$")
_ITEM = re.compile(r"(?:[•●▪◦‣⁃■□➢*–—-]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)])\s+\S")
_BULLET = re.compile(r"[•●▪◦‣⁃■□➢]")
_HEADING_CHARS = 150
_HEADING_LINES = 3
_SIZE_STEP = 1.12
"""Ratio of font heights from which two lines are set in different sizes."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading found on a page: page offset and how it is set."""

    offset: int
    title: str
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class PageText:
    """A page's text, its headings, and where on the page (points from the top) each stretch of text begins."""

    text: str
    headings: tuple[Heading, ...] = ()
    line_starts: tuple[tuple[float, int], ...] = ()
    full: bool = False
    """Whether the last line reaches the right margin, as in the middle of a paragraph."""


@dataclass(frozen=True, slots=True)
class Column:
    """Edges and line spacing of one column of lines, in points."""

    left: float
    right: float
    step: float

    @property
    def width(self) -> float:
        """Its width in points."""
        return max(1.0, self.right - self.left)


def body_size(pages: Iterable[Sequence[Line]]) -> float:
    """The font height in which most of the document's letters are set, in points."""
    letters: Counter[float] = Counter()
    for lines in pages:
        for line in lines:
            letters[round(line.size * 2) / 2] += len(line.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def page_text(lines: Sequence[Line], vocabulary: Vocabulary, body: float) -> PageText:
    """The lines of one page, in reading order, as paragraphs. `body` is the document's usual font height."""
    lines = [line for line in lines if clean(line.text)]
    if not lines:
        return PageText("")
    columns = _columns(lines)
    writer = _Writer(vocabulary)
    headings: list[Heading] = []
    starts: list[tuple[float, int]] = []
    paragraph: list[Line] = []
    begin = 0
    previous: Line | None = None
    for line in lines:
        content = clean(line.text)
        glue = "\n\n" if previous is None else _glue(previous, line, columns[previous.column], body)
        if glue == "\n\n":
            _note_heading(headings, writer.since(begin), begin, paragraph, body)
            writer.write("\n\n" if paragraph else "")
            begin, paragraph = writer.length, []
        elif glue == "\n":
            writer.write("\n")
        starts.append((line.top, writer.length))
        if glue == " ":
            writer.join(content)
        else:
            writer.write(content)
        paragraph.append(line)
        previous = line
    _note_heading(headings, writer.since(begin), begin, paragraph, body)
    last = lines[-1]
    full = last.x1 > columns[last.column].right - 0.1 * columns[last.column].width
    return PageText(writer.since(0), tuple(headings), tuple(starts), full)


class _Writer:
    """Text under construction; only the last line can still change, so a page of any length takes linear time."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._parts: list[str] = []
        self._starts: list[int] = []
        self.length = 0

    def write(self, text: str) -> None:
        self._parts.append(text)
        self._starts.append(self.length)
        self.length += len(text)

    def join(self, line: str) -> None:
        """Add a line that goes on with the one before it."""
        self.length = self._starts.pop()
        joined = self._vocabulary.join(self._parts.pop(), line)
        cut = len(joined) - len(line)
        self.write(joined[:cut])
        self.write(joined[cut:])

    def since(self, start: int) -> str:
        """The text from an offset at which a part began."""
        return "".join(self._parts[bisect_left(self._starts, start) :])


def _columns(lines: Sequence[Line]) -> dict[int, Column]:
    columns: dict[int, Column] = {}
    for number, group in groupby(lines, key=lambda line: line.column):
        members = list(group)
        lefts = sorted(line.x0 for line in members)
        rights = sorted(line.x1 for line in members)
        steps = [
            after.top - before.top
            for before, after in pairwise(members)
            if 0.5 * before.size < after.top - before.top < 2.5 * before.size
        ]
        # Tenths keep one stray line from setting the edge.
        tenth = len(members) // 10
        step = median(steps) if steps else 1.3 * members[0].size
        columns[number] = Column(lefts[tenth], rights[len(rights) - 1 - tenth // 2], step)
    return columns


def _glue(one: Line, two: Line, column: Column, body: float) -> str:
    """What stands between two lines: a space (or nothing), a line break, or a blank line."""
    if TURNED in (one.column, two.column):
        return "\n\n"
    if _differ_in_size(one, two) and not _inline_change(one, two, column):
        return "\n\n"
    if one.column != two.column:
        goes_on = not _ended(one) and (_is_broken_word(one) or _continues(two.text))
        return " " if goes_on and _wraps(one, two, column) else "\n\n"
    step, size = two.top - one.top, max(one.size, two.size)
    if min(one.size, two.size) > _SIZE_STEP * body and 0 < step < 1.7 * size:
        return " "  # a heading of several lines
    if step > max(1.4 * column.step, column.step + 0.35 * size) or step < -size:
        return "\n\n"
    return _glue_at_usual_step(one, two, column)


def _glue_at_usual_step(one: Line, two: Line, column: Column) -> str:
    """What stands between two lines of one column that are no further apart than its lines usually are."""
    ended, broken_word = _ended(one), _is_broken_word(one)
    short = not _wraps(one, two, column)
    if (one.fixed or two.fixed) and not (broken_word and two.text[:1].islower()):
        return "\n"
    if short and one.bold != two.bold and not broken_word:
        return "\n\n"
    if _BULLET.match(two.text) or (_ITEM.match(two.text) and (ended or short)):
        return "\n"
    if broken_word:
        return " "
    if ended and (short or _indent_changes(one, two, column)):
        return "\n\n"
    return "\n" if short else " "


def _ended(line: Line) -> bool:
    return bool(_ENDS.search(line.text.rstrip()))


def _is_broken_word(line: Line) -> bool:
    return line.text.rstrip().endswith("-")


def _differ_in_size(one: Line, two: Line) -> bool:
    return max(one.size, two.size) > _SIZE_STEP * min(one.size, two.size)


def _indent_changes(one: Line, two: Line, column: Column) -> bool:
    """Whether line `two` is set in, or line `one` was and `two` is not any more."""
    size = max(one.size, two.size)
    indent = two.x0 - one.x0
    return indent > 0.7 * size or (indent < -0.7 * size and one.x0 > column.left + 1.5 * size)


def _inline_change(one: Line, two: Line, column: Column) -> bool:
    """A tall sign in running text: the lines are full and the sentence goes on."""
    return _wraps(one, two, column) and _continues(two.text) and two.top - one.top < 2.2 * column.step


def _wraps(one: Line, two: Line, column: Column) -> bool:
    """Whether line `one` ends because the first word of `two` had no more room in the column."""
    width = two.x1 - two.x0
    word = two.text if is_wide(two.text[:1]) else two.text.split(" ", 1)[0]
    letters = 1 if is_wide(two.text[:1]) else len(word) + 1
    needed = width * letters / max(1, len(two.text))
    return one.x1 + needed > column.right - 0.1 * one.size


def _continues(text: str) -> bool:
    return text[:1].islower() or is_wide(text[:1]) or text[:1] in "(“\"'‘[,;" or text[:1].isdigit()


def _note_heading(headings: list[Heading], content: str, begin: int, paragraph: list[Line], body: float) -> None:
    """Add a paragraph to the headings if it is one."""
    if not 0 < len(paragraph) <= _HEADING_LINES or not _may_be_title(content):
        return
    size = min(line.size for line in paragraph)
    bold = all(line.bold for line in paragraph)
    if size < 0.97 * body or not (size > _SIZE_STEP * body or bold):
        return
    title = content.replace("\n", " ")
    if title[-1] in ".,;:" and not (bold and len(title) < 80 and title[-1] in ".:"):
        return
    headings.append(Heading(begin, title, size, bold))


def _may_be_title(text: str) -> bool:
    """Short, mostly letters, and no address."""
    letters = sum(char.isalpha() for char in text)
    return len(text) <= _HEADING_CHARS and letters >= max(2, 0.4 * len(text)) and "@" not in text
