from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
import sqlite_utils

from app.core.errors import ResourceError, StorageError
from app.storage.database import APPLICATION_ID, Database, sqlite_features
from app.storage.migrations import LIBRARY, Migration


def _create_t(db: sqlite_utils.Database) -> None:
    db.execute("CREATE TABLE t (x TEXT)")


def _fail(db: sqlite_utils.Database) -> None:
    db.execute("ALTER TABLE t ADD COLUMN y TEXT")
    raise RuntimeError("bug in a migration")


ONE = (Migration(1, "one", _create_t),)


def test_settings_of_an_open_library(tmp_path: Path) -> None:
    """WAL, synchronous=FULL (2), foreign keys, our application id, the newest schema."""
    with Database.open(tmp_path / "l.sqlite") as database:
        values = {
            name: database.rows(f"PRAGMA {name}")[0][name]
            for name in ("journal_mode", "synchronous", "foreign_keys", "application_id", "user_version")
        }
    assert values == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "application_id": APPLICATION_ID,
        "user_version": LIBRARY[-1].version,
    }


@pytest.mark.skipif(os.name == "nt", reason="no POSIX modes")
def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    """Documents and conversations in clear text, also in a folder that is open to everybody."""
    with Database.open(tmp_path / "l.sqlite"):
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == dict.fromkeys(["l.sqlite", "l.sqlite-wal", "l.sqlite-shm"], 0o600)


def test_versions_count_up_from_one() -> None:
    """The registry lists migrations 1, 2, 3, ... without a gap."""
    assert [migration.version for migration in LIBRARY] == list(range(1, len(LIBRARY) + 1))


@pytest.mark.parametrize("version", range(1, len(LIBRARY) + 1))
def test_every_older_version_reaches_the_newest_schema(tmp_path: Path, version: int) -> None:
    """A library left at any version ends with the same schema as a fresh one, its rows kept."""
    old = tmp_path / "old.sqlite"
    with Database.open(old, migrations=LIBRARY[:version]) as database, database.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('d1', '/a', 1, 0.0, 0.0)")
    with Database.open(old) as upgraded, Database.open(tmp_path / "new.sqlite") as fresh:
        schema = "SELECT type, name, sql FROM sqlite_master ORDER BY type, name"
        assert upgraded.rows(schema) == fresh.rows(schema)
        assert upgraded.rows("SELECT id FROM documents") == [{"id": "d1"}]
        assert upgraded.schema_version == LIBRARY[-1].version


def test_failing_migration_leaves_the_older_version(tmp_path: Path) -> None:
    """A migration that raises is rolled back whole: version and columns stay as they were."""
    path = tmp_path / "l.sqlite"
    with pytest.raises(RuntimeError):
        Database.open(path, migrations=(*ONE, Migration(2, "two", _fail)))
    with Database.open(path, migrations=ONE) as database:
        assert database.schema_version == 1
        assert [row["name"] for row in database.rows("PRAGMA table_info(t)")] == ["x"]


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    """A library of a newer program is left alone and named with both versions."""
    path = tmp_path / "l.sqlite"
    with Database.open(path, migrations=(*ONE, Migration(2, "two", lambda db: None))):
        pass
    with pytest.raises(StorageError, match=r"newer Griffin Desk \(schema 2, this one knows 1\)") as caught:
        Database.open(path, migrations=ONE)
    assert caught.value.code == "newer-schema"


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    """A SQLite file that is not ours is neither changed nor used."""
    path = tmp_path / "l.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    with pytest.raises(StorageError, match="another program's database"):
        Database.open(path)
    assert path.read_bytes() == before


def test_not_a_database(tmp_path: Path) -> None:
    """A file of other bytes gives one sentence with what to do."""
    path = tmp_path / "l.sqlite"
    path.write_bytes(b"hello, this is no database at all" * 100)
    with pytest.raises(StorageError, match=r"damaged or not a database .*move it away") as caught:
        Database.open(path)
    assert caught.value.code == "damaged-library"


