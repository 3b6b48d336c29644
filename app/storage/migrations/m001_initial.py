"""Version 1: documents as they were read, summaries part by part, conversations as trees of turns."""

from __future__ import annotations

import sqlite_utils

_STATEMENTS = (
    # One row per different file content; the id is the SHA-256 of the bytes.
    """
    CREATE TABLE documents (
        id TEXT PRIMARY KEY,
        path TEXT NOT NULL,
        nbytes INTEGER NOT NULL,
        added_at REAL NOT NULL,
        opened_at REAL NOT NULL
    ) STRICT
    """,
    # What one reader made of those bytes. The page range is part of it: pages 1-50 read alone may have other
    # sections than the whole file has.
    """
    CREATE TABLE readings (
        id INTEGER PRIMARY KEY,
        document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        page_range TEXT NOT NULL,
        reader_version TEXT NOT NULL,
        title TEXT NOT NULL,
        format TEXT NOT NULL,
        page_kind TEXT NOT NULL,
        warnings TEXT NOT NULL,
        read_at REAL NOT NULL,
        UNIQUE (document_id, page_range)
    ) STRICT
    """,
    """
    CREATE TABLE pages (
        reading_id INTEGER NOT NULL REFERENCES readings(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        number INTEGER NOT NULL,
        text TEXT NOT NULL,
        problem TEXT NOT NULL,
        PRIMARY KEY (reading_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE sections (
        reading_id INTEGER NOT NULL REFERENCES readings(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        title TEXT NOT NULL,
        level INTEGER NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        page_from INTEGER NOT NULL,
        page_to INTEGER NOT NULL,
        PRIMARY KEY (reading_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE passages (
        id INTEGER PRIMARY KEY,
        reading_id INTEGER NOT NULL REFERENCES readings(id) ON DELETE CASCADE,
        number INTEGER NOT NULL,
        text TEXT NOT NULL,
        start_offset INTEGER NOT NULL,
        end_offset INTEGER NOT NULL,
        page_from INTEGER NOT NULL,
        page_to INTEGER NOT NULL,
        section_index INTEGER NOT NULL,
        UNIQUE (reading_id, number)
    ) STRICT
    """,
    # External content: the index holds words only, the text stays in `passages`; triggers keep the two in step.
    """
    CREATE VIRTUAL TABLE passages_fts USING fts5(
        text, content='passages', content_rowid='id', tokenize='porter unicode61 remove_diacritics 2'
    )
    """,
    """
    CREATE TRIGGER passages_after_insert AFTER INSERT ON passages BEGIN
        INSERT INTO passages_fts(rowid, text) VALUES (new.id, new.text);
    END
    """,
    """
    CREATE TRIGGER passages_after_delete AFTER DELETE ON passages BEGIN
        INSERT INTO passages_fts(passages_fts, rowid, text) VALUES ('delete', old.id, old.text);
    END
    """,
    """
    CREATE TRIGGER passages_after_update AFTER UPDATE ON passages BEGIN
        INSERT INTO passages_fts(passages_fts, rowid, text) VALUES ('delete', old.id, old.text);
        INSERT INTO passages_fts(rowid, text) VALUES (new.id, new.text);
    END
    """,
    # A job is found again by what it depends on; made anew, it is a second row until it is finished.
    """
    CREATE TABLE summaries (
        id TEXT PRIMARY KEY,
        document_id TEXT NOT NULL REFERENCES documents(id) ON DELETE CASCADE,
        model_fingerprint TEXT NOT NULL,
        style TEXT NOT NULL,
        page_range TEXT NOT NULL,
        options TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'finished')),
        model_name TEXT NOT NULL,
        parts_total INTEGER NOT NULL,
        runs INTEGER NOT NULL,
        usage TEXT NOT NULL,
        lines TEXT NOT NULL,
        sections TEXT NOT NULL,
        stats TEXT NOT NULL,
        started_at REAL NOT NULL,
        updated_at REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX summaries_by_key ON summaries (document_id, model_fingerprint, style, page_range, options)",
    """
    CREATE TABLE summary_parts (
        summary_id TEXT NOT NULL REFERENCES summaries(id) ON DELETE CASCADE,
        position INTEGER NOT NULL,
        notes TEXT NOT NULL,
        written_at REAL NOT NULL,
        PRIMARY KEY (summary_id, position)
    ) STRICT, WITHOUT ROWID
    """,
    """
    CREATE TABLE conversations (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        document_id TEXT REFERENCES documents(id) ON DELETE SET NULL,
        model_name TEXT NOT NULL,
        tip_turn_id INTEGER,
        created_at REAL NOT NULL,
        updated_at REAL NOT NULL
    ) STRICT
    """,
    # parent_id makes a tree: a branch is a second child of the same turn.
    """
    CREATE TABLE turns (
        id INTEGER PRIMARY KEY,
        conversation_id TEXT NOT NULL REFERENCES conversations(id) ON DELETE CASCADE,
        parent_id INTEGER REFERENCES turns(id) ON DELETE CASCADE,
        role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
        text TEXT NOT NULL,
        details TEXT NOT NULL,
        created_at REAL NOT NULL
    ) STRICT
    """,
    "CREATE INDEX turns_by_conversation ON turns (conversation_id)",
    "CREATE INDEX turns_by_parent ON turns (parent_id)",
    # The fingerprint a set of model files had when last loaded, so that a stored summary is found without loading.
    """
    CREATE TABLE known_models (
        signature TEXT PRIMARY KEY,
        info TEXT NOT NULL,
        seen_at REAL NOT NULL
    ) STRICT
    """,
)


def apply(db: sqlite_utils.Database) -> None:
    """Make all tables of version 1."""
    for statement in _STATEMENTS:
        db.execute(statement)
