from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.storage.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A fresh library."""
    with Database.open(tmp_path / "library.sqlite") as opened:
        yield opened


@pytest.fixture
def with_document(database: Database) -> Database:
    """A library that knows the document `d1`."""
    with database.transaction() as db:
        db.execute("INSERT INTO documents VALUES ('d1', '/a.txt', 1, 0.0, 0.0)")
    return database
