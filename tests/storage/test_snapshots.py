from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from app.storage.snapshots import Snapshot, SnapshotKey, SnapshotStore

KEY = SnapshotKey("j1", "f1", "d1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "snapshots.sqlite"


@pytest.fixture
def store(path: Path) -> SnapshotStore:
    return SnapshotStore(path, budget_bytes=100)


def test_newest_state_of_a_job_is_kept(store: SnapshotStore) -> None:
    """Saving again replaces the older state."""
    assert store.save(KEY, Snapshot(1, b"one"), now=1.0)
    assert store.save(KEY, Snapshot(2, b"two!"), now=2.0)
    assert store.load(KEY, now=3.0) == Snapshot(2, b"two!")
    assert store.total_bytes() == 4


@pytest.mark.parametrize(
    "other", [SnapshotKey("j2", "f1", "d1"), SnapshotKey("j1", "f2", "d1"), SnapshotKey("j1", "f1", "d2")]
)
def test_state_of_another_job_model_or_document_is_a_miss(store: SnapshotStore, other: SnapshotKey) -> None:
    """A state is only handed to what it belongs to."""
    store.save(KEY, Snapshot(1, b"one"), now=1.0)
    assert store.load(other, now=2.0) is None


def test_least_recently_used_goes_first(store: SnapshotStore) -> None:
    """Over the budget the state unused for longest is evicted."""
    for name, now in (("a", 1.0), ("b", 2.0)):
        store.save(SnapshotKey(name, "f", "d"), Snapshot(1, b"x" * 40), now=now)
    store.load(SnapshotKey("a", "f", "d"), now=3.0)
    store.save(SnapshotKey("c", "f", "d"), Snapshot(1, b"x" * 40), now=4.0)
    kept = [name for name in "abc" if store.load(SnapshotKey(name, "f", "d"), now=5.0)]
    assert kept == ["a", "c"]


def test_state_over_the_whole_budget_is_not_kept(store: SnapshotStore) -> None:
    """One state larger than the budget is refused and evicts nothing."""
    store.save(KEY, Snapshot(1, b"one"), now=1.0)
    assert not store.save(SnapshotKey("j2", "f", "d"), Snapshot(1, b"x" * 101), now=2.0)
    assert store.load(KEY, now=3.0) == Snapshot(1, b"one")


def test_changed_bytes_are_a_miss(store: SnapshotStore, path: Path) -> None:
    """A state whose checksum differs is dropped, not handed out."""
    store.save(KEY, Snapshot(1, b"one"), now=1.0)
    with sqlite3.connect(path) as db:
        db.execute("UPDATE snapshots SET state = x'00'")
    assert store.load(KEY, now=2.0) is None
    assert store.total_bytes() == 0


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)


def _truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _foreign(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE snapshots (other)")
        db.execute("PRAGMA user_version=1")


def _newer(path: Path) -> None:
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version=99")


@pytest.mark.parametrize("damage", [_garbage, _truncated, _foreign, _newer, Path.unlink])
def test_damaged_or_lost_file_is_begun_anew(store: SnapshotStore, path: Path, damage: object) -> None:
    """Whatever happens to the file, loading is a miss, never an error, and saving works again."""
    store.save(KEY, Snapshot(1, b"x" * 90), now=1.0)
    damage(path)
    assert store.load(KEY, now=2.0) is None
    assert store.save(KEY, Snapshot(3, b"new"), now=3.0)
    assert store.load(KEY, now=4.0) == Snapshot(3, b"new")


def test_unwritable_place_is_only_a_miss(tmp_path: Path) -> None:
    """Without a place to write, saving says False and loading None."""
    store = SnapshotStore(tmp_path / "missing" / "s.sqlite", budget_bytes=100)
    assert not store.save(KEY, Snapshot(1, b"one"), now=1.0)
    assert store.load(KEY, now=1.0) is None


def test_drop_forgets_and_gives_room_back(path: Path) -> None:
    """A finished job's state is deleted and the file shrinks."""
    store = SnapshotStore(path, budget_bytes=10_000_000)
    store.save(KEY, Snapshot(1, bytes(1_000_000)), now=1.0)
    full = path.stat().st_size
    store.drop("j1")
    assert store.total_bytes() == 0
    assert full > 1_000_000
    assert path.stat().st_size < 100_000


def test_reasons_are_logged(store: SnapshotStore, caplog: pytest.LogCaptureFixture) -> None:
    """Every hit and miss says why."""
    with caplog.at_level("INFO", logger="app.snapshots"):
        store.load(KEY, now=1.0)
        store.save(KEY, Snapshot(4, b"one"), now=1.0)
        store.load(KEY, now=2.0)
    assert [record.message for record in caplog.records] == [
        "job j1: snapshot miss: none stored",
        "job j1: snapshot after part 4, 3 bytes",
        "job j1: snapshot hit: after part 4",
    ]
