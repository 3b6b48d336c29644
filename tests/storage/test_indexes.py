"""Damage to indexes, and to single letters: no row is lost for it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from app.core.errors import StorageError
from app.storage.backup_files import BackupFolder
from app.storage.backups import open_library
from app.storage.conversations import ConversationStore
from app.storage.database import Database, damage_mark
from app.storage.indexes import is_sound, make_indexes_anew
from app.storage.passage_index import PassageIndex
from app.storage.turn_search import search_turns

DAY, TODAY = date(2026, 1, 1), date(2026, 1, 2)


@pytest.fixture
def library(tmp_path: Path) -> Path:
    """A conversation of one turn, with a backup of before it; closed."""
    path = tmp_path / "library.sqlite"
    with Database.open(path) as database:
        with closing(sqlite3.connect(path, isolation_level=None)) as source:
            assert BackupFolder(tmp_path / "backups").make(source, DAY)
        store = ConversationStore(database)
        store.create("c1", title="Rivers", document_id=None, page_range="", model_name="m", now=1.0)
        store.add_turn("c1", parent_id=None, role="user", text="Where is the Elbe?", now=1.0, details="", state_key="")
    return path


def _leave_out_of_an_index(path: Path) -> None:
    """One more turn, of which an index knows nothing."""
    with closing(sqlite3.connect(path)) as db:
        entry = db.execute("SELECT * FROM sqlite_master WHERE name = 'turns_by_parent'").fetchone()
        db.execute("PRAGMA writable_schema=ON")
        db.execute("DELETE FROM sqlite_master WHERE name = 'turns_by_parent'")
        db.commit()
    with closing(sqlite3.connect(path)) as db:
        db.execute(
            "INSERT INTO turns (conversation_id, parent_id, role, text, details, created_at)"
            " VALUES ('c1', 1, 'assistant', 'In Hamburg.', '', 2.0)"
        )
        db.execute("PRAGMA writable_schema=ON")
        db.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", entry)
        db.commit()


def _opened(path: Path) -> tuple[Database, tuple[str, ...]]:
    found = open_library(path, path.parent / "backups", today=TODAY)
    return found.database, found.notices


def test_an_index_that_does_not_fit_is_made_anew(library: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Going back to the backup would lose the whole conversation."""
    _leave_out_of_an_index(library)
    with closing(sqlite3.connect(library)) as db:
        assert is_sound(db, with_indexes=False) == ""
        assert "turns_by_parent" in is_sound(db, with_indexes=True)
    database, notices = _opened(library)
    with database:
        assert notices == ()
        assert database.rows("SELECT text FROM turns WHERE parent_id = 1") == [{"text": "In Hamburg."}]
        assert is_sound(database._db.conn, with_indexes=True) == ""
    assert "indexes are made anew" in caplog.text


def test_damaged_words_are_told_once_and_mended_by_the_next_start(library: Path) -> None:
    """What SQLite's own check does not look at is met by a search."""
    with Database.open(library) as database:
        with database.transaction() as db:
            db.execute("UPDATE turns_fts_data SET block = x'00ff00ff' WHERE id > 10")
        with pytest.raises(StorageError) as caught:
            search_turns(database, "Elbe", limit=5)
    assert caught.value.code == "damaged-library"
    assert damage_mark(library).exists()
    database, notices = _opened(library)
    with database:
        assert notices == ()
        assert [hit.conversation_id for hit in search_turns(database, "Elbe", limit=5)] == ["c1"]
    assert not damage_mark(library).exists()


def test_words_of_documents_are_indexed_again_when_they_are_next_searched(library: Path) -> None:
    """Their index is emptied, and says of no reading that it has it."""
    with Database.open(library) as database:
        with database.transaction() as db:
            db.execute("INSERT INTO documents VALUES ('d1', '/a', 1, 0.0, 0.0)")
            db.execute(
                "INSERT INTO readings (document_id, page_range, reader_version, title, format, page_kind, warnings,"
                " read_at, index_version, passages_indexed) VALUES ('d1', '', '1', 't', 'pdf', 'page', '[]', 0, '7', 3)"
            )
            db.execute("INSERT INTO passage_terms (rowid, terms, title, reading) VALUES (1, 'elbe', '', 'r.1')")
        make_indexes_anew(database._db.conn)
        reading = PassageIndex(database).reading("d1", "")
        assert reading is not None and (reading.version, reading.done) == ("", 0)
        assert database.rows("SELECT count(*) AS n FROM passage_terms") == [{"n": 0}]


def test_damaged_rows_are_no_matter_of_indexes(library: Path) -> None:
    """Then nothing is changed, and whoever asked has SQLite's error."""
    with Database.open(library) as database, database.transaction() as db:
        db.conn.executemany("INSERT INTO documents VALUES (?, '/a', 1, 0.0, 0.0)", [(f"d{i}",) for i in range(3000)])
    data = library.read_bytes()
    with closing(sqlite3.connect(library)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 'documents'").fetchone()
    library.write_bytes(data[: (root - 1) * 4096] + b"\xff" * 4096 + data[root * 4096 :])
    before = library.read_bytes()
    with closing(sqlite3.connect(library, isolation_level=None)) as db:
        with pytest.raises(sqlite3.DatabaseError):
            make_indexes_anew(db)
        assert not db.in_transaction
    assert library.read_bytes() == before


def test_letters_that_are_no_utf8_cost_no_row(library: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One letter is another; the log tells it without the text."""
    with closing(sqlite3.connect(library)) as db:
        db.execute("UPDATE turns SET text = CAST(x'456c62b465' AS TEXT)")
        db.commit()
    database, notices = _opened(library)
    with database:
        assert notices == ()
        assert database.rows("SELECT text FROM turns") == [{"text": "Elb\N{REPLACEMENT CHARACTER}e"}]
    assert "a stored text is damaged" in caplog.text
    assert "Elb" not in caplog.text
