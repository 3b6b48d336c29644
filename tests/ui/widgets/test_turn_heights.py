"""Tests of the heights of turns, against plain sums."""

from __future__ import annotations

import random
from itertools import accumulate

from app.ui.widgets.turn_heights import TurnHeights


def test_offsets_and_places_are_those_of_plain_sums() -> None:
    """After any mixture of changes."""
    rng = random.Random(5)
    plain = [rng.randint(1, 90) for _ in range(37)]
    heights = TurnHeights(plain)
    for _ in range(300):
        match rng.choice(["set", "append", "pop"]):
            case "set":
                index = rng.randrange(len(plain))
                plain[index] = heights[index] = rng.randint(1, 90)
            case "append":
                plain.append(rng.randint(1, 90))
                heights.append(plain[-1])
            case "pop" if len(plain) > 1:
                plain.pop()
                heights.pop()
        starts = [0, *accumulate(plain)]
        assert [heights.offset(index) for index in range(len(plain) + 1)] == starts
        y = rng.randrange(starts[-1])
        assert heights.index_at(y) == max(index for index, start in enumerate(starts[:-1]) if start <= y)


def test_places_outside_belong_to_the_ends() -> None:
    """Above the first and below the last turn."""
    heights = TurnHeights([10, 20, 30])
    assert heights.index_at(-5) == 0 and heights.index_at(1000) == 2 and len(heights) == 3
