"""Indexes of the library made anew from the rows that they index: damage to an index alone costs no row."""

from __future__ import annotations

import sqlite3

_INDEXED_BY_STEPS = (
    "INSERT INTO passage_terms(passage_terms) VALUES ('rebuild')",
    "DELETE FROM passage_terms",
    # Filled again when a document is next searched.
    "UPDATE readings SET index_version = '', passages_indexed = 0",
    "UPDATE passages SET weight = 1 WHERE weight <> 1",
)
_FROM_ROWS = ("INSERT INTO turns_fts(turns_fts) VALUES ('rebuild')",)


def is_sound(db: sqlite3.Connection, *, with_indexes: bool) -> str:
    """'' for a sound database, else the first thing wrong in SQLite's words. with_indexes: whether they fit the rows.

    That takes about twice as long. What an index of words holds is looked at by newer versions of SQLite only.
    """
    check = "integrity_check" if with_indexes else "quick_check"
    found = str(db.execute(f"PRAGMA {check}(1)").fetchone()[0])
    return "" if found == "ok" else found.splitlines()[0]


def make_indexes_anew(db: sqlite3.Connection) -> None:
    """All of them, in one transaction; sqlite3.Error where the rows themselves are damaged, and nothing has changed."""
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("REINDEX")
        tables = {row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()}
        for table, statements in (("turns_fts", _FROM_ROWS), ("passage_terms", _INDEXED_BY_STEPS)):
            for statement in statements if table in tables else ():
                db.execute(statement)
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
