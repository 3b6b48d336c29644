"""Heights of turns in a long list: where each one begins, which one is at a place, in logarithmic time."""

from __future__ import annotations

from collections.abc import Iterable


class TurnHeights:
    """Heights in pixels, as a tree of partial sums (Fenwick, 1994)."""

    def __init__(self, heights: Iterable[int] = ()) -> None:
        self._heights = list(heights)
        self._sums = [0, *self._heights]
        for index in range(1, len(self._sums)):
            above = index + (index & -index)
            if above < len(self._sums):
                self._sums[above] += self._sums[index]

    def __len__(self) -> int:
        return len(self._heights)

    def __getitem__(self, index: int) -> int:
        return self._heights[index]

    def __setitem__(self, index: int, height: int) -> None:
        change = height - self._heights[index]
        self._heights[index] = height
        place = index + 1
        while change and place < len(self._sums):
            self._sums[place] += change
            place += place & -place

    def append(self, height: int) -> None:
        """One more at the end."""
        place = len(self._sums)
        begin = place - (place & -place)
        self._sums.append(self.offset(place - 1) - self.offset(begin) + height)
        self._heights.append(height)

    def pop(self) -> None:
        """Take the last one off."""
        self._heights.pop()
        self._sums.pop()

    def offset(self, index: int) -> int:
        """Where the turn begins; for `len(self)`, the height of all."""
        total = 0
        while index:
            total += self._sums[index]
            index -= index & -index
        return total

    def index_at(self, y: int) -> int:
        """The turn at a place; the first or last one for places outside."""
        place, step = 0, 1 << len(self._heights).bit_length()
        while step:
            if place + step < len(self._sums) and self._sums[place + step] <= y:
                place += step
                y -= self._sums[place]
            step >>= 1
        return max(0, min(place, len(self._heights) - 1))
