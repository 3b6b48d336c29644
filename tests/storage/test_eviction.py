from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.storage.eviction import Held, losses, plan_eviction, spine
from app.storage.snapshot_records import SnapshotKind

STEP = 8000


def held(
    id_: int,
    position: int,
    *,
    stream: str = "s",
    kind: SnapshotKind = SnapshotKind.BOOKMARK,
    parent: str = "",
    used_at: float = 0.0,
    nbytes: int = 10,
    pages: Sequence[str] = (),
) -> Held:
    """A snapshot of the key `k<id>`."""
    return Held(id_, stream, f"k{id_}", kind, parent, position, used_at, nbytes, frozenset(pages))


def bookmarks(*positions: int, stream: str = "s", used_at: float = 0.0, first: int = 1) -> list[Held]:
    """A snapshot of 10 bytes at each position, numbered from `first`."""
    return [held(first + i, position, stream=stream, used_at=used_at) for i, position in enumerate(positions)]


def test_nothing_goes_while_all_fits() -> None:
    """Exactly the budget is within it."""
    assert plan_eviction(bookmarks(1, 2, 3), {}, budget_bytes=30) == []
    assert plan_eviction([], {}, budget_bytes=0) == []


def test_spine_doubles_its_distances() -> None:
    """From the furthest back: 0, 1, 2, 4, 8 steps."""
    members = bookmarks(*(100 * i for i in range(1, 17)))
    assert [one.position for one in spine(members)] == [1600, 1500, 1400, 1200, 800]


def test_spine_takes_the_nearest_at_or_before_a_distance() -> None:
    """Uneven gaps: 10 back, then at least 20 (30 is the nearest), then at least 60 (90)."""
    assert [one.position for one in spine(bookmarks(10, 41, 70, 90, 100))] == [100, 90, 70, 10]


def test_loss_is_the_tokens_to_read_again_over_the_distance_from_the_end() -> None:
    """100 / 300, 200 / 100, infinite at the end itself, and nothing for a second state at one position."""
    members = [*bookmarks(100, 300, 400), held(4, 300, used_at=-1.0)]
    assert losses(members) == {
        1: (pytest.approx(1 / 3), 100),
        2: (2.0, 300),
        3: (float("inf"), 400),
        4: (0.0, 300),
    }


def test_first_what_is_on_no_spine_then_the_spine() -> None:
    """Of 1 to 5 the spine is 5, 4, 3, 1: 2 goes first, then the cheapest again and again, and the end last."""
    members = bookmarks(100, 200, 300, 400, 500)
    assert plan_eviction(members, {}, budget_bytes=40) == [2]
    # 100 / 400 before 200 / 200 and 100 / 100; without the first 300 / 200 against 100 / 100.
    assert plan_eviction(members, {}, budget_bytes=0) == [2, 1, 4, 3, 5]


def test_least_recently_used_stream_first() -> None:
    """The older stream loses all but its spine before the newer one loses anything, then its spine too."""
    old = bookmarks(100, 200, 300, 400, 500, stream="old", used_at=1.0)
    new = bookmarks(100, 200, 300, 400, 500, stream="new", used_at=2.0, first=11)
    assert plan_eviction([*new, *old], {}, budget_bytes=40) == [2, 12, 1, 4, 3, 5]


def test_one_use_of_a_stream_keeps_all_of_it() -> None:
    """A stream is as recent as its most recently used snapshot."""
    one = [held(1, 100, stream="one", used_at=1.0), held(2, 200, stream="one", used_at=9.0)]
    other = [held(3, 100, stream="other", used_at=5.0), held(4, 200, stream="other", used_at=5.0)]
    assert plan_eviction([*one, *other], {}, budget_bytes=20) == [3, 4]


def test_ends_and_tips_go_last() -> None:
    """A bookmark of the newest stream goes before a document's end and the tips of an old conversation."""
    end = held(1, 900, stream="document", kind=SnapshotKind.END, used_at=1.0)
    turns = [
        held(2, 100, stream="talk", kind=SnapshotKind.TURN, used_at=2.0),
        held(3, 200, stream="talk", kind=SnapshotKind.TURN, parent="k2", used_at=3.0),
        held(4, 150, stream="talk", kind=SnapshotKind.TURN, parent="k2", used_at=4.0),
    ]
    bookmark = held(5, 500, stream="other", used_at=9.0)
    everything = [bookmark, *turns, end]
    assert plan_eviction(everything, {}, budget_bytes=0) == [2, 5, 1, 3, 4]
    assert plan_eviction(everything, {}, budget_bytes=0, newest=3) == [2, 5, 1, 4]


def test_the_snapshot_just_saved_stays() -> None:
    """Whatever its kind and place, and though it is the cheapest to lose."""
    assert plan_eviction(bookmarks(100, 200, 300), {}, budget_bytes=10, newest=1) == [2, 3]


