"""The column that turns are in: its width, and how high a turn will about be in it."""

from __future__ import annotations

from PySide6.QtGui import QFontMetrics

from app.ui.widgets.shown_turn import ShownTurn
from app.ui.widgets.turn_html import CUT_CHARACTERS

CHARACTERS = 96
_LINES_AROUND = 3
"""The header and the buttons."""
_PIXELS_AROUND = 16
_PIXELS_OF_BUBBLE = 16


def column_width(metrics: QFontMetrics) -> int:
    """The widest column of text that still reads well, in pixels."""
    return metrics.averageCharWidth() * CHARACTERS


def estimated_height(turn: ShownTurn, width: int, metrics: QFontMetrics) -> int:
    """Of a turn in a column of this width, in pixels, from no more than the length of its text."""
    a_line = max(10, width // max(1, metrics.averageCharWidth()))
    texts = [line.text for line in turn.lines] or [turn.text[:CUT_CHARACTERS] if turn.by_user else turn.text]
    lines = sum(len(text) // a_line + text.count("\n") + 1 for text in texts)
    around = _PIXELS_AROUND + (_PIXELS_OF_BUBBLE if turn.by_user else 0)
    return (lines + _LINES_AROUND) * metrics.lineSpacing() + around
