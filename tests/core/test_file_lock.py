"""A lock is one holder's at a time, and free again when the file is closed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.core.file_lock import lock


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    """The second is told at once."""
    first, second = (os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT) for _ in range(2))
    lock(first)
    with pytest.raises(OSError):
        lock(second)
    os.close(first)
    lock(second)
    os.close(second)
