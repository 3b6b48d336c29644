"""What a set of model files turned out to be when it was last loaded.

A stored summary belongs to a model's fingerprint, which only the engine can work out. Remembering it by
the files' names, sizes and times shows a finished summary at once, without loading anything.
"""

from __future__ import annotations

from app.storage.database import Database


class KnownModelStore:
    """Model information (JSON made by services) by file signature."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, signature: str) -> str | None:
        """The JSON last remembered for these files."""
        rows = self._database.rows("SELECT info FROM known_models WHERE signature = ?", [signature])
        return str(rows[0]["info"]) if rows else None

    def remember(self, signature: str, info: str, *, now: float) -> None:
        """Keep what was loaded; a changed file has another signature."""
        with self._database.transaction() as db:
            db.execute("INSERT OR REPLACE INTO known_models VALUES (?, ?, ?)", [signature, info, now])
