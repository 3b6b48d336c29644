from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from app.core.errors import ResourceError, StorageError
from app.storage.backup_files import BackupFolder
from app.storage.backups import open_library
from app.storage.database import Database, damage_mark
from app.storage.migrations import LIBRARY

DAY = date(2025, 3, 9)
TODAY = date(2025, 3, 11)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A library with 200 documents, then `late` added after its backup of DAY; closed."""
    return _library_in(tmp_path)


def _library_in(folder: Path) -> Path:
    path = folder / "library.sqlite"
    with Database.open(path) as database:
        with database.transaction() as db:
            for i in range(200):
                db.execute("INSERT INTO documents VALUES (?, ?, 1, 0.0, 0.0)", [f"d{i}", "p" * 200])
        with closing(sqlite3.connect(path, isolation_level=None)) as source:
            assert BackupFolder(folder / "backups").make(source, DAY)
        with database.transaction() as db:
            db.execute("INSERT INTO documents VALUES ('late', '/a', 1, 0.0, 0.0)")
    return path


def _open(path: Path, **options: float) -> tuple[list[str], tuple[str, ...]]:
    """Open a library as the program does; number of documents with `late` or without, and the notices."""
    opened = open_library(path, path.parent / "backups", today=TODAY, **options)
    with opened.database as database:
        ids = [row["id"] for row in database.rows("SELECT id FROM documents")]
    return [str(len(ids)), *(["late"] if "late" in ids else [])], opened.notices


def _not_a_database(path: Path) -> None:
    path.write_bytes(b"hello, this is no database at all" * 1000)


def _flip_the_middle(path: Path) -> None:
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.seek(size // 4)
        file.write(b"\xff" * (size // 2))


def _cut_short(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _cut_in_a_page(path: Path) -> None:
    os.truncate(path, 5000)


def _empty(path: Path) -> None:
    os.truncate(path, 0)


def _zero_the_header(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(100))


DAMAGE = [_not_a_database, _flip_the_middle, _cut_short, _cut_in_a_page, _empty, _zero_the_header]


def test_a_sound_library_is_just_opened(library: Path) -> None:
    """No notice, no file beside it."""
    before = sorted(library.parent.iterdir())
    assert _open(library) == (["201", "late"], ())
    assert sorted(library.parent.iterdir()) == before


@pytest.mark.parametrize("spoil", DAMAGE)
def test_a_damaged_library_is_restored(library: Path, spoil: Callable[[Path], None]) -> None:
    """The backup's rows are back, the damaged bytes are kept aside, one sentence says so; the next start is silent."""
    spoil(library)
    damaged = library.read_bytes()
    aside = library.with_name("library.damaged-2025-03-11.sqlite")
    assert _open(library) == (
        ["200"],
        (
            f"The library {library} was damaged and has been restored from the backup of 2025-03-09; "
            f"what was added after that backup is missing, and the damaged file is kept as {aside}.",
        ),
    )
    assert aside.read_bytes() == damaged
    assert _open(library) == (["200"], ())
    assert sorted(p.name for p in library.parent.iterdir()) == ["backups", aside.name, "library.sqlite"]
    assert [p.name for p in (library.parent / "backups").iterdir()] == ["library-2025-03-09.sqlite"]


@pytest.mark.parametrize("spoil", DAMAGE)
def test_damage_twice_a_day(library: Path, spoil: Callable[[Path], None]) -> None:
    """The second damaged file gets a name of its own."""
    for name in ("library.damaged-2025-03-11.sqlite", "library.damaged-2025-03-11-1.sqlite"):
        spoil(library)
        damaged = library.read_bytes()
        _open(library)
        assert library.with_name(name).read_bytes() == damaged


def test_the_log_goes_aside_with_its_library(library: Path) -> None:
    """A log that stayed would be played back into the restored file: it is kept with the damaged one."""
    _empty(library)
    wal = library.with_name("library.sqlite-wal")
    wal.write_bytes(b"a log")
    assert _open(library)[0] == ["200"]
    assert library.with_name("library.damaged-2025-03-11.sqlite-wal").read_bytes() == b"a log"
    assert not wal.exists()


