from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from app.storage import snapshot_file, snapshot_schema
from app.storage.snapshot_file import SnapshotFile
from app.storage.snapshot_schema import APPLICATION_ID, PAGE_BYTES, SCHEMA_VERSION, DamagedFileError
from app.storage.snapshots import SaveOutcome, SnapshotKind, SnapshotStore
from tests.snapshot_states import assert_sound, page, place, rows, state

ROOT = Path(__file__).resolve().parents[2]
MIB = 1024 * 1024
BUSY = "another Griffin Desk is using the snapshot file"
NEWER = "the snapshot file was written by a newer Griffin Desk"
FOREIGN = "the snapshot file is another program's database"
DAMAGED = "the snapshot file was damaged and has been begun anew"
STATE = state(bytes(range(256)) * 200, [page(i, bytes([i]) * 100_000) for i in range(5)], position=640)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "snapshots.sqlite"


@pytest.fixture
def store(path: Path) -> SnapshotStore:
    """A store whose file holds STATE, checkpointed, with all its connections open."""
    made = SnapshotStore(path, budget_bytes=10 * MIB)
    assert made.save(place("a"), STATE, now=1.0) is SaveOutcome.SAVED
    made.collect(now=1.0)
    assert load(made) == STATE
    return made


def load(store: SnapshotStore) -> object:
    """The state at the place `a`, or None."""
    entry = store.find("s", "a", "m")
    return None if entry is None else store.load(entry.id, now=2.0)


@pytest.mark.skipif(os.name == "nt", reason="no POSIX modes")
def test_only_its_owner_can_read_it(store: SnapshotStore, path: Path) -> None:
    """States hold the last tokens of documents and turns, also in a folder that is open to everybody."""
    files = [file for file in path.parent.iterdir() if file.name.startswith(path.name)]
    assert {file.name: file.stat().st_mode & 0o777 for file in files} == {
        path.name + suffix: 0o600 for suffix in ("", "-wal", "-shm")
    }


def test_settings_of_the_file(store: SnapshotStore, path: Path) -> None:
    """Write-ahead log, pages that can be given back one by one, large pages, our mark and version."""
    names = ("journal_mode", "auto_vacuum", "page_size", "application_id", "user_version")
    assert [rows(path, f"PRAGMA {name}")[0][0] for name in names] == [
        "wal",
        2,
        PAGE_BYTES,
        APPLICATION_ID,
        SCHEMA_VERSION,
    ]
    file = SnapshotFile(path)
    for run in (file.read, lambda _, action: file.check(action), file.write):
        settings = run(
            "x", lambda db: [db.execute(f"PRAGMA {n}").fetchone()[0] for n in ("synchronous", "foreign_keys")]
        )
        assert settings == [1, 1]


def test_reading_and_checking_do_not_wait_for_writing(path: Path) -> None:
    """In the middle of a write the file reads as it was before; what must not wait is told that it would have to."""
    file = SnapshotFile(path)
    file.write("make", lambda db: None, create=True)

    def count(db: sqlite3.Connection) -> int:
        return int(db.execute("SELECT count(*) FROM pages").fetchone()[0])

    def write(db: sqlite3.Connection) -> tuple[object, ...]:
        db.execute("INSERT INTO pages VALUES ('d', 1, x'00')")
        return file.read("read", count), file.check(count), file.write_if_free(lambda _: None), count(db)

    assert file.write("write", write) == (0, 0, False, 1)
    assert file.write_if_free(lambda db: None)
    assert file.read("read", count) == 1


def test_a_write_that_fails_leaves_nothing(path: Path) -> None:
    """Whatever the action raises, KeyboardInterrupt too, is rolled back, and the file can be used at once."""
    file = SnapshotFile(path)

    def write(db: sqlite3.Connection) -> None:
        db.execute("INSERT INTO pages VALUES ('d', 1, x'00')")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file.write("write", write, create=True)
    sql = "SELECT count(*) FROM pages"
    assert file.write("count", lambda db: db.execute(sql).fetchone()) == (0,)


def _garbage(path: Path) -> None:
    path.write_bytes(b"no database " * 100_000)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def _cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2 // PAGE_BYTES * PAGE_BYTES])


