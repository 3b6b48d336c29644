from __future__ import annotations

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from app.storage import snapshots
from app.storage.snapshots import Collected, PageRecord, SaveOutcome, SnapshotKind, SnapshotStore
from tests.snapshot_states import assert_sound, page, page_digests, place, rows, state, stored_bytes

MIB = 1024 * 1024
ROOM = 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "snapshots.sqlite"


@pytest.fixture
def store(path: Path) -> SnapshotStore:
    return SnapshotStore(path, budget_bytes=ROOM)


def keys(store: SnapshotStore, stream: str = "s") -> list[str]:
    """Keys of a stream's snapshots, by position."""
    return [entry.place.key for entry in store.entries(stream, "m")]


def load(store: SnapshotStore, key: str, *, now: float = 0.0) -> object:
    """The state of a place of the stream `s`, or None."""
    entry = store.find("s", key, "m")
    return None if entry is None else store.load(entry.id, now=now)


def test_a_state_comes_back_as_it_was_saved(store: SnapshotStore) -> None:
    """Header, recurrent part and every page in order, an empty and a repeated one too."""
    pages = (page(3, b"three"), page(4, b""), PageRecord(640, 645, page(3, b"three").digest, b"three"))
    saved = state(b"\x00recurrent", pages, position=645, header='{"ä": 1}')
    assert store.save(place("a", parent="z"), saved, now=5.0) is SaveOutcome.SAVED
    entry = store.find("s", "a", "m")
    assert entry is not None
    assert (entry.place, entry.position, entry.token_hash, entry.created_at) == (
        place("a", parent="z"),
        645,
        "hash of 645",
        5.0,
    )
    assert store.load(entry.id, now=6.0) == saved
    assert store.total_bytes() == len('{"ä": 1}'.encode()) + 10 + 5
    assert store.last_problem == ""


def test_saving_again_replaces(store: SnapshotStore, path: Path) -> None:
    """One snapshot for each place; pages of the older one go, its id never comes to mean another."""
    store.save(place("a"), state(b"one", [page(0, b"old"), page(1, b"both")]), now=1.0)
    first = store.find("s", "a", "m")
    store.save(place("a"), state(b"two!", [page(1, b"both", known=True)], position=9), now=2.0)
    second = store.find("s", "a", "m")
    assert first is not None and second is not None and first.id != second.id
    assert store.load(first.id, now=3.0) is None
    assert store.last_problem == "the saved state is no longer there"
    assert load(store, "a") == state(b"two!", [page(1, b"both")], position=9)
    assert store.total_bytes() == 4 + 4
    assert_sound(path)


def test_ids_are_not_used_again_in_a_new_file(store: SnapshotStore, path: Path) -> None:
    """An id held from a file that was deleted finds nothing in the next one."""
    ids = []
    for _ in range(3):
        store.save(place("a"), state(b"one"), now=1.0)
        entry = store.find("s", "a", "m")
        assert entry is not None
        ids.append(entry.id)
        path.unlink()
    assert len(set(ids)) == 3


def test_another_model_stream_or_key_is_another_place(store: SnapshotStore) -> None:
    """Three places that differ in one thing each are kept side by side, and a miss names the models there are."""
    for number, where in enumerate([place("a"), place("b"), place("a", stream="t"), place("a", model="n")]):
        store.save(where, state(bytes([number])), now=1.0)
    assert [entry.place.key for entry in store.entries("s", "m")] == ["a", "b"]
    assert store.find("s", "a", "other") is None
    assert store.other_fingerprints("s", "a") == ["m", "n"]
    assert store.other_fingerprints("s", "none") == []


def test_entries_and_candidates_by_position(store: SnapshotStore) -> None:
    """Of one stream, and of some kinds in all streams, without other models'."""
    kinds = {"a": SnapshotKind.END, "b": SnapshotKind.BOOKMARK, "c": SnapshotKind.TURN}
    for stream, key, position in [("s", "a", 30), ("s", "b", 10), ("t", "a", 20), ("t", "c", 5)]:
        store.save(place(key, stream=stream, kind=kinds[key]), state(b"x", position=position), now=1.0)
    store.save(place("a", model="n", kind=SnapshotKind.END), state(b"x"), now=1.0)
    assert [entry.position for entry in store.entries("s", "m")] == [10, 30]
    found = store.candidates("m", kinds=[SnapshotKind.END, SnapshotKind.BOOKMARK])
    assert [(entry.place.stream, entry.place.kind, entry.position) for entry in found] == [
        ("s", SnapshotKind.BOOKMARK, 10),
        ("t", SnapshotKind.END, 20),
        ("s", SnapshotKind.END, 30),
    ]


