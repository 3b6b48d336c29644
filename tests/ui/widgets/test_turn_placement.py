"""Tests of where turns are in a view: heights are numbers here."""

from __future__ import annotations

from app.ui.widgets.turn_heights import TurnHeights
from app.ui.widgets.turn_placement import PADDING, TurnPlacement

VIEW = 300


def placed(true: list[int], estimates: list[int] | None = None) -> TurnPlacement:
    """A placement at the end of turns with these heights."""
    place = TurnPlacement()
    place.heights = TurnHeights(estimates or true)
    place.lay_out(VIEW, true.__getitem__)
    return place


def test_a_conversation_opens_at_its_end() -> None:
    """The last turn's end is at the bottom, and only turns in view are measured."""
    true = [100] * 50
    asked: list[int] = []
    place = TurnPlacement()
    place.heights = TurnHeights([80] * 50)
    place.lay_out(VIEW, lambda index: asked.append(index) or true[index])  # type: ignore[func-returns-value]
    assert place.tops == {47: -8, 48: 92, 49: 192} and place.following
    assert set(asked) == {47, 48, 49}
    assert place.value() == place.total() - VIEW


def test_a_short_conversation_begins_at_the_top() -> None:
    """No gap above."""
    place = placed([50, 60])
    assert place.tops == {0: PADDING, 1: PADDING + 50} and place.following


def test_a_wrong_estimate_above_moves_nothing_in_view() -> None:
    """Scrolling up onto a turn that is higher than was thought, what was in view moves by the scroll and no more."""
    true = [400, 400, 100, 100, 100, 100]
    place = placed(true, [50, 50, 100, 100, 100, 100])
    before = dict(place.tops)
    place.scroll(60)
    place.lay_out(VIEW, true.__getitem__)
    assert all(place.tops[index] == before[index] + 60 for index in place.tops if index in before)
    assert place.heights[1] == 50, "not in view yet: still an estimate"
    place.scroll(120)
    place.lay_out(VIEW, true.__getitem__)
    assert place.tops[2] == before[3] - 100 + 180 and place.heights[1] == 400


def test_text_added_below_moves_nothing_for_who_scrolled_up() -> None:
    """And is followed by who is at the end."""
    true = [100] * 10
    place = placed(true)
    true[9] = 180
    place.lay_out(VIEW, true.__getitem__)
    assert place.bottom(9) == VIEW - PADDING
    place.scroll(300)
    place.lay_out(VIEW, true.__getitem__)
    tops = dict(place.tops)
    true[9] = 900
    place.lay_out(VIEW, true.__getitem__)
    assert place.tops == tops and not place.following and place.end_is_below()


def test_scrolling_to_the_end_follows_again() -> None:
    """Too far is no gap."""
    true = [100] * 10
    place = placed(true)
    place.scroll(200)
    place.lay_out(VIEW, true.__getitem__)
    assert not place.following
    place.scroll(-500)
    place.lay_out(VIEW, true.__getitem__)
    assert place.following and place.bottom(9) == VIEW - PADDING


def test_a_jump_goes_by_the_estimates() -> None:
    """To the turn that should be there."""
    place = placed([100] * 100)
    place.jump(PADDING + 5030)
    place.lay_out(VIEW, lambda _: 100)
    assert place.first == 50 and place.tops[50] == -30 and place.value() == PADDING + 5030


def test_nothing_is_at_the_end_of_nothing() -> None:
    """An empty conversation."""
    place = placed([])
    assert place.tops == {} and place.following and not place.end_is_below()