@pytest.mark.parametrize("spoil", [_not_a_database, _flip_the_middle, _cut_short])
def test_damage_without_a_backup_is_reported(library: Path, spoil: Callable[[Path], None]) -> None:
    """Without a sound backup the error stays as it is, and so do the files."""
    (backup,) = (library.parent / "backups").iterdir()
    backup.write_bytes(b"damaged as well")
    spoil(library)
    damaged = library.read_bytes()
    with pytest.raises(StorageError, match="is damaged or not a database") as caught:
        _open(library)
    assert caught.value.code == "damaged-library"
    assert library.read_bytes() == damaged
    assert not list(library.parent.glob("*damaged*"))


def test_an_empty_file_without_a_backup_is_a_new_library(tmp_path: Path) -> None:
    """A first run that died at once leaves an empty file: nothing to restore, nothing to report."""
    (tmp_path / "library.sqlite").touch()
    assert _open(tmp_path / "library.sqlite") == (["0"], ())
    (tmp_path / "backups").mkdir(exist_ok=True)
    (tmp_path / "backups" / "library-2025-03-09.sqlite").write_bytes(b"damaged")
    os.truncate(tmp_path / "library.sqlite", 0)
    assert _open(tmp_path / "library.sqlite")[0] == ["0"]


def test_a_library_moved_away_is_begun_anew(library: Path) -> None:
    """A missing file is the user's wish to begin anew, not damage."""
    library.unlink()
    assert _open(library) == (["0"], ())


@pytest.mark.parametrize(("change", "code"), [("user_version=999", "newer-schema"), ("application_id=1", "storage")])
def test_what_is_no_damage_is_not_restored(library: Path, change: str, code: str) -> None:
    """A newer schema and another program's file are refused and left as they are."""
    with closing(sqlite3.connect(library)) as db:
        db.execute(f"PRAGMA {change}")
    before = library.read_bytes()
    with pytest.raises(StorageError) as caught:
        _open(library)
    assert caught.value.code == code
    assert library.read_bytes() == before
    assert not list(library.parent.glob("*damaged*"))


def test_a_locked_library_is_not_restored(library: Path) -> None:
    """A second connection in the middle of a transaction is waited for, then named; the file stays."""
    with closing(sqlite3.connect(library, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StorageError, match="in use by another") as caught:
            _open(library, busy_timeout_s=0.0)
    assert caught.value.code == "locked"
    assert _open(library) == (["201", "late"], ())


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 1000, b"\x37\x7f\x06\x82" + bytes(5000)])
def test_a_lost_or_broken_log_is_no_damage(library: Path, content: bytes | None) -> None:
    """SQLite takes only the log's sound beginning: what was copied into the library before is whole."""
    wal = library.with_name("library.sqlite-wal")
    if content is not None:
        wal.write_bytes(content)
    assert _open(library) == (["201", "late"], ())


def test_a_changed_letter_is_not_seen(library: Path) -> None:
    """SQLite has no checksums: the check at opening finds broken pages and records, not other values in them."""
    content = library.read_bytes()
    at = content.index(b"p" * 50)
    library.write_bytes(content[:at] + b"q" + content[at + 1 :])
    assert _open(library) == (["201", "late"], ())


def _hold_open(connection, path: Path) -> None:
    with Database.open(path):
        connection.send("open")
        connection.recv()


def test_damage_under_another_process_waits_for_it(library: Path) -> None:
    """While another process has the file open it is not replaced under it; afterwards it is restored."""
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_hold_open, args=(theirs, library), daemon=True)
    process.start()
    assert ours.recv() == "open"
    _flip_the_middle(library)
    with pytest.raises(StorageError, match="damaged and in use by another Griffin Desk") as caught:
        _open(library, busy_timeout_s=0.1)
    assert caught.value.code == "locked"
    assert not list(library.parent.glob("*damaged*")) and not list(library.parent.glob("*restore*"))
    process.kill()
    process.join()
    rows, notices = _open(library)
    assert (rows, len(notices)) == (["200"], 1)


_START = """
import sys
from datetime import date
from pathlib import Path
from app.storage.backups import open_library
path = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
opened = open_library(path, path.parent / "backups", today=date(2025, 3, 11))
print(len(opened.notices), opened.database.rows("SELECT count(*) AS n FROM documents")[0]["n"], flush=True)
sys.stdin.readline()
"""


