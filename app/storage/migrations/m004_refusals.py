"""Version 4: files that could not be brought into the library, so that the user sees what became of them."""

from __future__ import annotations

import sqlite_utils

_STATEMENTS = (
    """
    CREATE TABLE refusals (
        path TEXT PRIMARY KEY,
        code TEXT NOT NULL,
        message TEXT NOT NULL,
        refused_at REAL NOT NULL
    ) STRICT
    """,
)


def apply(db: sqlite_utils.Database) -> None:
    """See app/storage/migrations/__init__.py."""
    for statement in _STATEMENTS:
        db.execute(statement)
