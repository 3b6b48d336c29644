from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from app.storage.snapshots import SaveOutcome, SnapshotKind, SnapshotStore
from tests.snapshot_states import assert_sound, page, page_digests, place, state, stored_bytes

BUDGET = 700
PAGES = [bytes([65 + i]) * (10 * i) for i in range(8)]
"""Bytes of page i: 0, 10, ... 70."""

SAVE = st.tuples(
    st.just("save"),
    st.builds(
        place,
        st.sampled_from("abcd"),
        stream=st.sampled_from("st"),
        kind=st.sampled_from(SnapshotKind),
        model=st.sampled_from("mn"),
        parent=st.sampled_from(["", "a", "b", "c"]),
    ),
    st.lists(st.tuples(st.integers(0, 7), st.booleans()), max_size=5),
    st.integers(0, 400),
)
OTHERS = st.one_of(
    st.tuples(st.just("load"), st.integers(0, 20)),
    st.tuples(st.just("damaged"), st.integers(0, 20), st.sets(st.integers(0, 7), max_size=2)),
    st.tuples(st.just("drop"), st.sampled_from("stu")),
    st.tuples(st.just("collect")),
    st.tuples(st.just("reopen"), st.integers(200, BUDGET)),
)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.one_of(SAVE, SAVE, SAVE, OTHERS), min_size=3, max_size=30))
def test_references_stay_right(steps: list[tuple[object, ...]]) -> None:
    """After any saves, uses, drops, evictions and collections: no page is orphaned, no reference dangles, the sizes
    are true, the rest fits the budget, and what was saved last is there."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.sqlite"
        budget = BUDGET
        store = SnapshotStore(path, budget_bytes=budget)
        for now, (what, *arguments) in enumerate(steps):
            ids = sorted(entry.id for model in "mn" for entry in store.candidates(model, kinds=list(SnapshotKind)))
            if what == "save":
                where, chosen, position = arguments
                pages = [page(i, PAGES[number], known=known) for i, (number, known) in enumerate(chosen)]
                own = bytes(position // 4)
                stored = {digest for stream in "st" for model in "mn" for digest in page_digests(path, stream, model)}
                given_too = {one.digest for one in pages if one.data is not None}
                complete = {one.digest for one in pages} <= stored | given_too
                outcome = store.save(where, state(own, pages, position=position), now=now)
                size = len(own) + sum(len(PAGES[number]) for number in {number for number, _ in chosen})
                fits = SaveOutcome.SAVED if size <= budget else SaveOutcome.REFUSED
                assert outcome is (fits if complete else SaveOutcome.PAGES_MISSING)
                if outcome is SaveOutcome.SAVED:
                    entry = store.find(where.stream, where.key, where.fingerprint)
                    # Its parent may have gone for it.
                    assert entry is not None and (entry.position, entry.place.kind) == (position, where.kind)
                    loaded = store.load(entry.id, now=now)
                    assert loaded is not None and loaded.recurrent == own
                    assert [one.data for one in loaded.pages] == [PAGES[number] for number, _ in chosen]
                    assert stored_bytes(path) <= budget
            elif what == "load" and ids:
                assert store.load(ids[arguments[0] % len(ids)], now=now) is not None
            elif what == "damaged" and ids:
                store.damaged(ids[arguments[0] % len(ids)], [page(0, PAGES[number]).digest for number in arguments[1]])
            elif what == "drop":
                store.drop_stream(arguments[0])
            elif what == "collect":
                store.collect(now=now)
                assert stored_bytes(path) <= budget
            elif what == "reopen":
                store.close()
                budget = arguments[0]
                store = SnapshotStore(path, budget_bytes=budget)
            if path.exists():
                assert_sound(path)
                assert store.total_bytes() == stored_bytes(path)
        store.close()
