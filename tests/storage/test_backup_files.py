from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest

from app.storage.backup_files import KEPT_BACKUPS, BackupFolder, what_is_wrong
from app.storage.backups import DailyBackup
from app.storage.database import Database
from app.storage.locks import JobLocks
from app.storage.migrations import LIBRARY

DAY = date(2025, 3, 9)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    path = tmp_path / "library.sqlite"
    with Database.open(path) as database, database.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('d1', '/a', 1, 0.0, 0.0)")
    return path


@pytest.fixture
def source(library: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(library, timeout=0.0, isolation_level=None)) as connection:
        yield connection


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "backups"


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def _documents(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as db:
        return [row[0] for row in db.execute("SELECT id FROM documents ORDER BY id")]


def test_a_copy_is_one_whole_private_file(folder: Path, source: sqlite3.Connection) -> None:
    """Same rows, no log of its own, readable by its owner only."""
    assert BackupFolder(folder).make(source, DAY)
    (copy,) = folder.iterdir()
    assert copy.name == "library-2025-03-09.sqlite"
    assert copy.read_bytes()[18:20] == b"\x01\x01", "the header says: a rollback journal, no write-ahead log"
    assert what_is_wrong(copy) == ""
    assert _documents(copy) == ["d1"]
    if sys.platform != "win32":
        assert (copy.stat().st_mode & 0o777, folder.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_copy_holds_what_is_committed(folder: Path, library: Path, source: sqlite3.Connection) -> None:
    """Rows still in the log are in it, an open transaction of a writer neither is nor holds it up."""
    with Database.open(library) as database:
        with database.transaction() as db:
            db.execute("INSERT INTO documents VALUES ('d2', '/a', 1, 0.0, 0.0)")
        with database.transaction() as db:
            db.execute("INSERT INTO documents VALUES ('half', '/a', 1, 0.0, 0.0)")
            assert BackupFolder(folder).make(source, DAY)
    assert _documents(folder / "library-2025-03-09.sqlite") == ["d1", "d2"]


def test_the_newest_seven_are_kept(folder: Path, source: sqlite3.Connection) -> None:
    """Older copies go; files with other names never do."""
    folder.mkdir()
    others = ["library-2001-02-31.sqlite", "library-2001-01-01.sqlite.bak", "my-library-2001-01-01.sqlite", "note.txt"]
    for name in others:
        (folder / name).write_text("mine")
    days = [DAY + timedelta(days=n) for n in range(9)]
    for day in days:
        assert BackupFolder(folder).make(source, day)
    kept = [backup.day for backup in BackupFolder(folder).newest_first()]
    assert kept == days[:1:-1] and len(kept) == KEPT_BACKUPS
    assert [name for name in _names(folder) if name in others] == sorted(others)


def test_a_clock_set_back_costs_no_new_copy(folder: Path, source: sqlite3.Connection) -> None:
    """The copy just made stays, though by its name it is the oldest of eight."""
    for number in range(KEPT_BACKUPS):
        assert BackupFolder(folder).make(source, DAY + timedelta(days=number))
    early = DAY - timedelta(days=400)
    assert BackupFolder(folder).make(source, early)
    days = [backup.day for backup in BackupFolder(folder).newest_first()]
    assert early in days and len(days) == KEPT_BACKUPS and DAY not in days


def test_copies_of_days_to_come_count_last(folder: Path, source: sqlite3.Connection) -> None:
    """They were made while the clock was wrong: restored last, and the first to go when there are too many."""
    to_come = DAY + timedelta(days=4000)
    backups = BackupFolder(folder)
    assert backups.make(source, to_come) and backups.make(source, DAY)
    found = backups.newest_sound(DAY)
    assert found is not None and found.day == DAY
    (folder / f"library-{DAY.isoformat()}.sqlite").write_bytes(b"damaged")
    found = backups.newest_sound(DAY)
    assert found is not None and found.day == to_come
    for number in range(1, KEPT_BACKUPS):
        assert backups.make(source, DAY + timedelta(days=number))
    days = [backup.day for backup in backups.newest_first()]
    assert to_come not in days and len(days) == KEPT_BACKUPS


def test_what_a_killed_run_left_is_cleared(folder: Path, source: sqlite3.Connection) -> None:
    """Half-made copies with all their side files go when the next one is made."""
    folder.mkdir()
    for ending in ("", "-wal", "-shm", "-journal"):
        (folder / f"library-2025-01-01.sqlite.123.part{ending}").write_text("half")
    assert BackupFolder(folder).make(source, DAY)
    assert _names(folder) == ["library-2025-03-09.sqlite"]


def test_a_disk_that_is_full_leaves_the_older_copy(folder: Path, library: Path, source: sqlite3.Connection) -> None:
    """A copy that cannot be written to its end is reported, leaves nothing, and the day's older copy is untouched."""
    assert BackupFolder(folder).make(source, DAY)
    before = (folder / "library-2025-03-09.sqlite").read_bytes()
    script = f"""
import resource, sqlite3
from datetime import date
from pathlib import Path
from app.storage.backup_files import BackupFolder
resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
source = sqlite3.connect({str(library)!r}, isolation_level=None)
print(BackupFolder(Path({str(folder)!r})).make(source, date(2025, 3, 9)))
"""
    pytest.importorskip("resource")
    done = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
    assert "no backup of 2025-03-09" in done.stderr
    assert _names(folder) == ["library-2025-03-09.sqlite"]
    assert (folder / "library-2025-03-09.sqlite").read_bytes() == before


def test_a_folder_that_cannot_be_made(tmp_path: Path, source: sqlite3.Connection, caplog) -> None:
    """Where a file stands in the folder's place there is no copy and no exception."""
    (tmp_path / "backups").write_text("a file")
    assert not BackupFolder(tmp_path / "backups").make(source, DAY)
    assert "no backup of 2025-03-09" in caplog.text


def test_a_locked_library_is_given_up(folder: Path, library: Path, source: sqlite3.Connection, caplog) -> None:
    """A library that another connection keeps to itself is not waited for without end."""
    with closing(sqlite3.connect(library, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        assert not BackupFolder(folder).make(source, DAY)
    assert "locked" in caplog.text
    assert _names(folder) == []


def test_one_copy_at_a_time(folder: Path, source: sqlite3.Connection) -> None:
    """While another run makes a copy its half-made file is left alone."""
    folder.mkdir()
    half = folder / "library-2025-03-09.sqlite.123.part"
    half.write_text("half")
    with JobLocks(folder).hold("backup") as ours:
        assert ours
        assert not BackupFolder(folder).make(source, DAY)
    assert _names(folder) == [half.name]


def test_a_damaged_library_pushes_no_copy_out(folder: Path, tmp_path: Path, caplog) -> None:
    """A copy of broken pages is thrown away."""
    path = tmp_path / "l.sqlite"
    with Database.open(path) as database, database.transaction() as db:
        for i in range(200):
            db.execute("INSERT INTO documents VALUES (?, ?, 1, 0.0, 0.0)", [f"d{i}", "p" * 200])
    _overwrite(path, path.read_bytes().index(b"p" * 200) // 4096 * 4096, 4096)
    with closing(sqlite3.connect(path, isolation_level=None)) as source:
        assert not BackupFolder(folder).make(source, DAY)
    assert "unsound" in caplog.text
    assert _names(folder) == []


def _overwrite(path: Path, start: int, length: int) -> None:
    with path.open("r+b") as file:
        file.seek(start)
        file.write(b"\xff" * length)


def test_what_is_wrong_with_a_copy(folder: Path, tmp_path: Path, source: sqlite3.Connection) -> None:
    """Another program's file, a newer schema, broken pages, a short file and no file are told from a sound one."""
    assert BackupFolder(folder).make(source, DAY)
    good = (folder / "library-2025-03-09.sqlite").read_bytes()
    copy = tmp_path / "copy.sqlite"

    def problem(content: bytes) -> str:
        copy.write_bytes(content)
        return what_is_wrong(copy)

    assert problem(good) == ""
    newest = LIBRARY[-1].version
    assert problem(good[:60] + (newest + 1).to_bytes(4, "big") + good[64:]).startswith(f"schema {newest + 1}, expected")
    assert problem(good[:68] + b"abcd" + good[72:]) == "it is not a library"
    assert problem(good[: len(good) // 2]) != ""
    assert problem(good[:4096] + b"\xff" * 4096 + good[8192:]) != ""
    assert problem(b"") == "it is not a library"
    assert problem(b"no database at all" * 100) != ""
    assert what_is_wrong(tmp_path / "missing.sqlite") != ""
    assert not (tmp_path / "missing.sqlite").exists()


def test_the_newest_sound_copy_is_chosen(folder: Path, source: sqlite3.Connection, caplog) -> None:
    """Damaged and newer-schema copies are passed over with their reason; without a sound one there is none."""
    for number in range(3):
        assert BackupFolder(folder).make(source, DAY + timedelta(days=number))
    oldest, middle, newest = sorted(folder.iterdir())
    newest.write_bytes(newest.read_bytes()[:5000])
    with closing(sqlite3.connect(middle)) as db:
        db.execute("PRAGMA user_version=999")
    found = BackupFolder(folder).newest_sound()
    assert found is not None and found.path == oldest and found.day == DAY
    assert "schema 999" in caplog.text and newest.name in caplog.text
    oldest.unlink()
    assert BackupFolder(folder).newest_sound() is None
    assert BackupFolder(folder / "missing").newest_first() == []


def test_the_daily_copy_is_made_once(folder: Path, library: Path) -> None:
    """Made in the background while the library is open; the second start of the day leaves it alone."""
    with Database.open(library) as database:
        daily = DailyBackup(library, folder, today=DAY)
        assert daily.finish(), "not begun: nothing to wait for"
        daily.start()
        assert daily.finish()
        assert _documents(folder / "library-2025-03-09.sqlite") == ["d1"]
        with database.transaction() as db:
            db.execute("INSERT INTO documents VALUES ('d2', '/a', 1, 0.0, 0.0)")
        again = DailyBackup(library, folder, today=DAY)
        again.start()
        assert again.finish()
        assert _documents(folder / "library-2025-03-09.sqlite") == ["d1"]
        tomorrow = DailyBackup(library, folder, today=DAY + timedelta(days=1))
        tomorrow.start()
        assert tomorrow.finish()
    assert _documents(folder / "library-2025-03-10.sqlite") == ["d1", "d2"]


def test_no_library_no_copy(folder: Path, tmp_path: Path, caplog) -> None:
    """A missing library is not made by the attempt to copy it."""
    daily = DailyBackup(tmp_path / "none.sqlite", folder, today=DAY)
    daily.start()
    assert daily.finish()
    assert "no backup of 2025-03-09" in caplog.text
    assert not (tmp_path / "none.sqlite").exists()


class FullConnection(sqlite3.Connection):
    """Ends its transaction at the first look, as SQLite does by itself where the disk is full."""

    def execute(self, sql: str, *parameters: object) -> sqlite3.Cursor:
        if "user_version" in sql:
            super().execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        return super().execute(sql, *parameters)


def test_the_log_has_the_reason_not_what_followed_from_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is rolled back that is not open any more."""
    with closing(sqlite3.connect(":memory:", isolation_level=None, factory=FullConnection)) as source:
        assert not BackupFolder(tmp_path / "backups").make(source, date(2026, 1, 1))
    assert "database or disk is full" in caplog.text
