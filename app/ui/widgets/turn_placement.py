"""Where turns are in a view: the truth is one turn's place in it, the anchor; the scroll bar follows from that."""

from __future__ import annotations

from collections.abc import Callable

from app.ui.widgets.turn_heights import TurnHeights

PADDING = 8
"""Pixels above the first turn and below the last."""
_AT_END = 2


class TurnPlacement:
    """Heights, of which those out of view are estimates, and the tops of the turns in view. All in pixels."""

    def __init__(self) -> None:
        self.heights = TurnHeights()
        self.tops: dict[int, int] = {}
        """Of the turns in view, first to last, from the view's own top."""
        self._anchor, self._top = 0, PADDING
        self.following = True
        """Whether the end stays in view while text is added."""
        self._view = 0

    def go_to(self, index: int, top: int) -> None:
        """Let a turn begin at a place of the view from now on."""
        self._anchor, self._top, self.following = index, top, False

    def scroll(self, by: int) -> None:
        """Move what is in view down by so much."""
        self._top += by
        self.following = False

    def jump(self, value: int) -> None:
        """Show what should be at a value of the scroll bar, going by the estimates."""
        y = value - PADDING
        self._anchor = self.heights.index_at(y)
        self._top = self.heights.offset(self._anchor) - y
        self.following = False

    @property
    def first(self) -> int:
        """The first turn of which anything is in view."""
        return min(self.tops, default=0)

    def value(self) -> int:
        """Of the scroll bar."""
        return PADDING + self.heights.offset(self._anchor) - self._top

    def total(self) -> int:
        """Height of everything."""
        return self.heights.offset(len(self.heights)) + 2 * PADDING

    def bottom(self, index: int) -> int | None:
        """Where in the view a turn ends; None where it is out of view."""
        top = self.tops.get(index)
        return None if top is None else top + self.heights[index]

    def end_is_below(self) -> bool:
        """Whether there is more below the view."""
        if not len(self.heights):
            return False
        bottom = self.bottom(len(self.heights) - 1)
        return bottom is None or bottom > self._view - PADDING + _AT_END

    def lay_out(self, view: int, measured: Callable[[int], int]) -> None:
        """Find what is in a view of this height.

        Args:
            view: the view's height.
            measured: the true height of a turn; asked for those in view only.
        """
        count = len(self.heights)
        self._view = view
        if not count:
            self.tops, self._anchor, self._top, self.following = {}, 0, PADDING, True
            return
        if self.following:
            self._anchor = count - 1
            self._top = view - PADDING - self._measure(count - 1, measured)
        self._anchor = min(self._anchor, count - 1)
        # Again where the first or last turn leaves a gap; what is measured by then costs nothing.
        for _ in range(4):
            self.tops = self._in_view(measured)
            gap = self._gap()
            if not gap:
                break
            self._top += gap
        # The first one whose beginning is seen: what goes on above it moves nothing below.
        self._anchor = next((index for index, top in self.tops.items() if top >= 0), min(self.tops))
        self._top = self.tops[self._anchor]
        self.following = self.following or not self.end_is_below()

    def _measure(self, index: int, measured: Callable[[int], int]) -> int:
        self.heights[index] = measured(index)
        return self.heights[index]

    def _in_view(self, measured: Callable[[int], int]) -> dict[int, int]:
        tops: dict[int, int] = {}
        index, y = self._anchor, self._top
        while index < len(self.heights) and (y < self._view or not tops):
            tops[index] = y
            y += self._measure(index, measured)
            index += 1
        index, y = self._anchor, self._top
        while index > 0 and y > 0:
            index -= 1
            y -= self._measure(index, measured)
            tops[index] = y
        seen = {index: top for index, top in tops.items() if top < self._view and top + self.heights[index] > 0}
        return dict(sorted((seen or tops).items()))

    def _gap(self) -> int:
        first, last = min(self.tops), max(self.tops)
        above = self.tops[first] - PADDING
        if first == 0 and above > 0:
            return -above
        if last < len(self.heights) - 1:
            return 0
        below = self._view - PADDING - self.tops[last] - self.heights[last]
        return max(0, min(below, -above) if first == 0 else below)