def test_two_starts_restore_once(library: Path) -> None:
    """Of two processes that find the damage at once one restores, the other opens what it restored."""
    _flip_the_middle(library)
    command = [sys.executable, "-c", _START, str(library)]
    starts = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) for _ in range(2)
    ]
    for line in ("ready\n", None):
        answers = []
        for start in starts:
            assert start.stdout is not None
            answers.append(start.stdout.readline())
        if line is not None:
            assert answers == [line] * 2
            for start in starts:
                assert start.stdin is not None
                start.stdin.write("go\n")
    for start in starts:
        start.communicate("end\n")
    assert sorted(answers) == ["0 200\n", "1 200\n"]
    assert len(list(library.parent.glob("library.damaged-*.sqlite"))) == 1


_CRASH = """
import os, sys
from datetime import date
from pathlib import Path
from app.storage import backup_files, restore
from app.storage.backups import open_library

left = int(sys.argv[2])

def crashing(real):
    def step(*arguments, **options):
        global left
        if left == 0:
            os._exit(7)
        left -= 1
        return real(*arguments, **options)
    return step

restore.shutil.copyfile = crashing(restore.shutil.copyfile)
for name in ("rename", "replace"):
    setattr(Path, name, crashing(getattr(Path, name)))
path = Path(sys.argv[1])
open_library(path, path.parent / "backups", today=date(2025, 3, 11)).database.close()
"""


CRASHES = [(_not_a_database, False, steps) for steps in range(4)] + [(_empty, True, steps) for steps in range(5)]


@pytest.mark.parametrize(("spoil", "with_log", "steps"), CRASHES)
def test_a_crash_in_a_restore_loses_nothing(
    library: Path, spoil: Callable[[Path], None], with_log: bool, steps: int
) -> None:
    """Cut off before any of its steps, a restore is finished by the next start: backup's rows, damaged bytes, log."""
    spoil(library)
    left = {"": library.read_bytes()} | ({"-wal": b"a log"} if with_log else {})
    if with_log:
        library.with_name("library.sqlite-wal").write_bytes(left["-wal"])
    assert subprocess.run([sys.executable, "-c", _CRASH, str(library), str(steps)], check=False).returncode == 7
    rows, notices = _open(library)
    assert (rows, len(notices)) == (["200"], 1)
    aside = library.with_name("library.damaged-2025-03-11.sqlite")
    assert notices[0].endswith(f"{aside}.")
    found = {path.name: path.read_bytes() for path in library.parent.glob("library.damaged-*")}
    assert found == {f"{aside.name}{suffix}": content for suffix, content in left.items()}
    names = sorted(path.name for path in library.parent.iterdir())
    assert names == ["backups", *sorted(found), "library.sqlite"]


def test_the_crash_test_meets_every_step(library: Path) -> None:
    """A copy, a rename to the decided name, the log, the library, and the last rename: five steps, no sixth."""
    _empty(library)
    library.with_name("library.sqlite-wal").write_bytes(b"a log")
    assert subprocess.run([sys.executable, "-c", _CRASH, str(library), "5"], check=False).returncode == 0