def test_shared_pages_are_stored_once(path: Path) -> None:
    """The next snapshot of a stream, with 15 of 16 pages in common, adds its recurrent part and one page."""
    store = SnapshotStore(path, budget_bytes=100 * MIB)
    pages = [page(i, bytes([i]) * MIB) for i in range(17)]
    store.save(place("a"), state(b"r" * 1000, pages[:16]), now=1.0)
    size = store.collect(now=1.0).file_bytes
    assert page_digests(path, "s", "m") == {one.digest for one in pages[:16]}
    following = [PageRecord(one.start, one.end, one.digest, None) for one in pages[1:16]] + [pages[16]]
    assert store.save(place("b"), state(b"q" * 2000, following), now=2.0) is SaveOutcome.SAVED
    assert store.total_bytes() == 17 * MIB + 3000
    assert store.collect(now=2.0).file_bytes - size < 1.1 * MIB
    assert load(store, "b") == state(b"q" * 2000, pages[1:17])
    assert page_digests(path, "t", "m") == page_digests(path, "s", "n") == set()


def test_pages_without_bytes_must_be_there(store: SnapshotStore, path: Path) -> None:
    """Where one has gone nothing is changed, and the same state with its bytes is kept."""
    store.save(place("a"), state(b"one", [page(0, b"zero")]), now=1.0)
    wanted = [page(0, b"zero", known=True), page(1, b"gone", known=True)]
    assert store.save(place("a"), state(b"two", wanted), now=2.0) is SaveOutcome.PAGES_MISSING
    assert load(store, "a") == state(b"one", [page(0, b"zero")])
    assert store.save(place("a"), state(b"two", [page(0, b"zero"), page(1, b"gone")]), now=3.0) is SaveOutcome.SAVED
    assert_sound(path)


def test_replacing_keeps_the_pages_that_only_the_older_one_had(store: SnapshotStore) -> None:
    """Though nobody else refers to them for a moment, and though others are evicted at that moment."""
    store.save(place("other", stream="t"), state(b"o" * 500), now=0.0)
    store.save(place("a"), state(b"one", [page(0, b"z" * 400)]), now=1.0)
    replacing = state(b"x" * 300, [page(0, b"z" * 400, known=True)])
    assert store.save(place("a"), replacing, now=2.0) is SaveOutcome.SAVED
    assert load(store, "a") == state(b"x" * 300, [page(0, b"z" * 400)])
    assert keys(store, "t") == []


def test_least_recently_used_stream_goes_first(store: SnapshotStore) -> None:
    """Over the budget the stream unused for longest is evicted; loading is a use."""
    for name, now in (("t", 1.0), ("u", 2.0)):
        store.save(place("a", stream=name), state(b"x" * 400), now=now)
    entry = store.find("t", "a", "m")
    assert entry is not None and store.load(entry.id, now=3.0)
    store.save(place("a"), state(b"x" * 400), now=4.0)
    assert [len(store.entries(stream, "m")) for stream in "tus"] == [1, 0, 1]


def test_a_use_is_noted_later_where_somebody_writes(store: SnapshotStore, path: Path) -> None:
    """Loading does not wait for another program's write; the use counts from the next save on."""
    for name, now in (("t", 1.0), ("u", 2.0)):
        store.save(place("a", stream=name), state(b"x" * 400), now=now)
    entry = store.find("t", "a", "m")
    assert entry is not None
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.load(entry.id, now=3.0) == state(b"x" * 400)
        other.execute("ROLLBACK")
    assert rows(path, "SELECT used_at FROM snapshots ORDER BY id") == [(1.0,), (2.0,)]
    store.save(place("a"), state(b"x" * 400), now=4.0)
    assert [len(store.entries(stream, "m")) for stream in "tus"] == [1, 0, 1]


def test_evicted_turn_leaves_no_false_tip(store: SnapshotStore, path: Path) -> None:
    """What followed it follows the one before it, so that this one does not pass for a conversation's tip."""
    for number, (key, parent) in enumerate([("a", ""), ("b", "a"), ("c", "b"), ("d", "c"), ("e", "d")]):
        where = place(key, kind=SnapshotKind.TURN, parent=parent)
        store.save(where, state(b"x" * 250, position=100 * (number + 1)), now=float(number))
    assert keys(store) == ["a", "c", "d", "e"]
    assert rows(path, "SELECT key, parent_key FROM snapshots ORDER BY position") == [
        ("a", ""),
        ("c", "a"),
        ("d", "c"),
        ("e", "d"),
    ]
    store.save(place("f", stream="t"), state(b"x" * 700), now=9.0)
    assert keys(store) == ["e"]