def test_damaged_pages_are_found_at_open(tmp_path: Path) -> None:
    """quick_check at open finds overwritten pages."""
    path = tmp_path / "l.sqlite"
    with Database.open(path) as database, database.transaction() as db:
        for i in range(200):
            db.execute("INSERT INTO documents VALUES (?, ?, 1, 0.0, 0.0)", [f"d{i}", "p" * 200])
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 2)
        file.write(b"\xff" * (size // 4))
    with pytest.raises(StorageError) as caught:
        Database.open(path)
    assert caught.value.code == "damaged-library"
    assert "\n" not in caught.value.message


def test_locked_library(tmp_path: Path) -> None:
    """A second writer is told that another Griffin Desk has the file."""
    path = tmp_path / "l.sqlite"
    with Database.open(path, busy_timeout_s=0.0) as one, Database.open(path, busy_timeout_s=0.0) as two:
        with one.transaction(), pytest.raises(StorageError, match="in use by another") as caught, two.transaction():
            pytest.fail("two writers at once")
        assert caught.value.code == "locked"


def test_full_disk_keeps_what_was_committed(tmp_path: Path) -> None:
    """When SQLite runs out of room the transaction is undone, the sentence says so, the file stays sound."""
    path = tmp_path / "l.sqlite"
    with Database.open(path, migrations=ONE) as database:
        with database.transaction() as db:
            db.execute("INSERT INTO t VALUES ('kept')")
        pages = database.rows("PRAGMA page_count")[0]["page_count"]
        database.rows(f"PRAGMA max_page_count={pages}")
        with pytest.raises(ResourceError, match="the disk is full") as caught, database.transaction() as db:
            db.execute("INSERT INTO t VALUES ('half')")
            db.execute("INSERT INTO t VALUES (?)", ["x" * 100_000])
        assert caught.value.code == "disk-full"
    with Database.open(path, migrations=ONE) as database:
        assert database.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        assert database.rows("SELECT x FROM t") == [{"x": "kept"}]


def test_exception_in_a_transaction_undoes_it(tmp_path: Path) -> None:
    """Any exception inside the block, KeyboardInterrupt too, rolls back."""
    with Database.open(tmp_path / "l.sqlite", migrations=ONE) as database:
        with pytest.raises(KeyboardInterrupt), database.transaction() as db:
            db.execute("INSERT INTO t VALUES ('half')")
            raise KeyboardInterrupt
        assert database.rows("SELECT * FROM t") == []


def test_killed_writer_leaves_the_committed_rows(tmp_path: Path) -> None:
    """After SIGKILL in an open transaction the next open finds the committed row and only that."""
    path = tmp_path / "l.sqlite"
    script = f"""
import os, signal
from pathlib import Path
from app.storage.database import Database
database = Database.open(Path({str(path)!r}))
with database.transaction() as db:
    db.execute("INSERT INTO documents VALUES ('kept', '/a', 1, 0.0, 0.0)")
with database.transaction() as db:
    db.execute("INSERT INTO documents VALUES ('half', '/a', 1, 0.0, 0.0)")
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == -9
    with Database.open(path) as database:
        assert database.rows("SELECT id FROM documents") == [{"id": "kept"}]


def test_features_name_full_text_search() -> None:
    """doctor's line: SQLite's version and FTS5."""
    assert sqlite_features() == {"sqlite": sqlite3.sqlite_version, "fts5": "yes"}


def test_a_full_disk_is_told_to_whoever_can_make_room(tmp_path: Path) -> None:
    """After each transaction that found none; no other error is."""
    with Database.open(tmp_path / "l.sqlite", migrations=ONE) as database:
        told: list[str] = []
        database.when_full = lambda: told.append("full")
        with pytest.raises(StorageError), database.transaction() as db:
            db.execute("INSERT INTO nothing VALUES (1)")
        pages = database.rows("PRAGMA page_count")[0]["page_count"]
        database.rows(f"PRAGMA max_page_count={pages}")
        with pytest.raises(ResourceError, match="the disk is full"), database.transaction() as db:
            db.execute("INSERT INTO t VALUES (?)", ["x" * 100_000])
        assert told == ["full"]
