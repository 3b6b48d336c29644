"""How much of the window and of the reader's patience each step may use: tokens per part, lines per summary."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from app.inference.generator import ModelInfo
from app.tasks.model import Style


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits of one summary, in tokens unless named otherwise.

    `part` leaves room in the window for the prompt and the notes, so that a part is attended exactly while they
    are written. Neighbouring sections are joined while one of them is below `join_below`.
    """

    part: int
    join_below: int
    feed: int
    note: int

    @classmethod
    def for_model(cls, info: ModelInfo, style: Style) -> Budget:
        """Shares of the model's attention window; the brief style writes half as much."""
        note = max(32, min(256, info.window_tokens // 8))
        part = max(64, info.window_tokens - note - info.window_tokens // 16)
        return cls(
            part=part,
            join_below=part // 3,
            feed=max(16, min(512, part // 4)),
            note=note // 2 if style is Style.BRIEF else note,
        )


def note_lines(style: Style, tokens: int) -> int:
    """Lines of notes for a part of so many tokens."""
    if style is Style.BRIEF:
        return max(1, min(3, ceil(tokens / 800)))
    return max(1, min(5, ceil(tokens / 400)))


def summary_lines(style: Style, tokens: int) -> int:
    """Lines of the final summary: one per 700 tokens of the document, from 3 to 25 (brief: 3 to 10)."""
    return max(3, min(10 if style is Style.BRIEF else 25, ceil(tokens / 700)))


def lines_per_part(lines: int, parts: int) -> int:
    """Most lines of the summary that one part may give: half as many again as its equal share, so all have a say."""
    return max(1, ceil(1.5 * lines / max(1, parts)))