def _other_tables(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.executescript("DROP TABLE snapshot_pages; DROP TABLE recurrent_parts; DROP TABLE snapshots")
        db.execute("CREATE TABLE snapshots (other)")


def _text_that_is_none(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("UPDATE snapshots SET token_hash = CAST(x'ff' AS TEXT)")


def _unknown_kind(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints=ON")
        db.execute("UPDATE snapshots SET kind = 'other'")


def _version_one(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE snapshots (job_id TEXT PRIMARY KEY, state BLOB NOT NULL) STRICT")
        db.execute("PRAGMA user_version=1")


DAMAGES = [
    Path.unlink,
    _garbage,
    _empty,
    _cut_short,
    _cut_in_half,
    _other_tables,
    _text_that_is_none,
    _unknown_kind,
    _version_one,
]


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_lost_or_damaged_file_is_begun_anew(
    store: SnapshotStore, path: Path, damage: Callable[[Path], None], closed: bool
) -> None:
    """Whatever happens to the file, also under an open store: loading is a miss, saving works again."""
    if closed:
        store.close()
    damage(path)
    assert load(store) is None
    fresh = state(b"fresh", [page(9, b"page")], position=9)
    assert store.save(place("b"), fresh, now=3.0) is SaveOutcome.SAVED
    assert store.save(place("a"), STATE, now=4.0) is SaveOutcome.SAVED
    assert load(store) == STATE
    assert [entry.place.key for entry in store.entries("s", "m")] == ["b", "a"]
    store.close()
    assert_sound(path)


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("first", ["save", "collect", "candidates", "drop_stream"])
def test_no_call_fails_on_a_damaged_file(
    store: SnapshotStore, path: Path, damage: Callable[[Path], None], first: str
) -> None:
    """Whichever call meets the damage first, and none is an exception; a collection leaves a sound file."""
    damage(path)
    calls: dict[str, Callable[[], object]] = {
        "save": lambda: store.save(place("b"), STATE, now=1.0),
        "collect": lambda: store.collect(now=1.0),
        "candidates": lambda: store.candidates("m", kinds=list(SnapshotKind)),
        "drop_stream": lambda: store.drop_stream("s"),
        "total_bytes": store.total_bytes,
    }
    calls[first]()
    for call in calls.values():
        call()
    store.save(place("a"), STATE, now=2.0)
    store.collect(now=2.0)
    assert load(store) == STATE
    store.close()
    assert_sound(path)


def test_damage_is_told_once(store: SnapshotStore, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The call that met it says so in one clause, the log with SQLite's reason; then all is well."""
    store.close()
    _garbage(path)
    assert store.find("s", "a", "m") is None
    assert store.last_problem == DAMAGED
    assert "snapshots.sqlite is begun anew (file is not a database)" in caplog.text
    assert store.find("s", "a", "m") is None
    assert store.last_problem == ""


def test_an_older_programs_file_is_begun_anew(store: SnapshotStore, path: Path) -> None:
    """Its states cannot be used; the reason is another than damage."""
    _version_one(path)
    assert store.find("s", "a", "m") is None
    assert store.last_problem == "the snapshot file was written by an older Griffin Desk and has been begun anew"


def test_every_page_of_the_file_may_be_overwritten(tmp_path: Path, store: SnapshotStore, path: Path) -> None:
    """One page of 32 KiB after the other: no call fails, and what is loaded after a collection is right."""
    store.close()
    whole = path.read_bytes()
    for at in range(0, len(whole), PAGE_BYTES):
        copy = tmp_path / f"{at}.sqlite"
        copy.write_bytes(whole[:at] + b"\xa5" * PAGE_BYTES + whole[at + PAGE_BYTES :])
        opened = SnapshotStore(copy, budget_bytes=10 * MIB)
        load(opened)
        opened.collect(now=3.0)
        found = load(opened)
        # The recurrent part has no digest in the store: its reader checks it.
        assert found is None or found.pages == STATE.pages  # type: ignore[attr-defined]
        assert opened.save(place("b"), STATE, now=4.0) is SaveOutcome.SAVED
        opened.close()
        assert rows(copy, "PRAGMA integrity_check") == [("ok",)]


def _foreign(path: Path) -> None:
    for name in path.parent.iterdir():
        name.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE theirs (x)")


def _foreign_signed(path: Path) -> None:
    _foreign(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA application_id=77")
        db.execute("PRAGMA user_version=1")


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version=99")


@pytest.mark.parametrize("closed", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize(("change", "reason"), [(_newer, NEWER), (_foreign, FOREIGN), (_foreign_signed, FOREIGN)])
def test_a_file_that_is_not_ours_is_left_alone(
    store: SnapshotStore, path: Path, change: Callable[[Path], None], reason: str, closed: bool
) -> None:
    """A newer program's or another program's file: every call is a miss with the reason, no byte changes."""
    if closed:
        store.close()
    change(path)
    # One call for each connection: a file that is not ours is not kept open.
    assert store.find("s", "a", "m") is None
    assert store.collect(now=3.0).kept_bytes == 0
    before = path.read_bytes()
    for _ in range(2):
        assert store.find("s", "a", "m") is None
        assert store.last_problem == reason
        assert store.save(place("a"), STATE, now=3.0) is SaveOutcome.REFUSED
        assert store.last_problem == reason
        store.drop_stream("s")
        assert store.load(1, now=3.0) is None
        assert store.last_problem == reason
    assert store.collect(now=3.0).file_bytes == len(before)
    store.close()
    assert path.read_bytes() == before
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_a_file_that_was_moved_away_is_not_written_to(store: SnapshotStore, path: Path) -> None:
    """An open store notices that the file at its path is another one."""
    moved = path.with_name("moved.sqlite")
    path.rename(moved)
    assert load(store) is None
    assert store.save(place("b"), STATE, now=3.0) is SaveOutcome.SAVED
    store.close()
    assert rows(path, "SELECT key FROM snapshots") == [("b",)]


def test_no_place_for_the_file(tmp_path: Path) -> None:
    """A missing folder, and a folder in the file's place: a reason each time, no exception."""
    for path in (tmp_path / "missing" / "s.sqlite", tmp_path):
        store = SnapshotStore(path, budget_bytes=10 * MIB)
        assert store.save(place("a"), STATE, now=1.0) is SaveOutcome.REFUSED
        assert store.last_problem == "the snapshot file cannot be opened"
        assert load(store) is None
        store.collect(now=1.0)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everything can be written here")
def test_read_only_file(store: SnapshotStore, path: Path) -> None:
    """Saving is refused with the reason."""
    store.close()
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        assert store.save(place("b"), STATE, now=3.0) is SaveOutcome.REFUSED
        assert store.last_problem != ""
    finally:
        path.parent.chmod(0o700)


def test_busy_file_is_a_miss(store: SnapshotStore, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another program writes, saving is refused after the timeout, and loading goes on."""
    monkeypatch.setattr(snapshot_schema, "BUSY_TIMEOUT_S", 0.01)
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert store.save(place("b"), STATE, now=3.0) is SaveOutcome.REFUSED
        assert store.last_problem == BUSY
        assert load(store) == STATE
        assert store.last_problem == ""
        other.execute("ROLLBACK")
    assert store.save(place("b"), STATE, now=3.0) is SaveOutcome.SAVED


def test_two_stores_on_one_file(store: SnapshotStore, path: Path) -> None:
    """What one program saves the other finds, evicts and drops."""
    other = SnapshotStore(path, budget_bytes=700_000)
    assert load(other) == STATE
    assert other.save(place("b", stream="t"), state(bytes(500_000)), now=5.0) is SaveOutcome.SAVED
    assert store.find("s", "a", "m") is None
    entry = store.find("t", "b", "m")
    assert entry is not None and store.load(entry.id, now=6.0) == state(bytes(500_000))
    store.drop_stream("t")
    assert other.load(entry.id, now=7.0) is None
    assert other.last_problem == "the saved state is no longer there"
    # And when one of them begins it anew, the other follows.
    store.close()
    _garbage(path)
    assert store.save(place("c"), STATE, now=8.0) is SaveOutcome.SAVED
    assert [one.place.key for one in other.entries("s", "m")] == ["c"]


def test_full_disk_refuses_and_keeps_the_rest(
    store: SnapshotStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No room for another page of the file: nothing changes; with room again saving works, in the same store."""
    store.close()
    connect = sqlite3.connect

    def limited(*args: object, **named: object) -> sqlite3.Connection:
        db = connect(*args, **named)  # type: ignore[call-overload]
        db.execute(f"PRAGMA max_page_count={db.execute('PRAGMA page_count').fetchone()[0]}")
        return db  # type: ignore[no-any-return]

    monkeypatch.setattr(snapshot_file.sqlite3, "connect", limited)
    larger = state(bytes(MIB), [page(0, b"other" * 1000)])
    for key in ("a", "b"):
        assert store.save(place(key), larger, now=3.0) is SaveOutcome.REFUSED
        assert store.last_problem == "the disk is full"
    assert load(store) == STATE
    monkeypatch.undo()
    store.close()
    assert_sound(path)
    assert store.save(place("b"), larger, now=4.0) is SaveOutcome.SAVED
    store.close()
    assert_sound(path)


FILE_SIZE_LIMIT = """
import resource, sys
from pathlib import Path
from app.storage.snapshots import SnapshotStore
from tests.snapshot_states import page, place, state

store = SnapshotStore(Path(sys.argv[1]), budget_bytes=10**9)
def save(i):
    saved = state(bytes(50_000), [page(i, str(i).encode() * 50_000)], position=i)
    return store.save(place(str(i)), saved, now=1.0).value
print(save(0))
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, resource.RLIM_INFINITY))
outcomes = [save(i) for i in range(1, 30)]
print(outcomes[0], outcomes[-1], store.last_problem, sep="|")
print(all(store.load(entry.id, now=2.0) for entry in store.entries("s", "m")))
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(save(99))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits of file sizes")
def test_file_size_limit(path: Path) -> None:
    """The system refuses to let the file grow: refused with the reason, the rest loads, and later all is well."""
    result = subprocess.run(
        [sys.executable, "-c", FILE_SIZE_LIMIT, str(path)], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert result.stdout.splitlines() == [
        "saved",
        "saved|refused|the snapshot file could not be read or written",
        "True",
        "saved",
    ], result.stderr
    assert_sound(path)


KILLED = """
import os, random, signal, sys, threading
from pathlib import Path
from app.storage.snapshots import SnapshotStore
from tests.snapshot_states import page, place, state

seed = int(sys.argv[2])
store = SnapshotStore(Path(sys.argv[1]), budget_bytes=4_000_000)
threading.Timer(random.Random(seed).uniform(0.0, 0.06), os.kill, (os.getpid(), signal.SIGKILL)).start()
for i in range(10**6):
    pages = [page(j, f"{seed} {j}".encode() * 10_000) for j in range(i, i + 8)]
    store.save(place(f"{i % 50}"), state(bytes(100_000), pages, position=i), now=100.0 * seed + i)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGKILL")
def test_killed_while_saving(path: Path) -> None:
    """kill -9 in the middle of saves, twenty times: the file is whole, and every snapshot in it loads complete."""
    loaded = 0
    for seed in range(20):
        result = subprocess.run(
            [sys.executable, "-c", KILLED, str(path), str(seed)], capture_output=True, text=True, cwd=ROOT, check=False
        )
        assert result.returncode == -9, result.stderr
        if not path.exists():
            continue
        store = SnapshotStore(path, budget_bytes=4_000_000)
        for entry in store.entries("s", "m"):
            found = store.load(entry.id, now=100.0 * seed)
            assert found is not None and len(found.pages) == 8 and len(found.recurrent) == 100_000
            loaded += 1
        if seed % 2:
            store.close()
        assert_sound(path)
    assert loaded > 20


SAVING = """
import sys
from pathlib import Path
from app.storage.snapshots import SnapshotStore
from tests.snapshot_states import page, place, state

store = SnapshotStore(Path(sys.argv[1]), budget_bytes=10**9)
print("ready", flush=True)
sys.stdin.readline()
for i in range(20):
    saved = state(bytes(1000), [page(i, bytes([i]) * 20_000), page(i + 1, bytes([i + 1]) * 20_000)], position=i)
    outcome = store.save(place(str(i), stream=sys.argv[2]), saved, now=1.0)
    print(outcome.value, store.last_problem)
"""


def test_several_programs_begin_one_file_at_once(path: Path) -> None:
    """Three programs make the file and save into it at the same moment: nothing is lost, pages are shared."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", SAVING, str(path), name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for name in ("s", "t", "u")
    ]
    for process in processes:
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        assert process.communicate()[0].splitlines() == ["saved "] * 20
    assert_sound(path)
    assert rows(path, "SELECT count(*) FROM snapshots UNION ALL SELECT count(*) FROM pages") == [(60,), (21,)]


def test_two_programs_that_find_the_damage_at_once(store: SnapshotStore, path: Path) -> None:
    """The second to come does not delete the file that the first has just begun anew."""
    late = SnapshotFile(path)
    keys: list[list[str]] = []

    def action(db: sqlite3.Connection) -> None:
        keys.append([row[0] for row in db.execute("SELECT key FROM snapshots")])
        if len(keys) == 1:
            # Between the late one's finding and its deletion the first one has done it.
            path.unlink()
            assert store.save(place("b"), STATE, now=5.0) is SaveOutcome.SAVED
            raise DamagedFileError("found")

    late.read("search", action)
    assert keys == [["a"], ["b"]]
    assert late.problem == DAMAGED


def test_the_log_has_no_text_of_a_value_that_cannot_be_read(
    store: SnapshotStore, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SQLite's words about it hold the value, which may be of a document."""
    store.close()
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE recurrent_parts SET header = CAST(x'5365637265742048616d62757267ff' AS TEXT)")
        db.commit()
    with caplog.at_level("INFO"):
        assert load(store) is None
    assert "Could not decode to UTF-8 column 'header'" in caplog.text
    assert "Hamburg" not in caplog.text
    assert store.save(place("a"), STATE, now=1.0) is SaveOutcome.SAVED
    assert load(store) == STATE