def test_eviction_frees_only_what_nobody_shares(store: SnapshotStore, path: Path) -> None:
    """A page that a kept snapshot refers to stays when another that refers to it goes."""
    shared, own = page(0, b"s" * 300), page(1, b"o" * 300)
    store.save(place("a", stream="t"), state(b"x" * 50, [shared, own]), now=1.0)
    store.save(place("a", stream="u"), state(b"x" * 50, [shared]), now=2.0)
    store.save(place("a"), state(b"x" * 400), now=3.0)
    assert [len(store.entries(stream, "m")) for stream in "tus"] == [0, 1, 1]
    assert store.total_bytes() == 300 + 50 + 400
    assert_sound(path)


def test_state_over_the_whole_budget_is_refused(store: SnapshotStore) -> None:
    """One state larger than the budget evicts nothing; known pages count."""
    store.save(place("a"), state(b"one", [page(0, b"x" * 600)]), now=1.0)
    too_large = state(b"x" * 401, [page(0, b"x" * 600, known=True)])
    assert store.save(place("b"), too_large, now=2.0) is SaveOutcome.REFUSED
    assert store.last_problem == "there is too little room for saved states"
    assert keys(store) == ["a"]
    assert store.last_problem == ""
    assert store.save(place("b"), state(b"x" * 400, [page(0, b"x" * 600, known=True)]), now=2.0) is SaveOutcome.SAVED
    assert keys(store) == ["b"]


def test_drop_forgets_and_gives_room_back(path: Path) -> None:
    """A dropped stream's bytes go, other streams' stay, and the file is small after a checkpoint."""
    store = SnapshotStore(path, budget_bytes=100 * MIB)
    store.save(place("a"), state(bytes(5 * MIB), [page(0, bytes(MIB))]), now=1.0)
    store.save(place("b", stream="t"), state(b"stays"), now=1.0)
    full = store.collect(now=1.0).file_bytes
    store.drop_stream("s")
    assert store.total_bytes() == 5
    assert full > 6 * MIB
    assert store.collect(now=1.0) == Collected(0, 0, 0, 5, path.stat().st_size)
    assert path.stat().st_size < MIB // 2


def test_the_file_stays_as_large_as_its_budget(path: Path) -> None:
    """Many states evicted one after another leave no room behind."""
    store = SnapshotStore(path, budget_bytes=4 * MIB)
    for number in range(20):
        size = MIB if number % 2 else MIB // 4
        store.save(place(f"{number}"), state(bytes(size), position=number), now=float(number))
    assert 2 * MIB < store.total_bytes() <= 4 * MIB
    assert store.collect(now=99.0).file_bytes < 4.5 * MIB


def test_damaged_drops_the_snapshot_the_pages_and_their_users(store: SnapshotStore, path: Path) -> None:
    """What a reader found to be wrong is not offered again; what has nothing of it stays."""
    bad, good = page(0, b"bad"), page(1, b"good")
    store.save(place("a"), state(b"a", [good]), now=1.0)
    store.save(place("b"), state(b"b", [bad, good]), now=1.0)
    store.save(place("c", stream="t"), state(b"c", [bad]), now=1.0)
    store.save(place("d"), state(b"d", [good]), now=1.0)
    entry = store.find("s", "a", "m")
    assert entry is not None
    store.damaged(entry.id, [bad.digest])
    assert (keys(store), keys(store, "t")) == (["d"], [])
    assert page_digests(path, "s", "m") == {good.digest}
    assert store.save(place("a"), state(b"a", [page(0, b"bad", known=True)]), now=2.0) is SaveOutcome.PAGES_MISSING
    assert_sound(path)


@pytest.mark.parametrize("table", ["pages", "recurrent_parts"])
def test_a_lost_part_drops_the_snapshot(store: SnapshotStore, path: Path, table: str) -> None:
    """A state that lost a page or its recurrent part behind the store's back is a miss, and goes."""
    store.save(place("a"), state(b"a", [page(0, b"zero")]), now=1.0)
    store.save(place("b"), state(b"b"), now=1.0)
    where = "snapshot_id = (SELECT id FROM snapshots WHERE key = 'a')" if table == "recurrent_parts" else "true"
    rows(path, f"DELETE FROM {table} WHERE {where}")
    assert load(store, "a") is None
    assert store.last_problem == "a part of the saved state is missing"
    assert keys(store) == ["b"]
    assert_sound(path)


