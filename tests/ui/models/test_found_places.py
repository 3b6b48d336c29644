"""Walking through what a search has found."""

from __future__ import annotations

from app.services.page_images import FindHit
from app.ui.models.found_places import FoundPlaces
from tests.ui.fake_pages import hit


def test_the_first_place_at_or_after_the_user_is_shown() -> None:
    """Places before it are counted but not gone to."""
    found: FoundPlaces[FindHit] = FoundPlaces()
    found.begin(5)
    assert not found.add([hit(1), hit(3)])
    assert found.add([hit(4), hit(7), hit(8)])
    assert not found.add([hit(9)])
    assert not found.finish()
    assert (found.current, found.shown, found.done) == (3, hit(7), True)


def test_where_nothing_follows_the_first_place_is_shown() -> None:
    """At the end of the search, not before."""
    found: FoundPlaces[FindHit] = FoundPlaces()
    found.begin(5)
    assert not found.add([hit(1), hit(3)])
    assert found.shown is None
    assert found.finish()
    assert found.shown == hit(1)


def test_steps_go_round_the_ends() -> None:
    """Also before any place was shown: on to the first, back to the last."""
    found: FoundPlaces[FindHit] = FoundPlaces()
    assert not found.step(1)
    found.begin(1)
    found.add([hit(1), hit(2), hit(3)])
    shown = []
    for by in (1, 1, 1, -1, -1):
        assert found.step(by)
        shown.append(found.current)
    assert shown == [1, 2, 0, 2, 1]
    found.begin(9)
    found.add([hit(1), hit(2), hit(3)])
    found.step(-1)
    assert found.current == 2
    found.clear()
    assert (found.hits, found.shown, found.done) == ([], None, True)
