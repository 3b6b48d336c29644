"""Stretches of a text that are marked, painted behind it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import cast

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QTextBlock, QTextLine

from app.ui.theme import colours

Span = tuple[int, int]
"""Positions in a QTextDocument, half open."""

_HIT_ALPHA, _CURRENT_ALPHA = 48, 120


class Mark(Enum):
    """Why a stretch is marked."""

    QUOTE = auto()
    HIT = auto()
    CURRENT = auto()


class TextMarks:
    """Qt's own extra selections cost, for each of them, the way through all that is seen; these only what is seen."""

    def __init__(self) -> None:
        self._spans: dict[Mark, list[Span]] = {mark: [] for mark in Mark}

    def set(self, mark: Mark, spans: Iterable[Span]) -> None:
        """Mark these stretches, in order and without overlaps, instead of those marked so before."""
        self._spans[mark] = list(spans)

    def spans(self, mark: Mark) -> Sequence[Span]:
        """What is marked."""
        return tuple(self._spans[mark])

    def paint(self, painter: QPainter, block: QTextBlock, at: QPointF) -> None:
        """Paint the marks of one paragraph that is laid out and shown at `at`."""
        for mark, spans in self._spans.items():
            for start, end in _within(spans, block.position(), block.position() + block.length()):
                for box in _boxes(block, start - block.position(), end - block.position()):
                    _paint(painter, mark, box.translated(at))


def _within(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    first = bisect_left(spans, start, key=lambda span: span[1])
    for index in range(first, len(spans)):
        if spans[index][0] >= end:
            return
        yield spans[index]


def _boxes(block: QTextBlock, start: int, end: int) -> Iterator[QRectF]:
    layout = block.layout()
    for number in range(layout.lineCount()):
        line = layout.lineAt(number)
        first, last = max(start, line.textStart()), min(end, line.textStart() + line.textLength())
        if first < last:
            left, right = sorted((_x(line, first), _x(line, last)))
            yield QRectF(left, line.y(), right - left, line.height())


def _x(line: QTextLine, position: int) -> float:
    # The position comes back as well, though the type does not say so.
    x, _ = cast(tuple[float, int], line.cursorToX(position))
    return x


def _paint(painter: QPainter, mark: Mark, box: QRectF) -> None:
    in_force = colours()
    if mark is Mark.QUOTE:
        painter.fillRect(box, in_force.highlight)
        return
    # Not the accent, which in high contrast is the yellow of the quote.
    colour = QColor(in_force.reading)
    colour.setAlpha(_CURRENT_ALPHA if mark is Mark.CURRENT else _HIT_ALPHA)
    painter.fillRect(box, colour)
    if mark is Mark.CURRENT:
        # Not by the tone alone.
        painter.setPen(QPen(in_force.reading, 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