def test_collect_drops_damage_and_leftovers(store: SnapshotStore, path: Path) -> None:
    """Pages whose bytes do not fit their digest go with their users, orphans and incomplete snapshots too."""
    for key, number in (("a", 1), ("b", 2), ("c", 3), ("d", 4)):
        store.save(place(key), state(bytes(10), [page(number, bytes([number]) * 100)]), now=1.0)
    rows(path, "UPDATE pages SET data = zeroblob(100) WHERE digest = ?", [page(1, bytes([1]) * 100).digest])
    rows(path, "DELETE FROM pages WHERE digest = ?", [page(2, bytes([2]) * 100).digest])
    rows(path, "DELETE FROM snapshots WHERE key = 'c'")
    rows(path, "DELETE FROM snapshot_pages WHERE snapshot_id NOT IN (SELECT id FROM snapshots)")
    rows(path, "DELETE FROM recurrent_parts WHERE snapshot_id NOT IN (SELECT id FROM snapshots)")
    collected = store.collect(now=2.0)
    assert collected == Collected(2, 2, 220, 110, path.stat().st_size)
    assert keys(store) == ["d"]
    assert_sound(path)
    assert store.collect(now=2.0) == Collected(0, 0, 0, 110, path.stat().st_size)


def test_collect_evicts_to_a_smaller_budget(store: SnapshotStore, path: Path) -> None:
    """A budget made smaller in the settings holds after the next collection."""
    for number in range(9):
        store.save(place(f"{number}"), state(bytes(100), position=number), now=float(number))
    store.close()
    smaller = SnapshotStore(path, budget_bytes=300)
    assert smaller.collect(now=10.0) == Collected(6, 0, 600, 300, path.stat().st_size)
    assert "8" in keys(smaller)


def test_collect_brings_uses_in_the_future_back(store: SnapshotStore, path: Path) -> None:
    """A clock that was years ahead for a while does not protect a state for years."""
    store.save(place("a", stream="t"), state(bytes(400)), now=9e9)
    store.save(place("b", stream="u"), state(bytes(400)), now=2.0)
    store.collect(now=1.0)
    store.save(place("c"), state(bytes(400)), now=3.0)
    assert rows(path, "SELECT max(used_at) FROM snapshots") == [(3.0,)]


def test_collect_without_a_file(store: SnapshotStore, path: Path) -> None:
    """Nothing is there to collect, and looking makes no file."""
    assert store.collect(now=1.0) == Collected(0, 0, 0, 0, 0)
    assert (store.total_bytes(), store.find("s", "a", "m"), store.last_problem) == (0, None, "")
    store.drop_stream("s")
    store.damaged(1, ["d"])
    store.close()
    assert list(path.parent.iterdir()) == []


def test_two_threads_save_and_load(path: Path) -> None:
    """One thread saves while another loads what is there: every state comes complete, nothing is refused."""
    store = SnapshotStore(path, budget_bytes=40 * 1200)
    outcomes: list[SaveOutcome] = []

    def save() -> None:
        for number in range(150):
            pages = [page(i, f"page {i}".encode() * 50) for i in range(number, number + 3)]
            saved = state(bytes(200), pages, position=number)
            outcomes.append(store.save(place(f"{number}"), saved, now=float(number)))

    saver = threading.Thread(target=save)
    saver.start()
    complete = 0
    while saver.is_alive() or complete == 0:
        for entry in store.entries("s", "m"):
            loaded = store.load(entry.id, now=500.0)
            # Evicted since it was listed, or complete.
            assert loaded is not None or store.last_problem in ("", "the saved state is no longer there")
            if loaded is not None:
                first = entry.position
                assert [one.data for one in loaded.pages] == [
                    f"page {i}".encode() * 50 for i in range(first, first + 3)
                ]
                complete += 1
    saver.join()
    assert outcomes == [SaveOutcome.SAVED] * 150
    assert stored_bytes(path) == store.total_bytes() <= 40 * 1200
    assert_sound(path)