def test_shared_pages_count_once_and_go_with_their_last_snapshot() -> None:
    """Evicting a snapshot frees its own bytes and the pages that nobody else has."""
    members = [held(1, 100, pages=["a", "b"]), held(2, 200, pages=["b", "c"]), held(3, 300, pages=["b", "c"])]
    sizes = {"a": 100, "b": 100, "c": 100}
    assert plan_eviction(members, sizes, budget_bytes=330) == []
    assert plan_eviction(members, sizes, budget_bytes=329) == [1]
    assert plan_eviction(members, sizes, budget_bytes=220) == [1]
    assert plan_eviction(members, sizes, budget_bytes=219) == [1, 2]
    assert plan_eviction(members, sizes, budget_bytes=209) == [1, 2, 3]


@pytest.mark.parametrize("budget_states", [12, 20, 40])
def test_long_reading_keeps_a_logarithmic_spine(budget_states: int) -> None:
    """1.3 million tokens, a bookmark each 8,000, saved one after another.

    At any time: the newest bookmarks are there, the budget is used up, and going back to any place means reading
    at most 2.5 times as far as the place lies behind (and one step).
    """
    members: list[Held] = []
    for i in range(1, 1_300_000 // STEP + 1):
        # A window of 2,048 tokens in pages of 128: bookmarks so far apart share none.
        members.append(held(i, STEP * i, used_at=float(i), pages=[f"page {i}"]))
        sizes = {digest: 16 for one in members for digest in one.digests}
        gone = plan_eviction(members, sizes, budget_bytes=26 * budget_states, newest=i)
        members = [one for one in members if one.id not in gone]
        kept = {one.position for one in members}
        end = STEP * i
        assert len(kept) == min(i, budget_states)
        assert {end - STEP * back for back in range(min(i, budget_states // 4))} <= kept
        assert len(spine(members)) <= 10
        for target in range(STEP, end + 1, STEP):
            start = max((position for position in kept if position <= target), default=0)
            assert end - start <= 2.5 * (end - target + STEP)


def test_small_budget_is_still_spread() -> None:
    """Room for five of 162 bookmarks: the newest three and two far back."""
    members: list[Held] = []
    for i in range(1, 163):
        members.append(held(i, STEP * i, used_at=float(i)))
        gone = plan_eviction(members, {}, budget_bytes=50, newest=i)
        members = [one for one in members if one.id not in gone]
    behind = sorted(162 - one.position // STEP for one in members)
    assert behind[:3] == [0, 1, 2]
    assert 8 <= behind[3] < behind[4] <= 81


DIGESTS = "abcdefgh"
HELD = st.builds(
    Held,
    id=st.just(0),
    stream=st.sampled_from(["s", "t", "u"]),
    key=st.sampled_from(["k1", "k2", "k3", "k4"]),
    kind=st.sampled_from(SnapshotKind),
    parent_key=st.sampled_from(["", "k1", "k2", "k3"]),
    position=st.integers(0, 50),
    used_at=st.floats(0, 10),
    nbytes=st.integers(1, 50),
    digests=st.frozensets(st.sampled_from(DIGESTS)),
)


def used(members: Sequence[Held], sizes: dict[str, int]) -> int:
    """Bytes of snapshots and their pages, counted anew."""
    return sum(one.nbytes for one in members) + sum(sizes[d] for d in set().union(*(one.digests for one in members)))


@given(
    st.lists(HELD, max_size=12), st.lists(st.integers(0, 60), min_size=8, max_size=8), st.integers(0, 400), st.data()
)
def test_plans_fit_and_take_no_more_than_needed(
    members: list[Held], page_bytes: list[int], budget: int, data: st.DataObject
) -> None:
    """What is left fits (or is only the newest); one victim fewer would not; protected ones only after all others."""
    members = [
        Held(i, one.stream, one.key, one.kind, one.parent_key, one.position, one.used_at, one.nbytes, one.digests)
        for i, one in enumerate(members)
    ]
    sizes = dict(zip(DIGESTS, page_bytes, strict=True))
    newest = data.draw(st.sampled_from([None, *(one.id for one in members)]))
    victims = plan_eviction(members, sizes, budget_bytes=budget, newest=newest)
    left = [one for one in members if one.id not in victims]
    assert len(set(victims)) == len(victims) and newest not in victims
    assert used(left, sizes) <= budget or [one.id for one in left] == [newest][: len(left)]
    if victims:
        assert used([one for one in members if one.id not in victims[:-1]], sizes) > budget
    ends = [victims.index(one.id) for one in members if one.kind is SnapshotKind.END and one.id in victims]
    marks = [one.id for one in members if one.kind is SnapshotKind.BOOKMARK and one.id != newest]
    if ends:
        assert all(id_ in victims[: min(ends)] for id_ in marks)
