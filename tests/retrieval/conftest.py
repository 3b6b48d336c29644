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