def test_close_and_go_on(store: SnapshotStore, path: Path) -> None:
    """Closing leaves one file with everything in it; the store opens it again when it is needed."""
    store.save(place("a"), state(b"one"), now=1.0)
    store.close()
    assert [found.name for found in path.parent.iterdir()] == [path.name]
    assert load(store, "a", now=7.0) == state(b"one")
    store.close()
    assert rows(path, "SELECT used_at FROM snapshots") == [(7.0,)]


def test_reasons_are_logged(store: SnapshotStore, caplog: pytest.LogCaptureFixture) -> None:
    """Every save, hit, miss and eviction says what happened."""
    with caplog.at_level("INFO", logger="app.snapshots"):
        store.save(place("a"), state(bytes(100), [page(0, bytes(500))], position=7), now=1.0)
        entry = store.find("s", "a", "m")
        assert entry is not None
        store.load(entry.id, now=1.0)
        store.save(place("b"), state(bytes(600), position=9), now=1.0)
        store.load(entry.id, now=1.0)
        store.save(place("c"), state(bytes(1001)), now=1.0)
        store.save(place("c"), state(b"", [page(5, b"gone", known=True)]), now=1.0)
        store.drop_stream("s")
    assert [record.message for record in caplog.records] == [
        "s, a: snapshot at 7 tokens, 600 bytes, 600 new",
        f"snapshot {entry.id}: hit at 7 tokens",
        "1 snapshots evicted: over the budget of 1000 bytes",
        "s, b: snapshot at 9 tokens, 600 bytes, 600 new",
        f"snapshot {entry.id}: miss: the saved state is no longer there",
        "s, c: no snapshot: 1001 bytes, room for 1000",
        "s, c: no snapshot: 1 of its pages are not stored any more",
        "s: 1 snapshots dropped",
    ]


def test_a_nearly_full_disk_is_left_to_the_library(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """States never take the last of a disk: older ones make room for newer ones, without any nothing is saved."""
    store = SnapshotStore(path, budget_bytes=10**9)
    store.save(place("one"), state(b"first"), now=1.0)
    usage = shutil.disk_usage(path.parent)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=snapshots.DISK_RESERVE_BYTES + 2))
    assert store.save(place("two"), state(b"second", position=9), now=2.0) is SaveOutcome.SAVED
    assert keys(store) == ["two"]
    store.drop_stream("s")
    assert store.save(place("two"), state(b"second", position=9), now=3.0) is SaveOutcome.REFUSED
    assert store.last_problem == "there is too little room for saved states"


def _leave(monkeypatch: pytest.MonkeyPatch, path: Path, nbytes: int) -> None:
    """A disk with so many bytes for saved states alone."""
    usage = shutil.disk_usage(path.parent)

    def used() -> int:
        files = [path, path.with_name(f"{path.name}-wal")]
        return sum(file.stat().st_size for file in files if file.exists())

    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage._replace(free=max(0, nbytes - used())))


def _five(path: Path) -> SnapshotStore:
    store = SnapshotStore(path, budget_bytes=100 * MIB)
    for number in range(5):
        assert store.save(place(str(number)), state(bytes(MIB), position=number + 1), now=number) is SaveOutcome.SAVED
    store.close()
    return store


def test_states_give_way_where_the_disk_is_all_but_full(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As many go as are needed, and no more; with room left over nothing does."""
    monkeypatch.setattr(snapshots, "GIVE_WAY_BYTES", 4 * MIB)
    store = _five(path)
    _leave(monkeypatch, path, 20 * MIB)
    store.give_way()
    assert len(keys(store)) == 5
    store.close()
    _leave(monkeypatch, path, 7 * MIB)
    store.give_way()
    assert len(keys(store)) == 2
    assert path.stat().st_size < 3 * MIB
    assert_sound(path)


def test_all_states_go_where_nothing_else_makes_room(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk has no room for letting go of some; without a file there is nothing to do."""
    store = _five(path)
    _leave(monkeypatch, path, 0)
    store.give_way()
    assert not path.exists()
    store.give_way()
    assert not path.exists()


def test_saving_on_a_disk_that_is_all_but_full_lets_go(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The new state is refused, and older ones leave the library some room."""
    monkeypatch.setattr(snapshots, "GIVE_WAY_BYTES", 4 * MIB)
    store = _five(path)
    _leave(monkeypatch, path, 5 * MIB)
    assert store.save(place("new"), state(bytes(2 * MIB), position=9), now=9.0) is SaveOutcome.REFUSED
    assert keys(store) == ["4"]
