"""Version 2: branches, forks, undo and full-text search of conversations; reading rates of models."""

from __future__ import annotations

import sqlite_utils

_STATEMENTS = (
    # The attached document's page range; '' means all pages, as in `readings`.
    "ALTER TABLE conversations ADD COLUMN page_range TEXT NOT NULL DEFAULT ''",
    # Set while a deletion can still be undone.
    "ALTER TABLE conversations ADD COLUMN deleted_at REAL",
    "ALTER TABLE conversations ADD COLUMN forked_from TEXT NOT NULL DEFAULT ''",
    # The name of the model's state after this turn in the snapshot file: a weak reference, '' for none.
    "ALTER TABLE turns ADD COLUMN state_key TEXT NOT NULL DEFAULT ''",
    # With the parent in it the index alone answers how many turns and how many leaves each conversation has.
    "DROP INDEX turns_by_conversation",
    "CREATE INDEX turns_by_conversation ON turns (conversation_id, parent_id)",
    # External content as for `passages`; "OF text", so that a new state_key does not index a turn again.
    """
    CREATE VIRTUAL TABLE turns_fts USING fts5(
        text, content='turns', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER turns_after_insert AFTER INSERT ON turns BEGIN
        INSERT INTO turns_fts(rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER turns_after_delete AFTER DELETE ON turns BEGIN
        INSERT INTO turns_fts(turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
    """
    CREATE TRIGGER turns_after_update AFTER UPDATE OF text ON turns BEGIN
        INSERT INTO turns_fts(turns_fts, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO turns_fts(rowid, text) VALUES (new.id, new.text);
    END
    """,
    "INSERT INTO turns_fts(turns_fts) VALUES ('rebuild')",
    # How fast a model read on this machine when last measured, to say beforehand how long a document will take.
    """
    CREATE TABLE reading_rates (
        model_fingerprint TEXT PRIMARY KEY,
        tokens_per_second REAL NOT NULL,
        measured_at REAL NOT NULL
    ) STRICT
    """,
)


def apply(db: sqlite_utils.Database) -> None:
    """Change the tables of version 1 into those of version 2; every row is kept."""
    for statement in _STATEMENTS:
        db.execute(statement)
