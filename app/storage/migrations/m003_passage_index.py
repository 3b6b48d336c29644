"""Version 3: an index of stemmed terms over passages, filled in steps, and room for their vectors."""

from __future__ import annotations

import sqlite_utils

_STATEMENTS = (
    # Replaced: it stemmed English only, took a clause of Chinese for one word, and looked through all documents.
    "DROP TRIGGER passages_after_insert",
    "DROP TRIGGER passages_after_delete",
    "DROP TRIGGER passages_after_update",
    "DROP TABLE passages_fts",
    # The row id is the passage's. `terms` and `title` are terms already (app/retrieval/terms.py), parted by spaces;
    # `reading` holds r. and the reading's id, so that a search in one document never looks at another's passages.
    """
    CREATE VIRTUAL TABLE passage_terms USING fts5(terms, title, reading, tokenize = "ascii tokenchars '.'")
    """,
    """
    CREATE TRIGGER passages_after_delete AFTER DELETE ON passages BEGIN
        DELETE FROM passage_terms WHERE rowid = old.id;
    END
    """,
    # What made the index of a reading ('' for none), in which language, and how many passages are done.
    "ALTER TABLE readings ADD COLUMN index_version TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE readings ADD COLUMN language TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE readings ADD COLUMN passages_indexed INTEGER NOT NULL DEFAULT 0",
    # What a match in the passage is worth: less than 1 for contents pages, indexes and references.
    "ALTER TABLE passages ADD COLUMN weight REAL NOT NULL DEFAULT 1",
    # Vectors in batches as they were made: 20,000 rows of one vector each take 50 ms to read, as batches of 64 take 5.
    # numbers: JSON, the passages' numbers; vectors: as many, packed one after the other (app/retrieval/vectors.py).
    """
    CREATE TABLE passage_vectors (
        id INTEGER PRIMARY KEY,
        reading_id INTEGER NOT NULL REFERENCES readings(id) ON DELETE CASCADE,
        encoder TEXT NOT NULL,
        numbers TEXT NOT NULL,
        vectors BLOB NOT NULL
    ) STRICT
    """,
    "CREATE INDEX passage_vectors_by_reading ON passage_vectors (reading_id, encoder)",
)


def apply(db: sqlite_utils.Database) -> None:
    """Change the tables of version 2 into those of version 3; passages are indexed when they are next searched."""
    for statement in _STATEMENTS:
        db.execute(statement)