def test_a_file_that_cannot_be_moved_leaves_all_as_it_was(library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an open file cannot be renamed (Windows) the log moves back and the error is the damage."""
    _empty(library)
    wal = library.with_name("library.sqlite-wal")
    wal.write_bytes(b"a log")
    before = {path.name: path.read_bytes() for path in library.parent.iterdir() if path.is_file()}
    real = Path.rename

    def rename(path: Path, target: Path) -> Path:
        if path == library:
            raise PermissionError(13, "in use")
        return real(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", rename)
        with pytest.raises(StorageError) as caught:
            _open(library)
    assert caught.value.code == "damaged-library"
    assert {path.name: path.read_bytes() for path in library.parent.iterdir() if path.is_file()} == before
    assert _open(library)[0] == ["200"]


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    command = [str(mount), "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a small file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


def test_no_room_to_restore(small_disk: Path) -> None:
    """The sentence says that the disk is too full; with room again the library is restored."""
    library = _library_in(small_disk)
    _flip_the_middle(library)
    damaged = library.read_bytes()
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space left"), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    # The two files that SQLite makes to look at the library need room themselves; the copy needs more.
    os.truncate(filler, filler.stat().st_size - 80_000)
    with pytest.raises(ResourceError, match="too full to restore the backup of 2025-03-09") as caught:
        _open(library)
    assert caught.value.code == "disk-full"
    assert library.read_bytes() == damaged
    assert not list(small_disk.glob("*restore*"))
    filler.unlink()
    assert _open(library)[0] == ["200"]


def test_a_read_only_folder_is_not_damage(small_disk: Path) -> None:
    """A library that cannot be written is named as that."""
    library = _library_in(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(StorageError) as caught:
        _open(library)
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    assert caught.value.code == "read-only"
    assert _open(library) == (["201", "late"], ())


def _older_library(tmp_path: Path) -> Path:
    path = tmp_path / "library.sqlite"
    with Database.open(path, migrations=LIBRARY[:1]) as database, database.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('d1', '/a', 1, 0.0, 0.0)")
    return path


def test_an_upgrade_keeps_a_copy_of_before(tmp_path: Path) -> None:
    """A library of an older schema is copied as it was, then upgraded; a second start copies nothing."""
    path = _older_library(tmp_path)
    assert _open(path) == (["1"], ())
    copy = tmp_path / "backups" / "library-2025-03-11.sqlite"
    with closing(sqlite3.connect(copy)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT id FROM documents").fetchall() == [("d1",)]
    before = copy.stat()
    _open(path)
    assert os.path.samestat(copy.stat(), before)
    with Database.open(path) as database:
        assert database.schema_version == LIBRARY[-1].version


def test_an_upgrade_without_room_for_a_copy_goes_on(tmp_path: Path, caplog) -> None:
    """The copy is a precaution: where it cannot be made the library is upgraded all the same, and the log says so."""
    path = _older_library(tmp_path)
    (tmp_path / "backups").write_text("a file in the folder's place")
    assert _open(path) == (["1"], ())
    assert "no backup of 2025-03-11" in caplog.text


def test_a_new_library_needs_no_copy(tmp_path: Path) -> None:
    """The first start makes no backup of nothing."""
    assert _open(tmp_path / "library.sqlite") == (["0"], ())
    assert not (tmp_path / "backups").exists()


def test_a_backup_of_an_older_schema_is_upgraded(tmp_path: Path) -> None:
    """A restored file of version 1 ends at the newest schema."""
    path = _older_library(tmp_path)
    with closing(sqlite3.connect(path, isolation_level=None)) as source:
        assert BackupFolder(tmp_path / "backups").make(source, DAY)
    _not_a_database(path)
    rows, notices = _open(path)
    assert (rows, len(notices)) == (["1"], 1)
    with Database.open(path) as database:
        assert database.schema_version == LIBRARY[-1].version


def test_a_header_of_no_known_format_is_damage(library: Path) -> None:
    """SQLite tells it as a plain error."""
    with library.open("r+b") as file:
        file.seek(18)
        file.write(bytes((9, 9)))
    content, notices = _open(library)
    assert content == ["200"] and len(notices) == 1


def test_a_schema_whose_damage_cannot_be_told_in_utf8(library: Path) -> None:
    """Then Python's module raises an error that is none of SQLite's."""
    data = library.read_bytes()
    assert data.count(b"warnings TEXT NOT NULL") == 1
    library.write_bytes(data.replace(b"warnings TEXT NOT NULL", b"warnings TEX\xd4 NOT NULL"))
    content, notices = _open(library)
    assert content == ["200"] and len(notices) == 1


def test_an_empty_library_with_damaged_backups_is_begun_anew_with_a_word(library: Path) -> None:
    """The backups stay for whoever can do something with them."""
    library.write_bytes(b"")
    (backup,) = (library.parent / "backups").glob("*.sqlite")
    _not_a_database(backup)
    before = backup.read_bytes()
    content, notices = _open(library)
    assert content == ["0"]
    assert len(notices) == 1 and "none of its backups can be restored" in notices[0]
    assert backup.read_bytes() == before


def test_damage_met_before_a_restore_is_forgotten(library: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It was in the file that is aside now: the restored one's indexes are as good as new."""
    _flip_the_middle(library)
    assert len(_open(library)[1]) == 1
    assert not damage_mark(library).exists()
    assert "indexes are made anew" not in caplog.text


def test_a_backup_of_a_day_to_come_is_not_preferred(library: Path) -> None:
    """Of the clock that was wrong when it was made."""
    (backup,) = (library.parent / "backups").glob("*.sqlite")
    with closing(sqlite3.connect(backup)) as db:
        db.execute("DELETE FROM documents")
        db.commit()
    shutil.copyfile(library, backup.with_name(f"library-{TODAY.isoformat()}.sqlite"))
    backup.rename(backup.with_name("library-2099-01-01.sqlite"))
    _not_a_database(library)
    content, notices = _open(library)
    assert content == ["201", "late"] and TODAY.isoformat() in notices[0]
