"""What can be no document is named before anything is opened."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import DocumentError
from app.documents.files import check_file
from app.documents.limits import ReadingLimits


def test_each_kind_has_its_own_code(tmp_path: Path) -> None:
    """Missing, folder, empty, too large, a device, a name too long: each names the path."""
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "large.pdf").write_bytes(bytes(11))
    found = {}
    for name in ("nowhere.pdf", ".", "empty.pdf", "large.pdf", "/dev/null", "a" * 300):
        with pytest.raises(DocumentError) as caught:
            check_file(tmp_path / name, ReadingLimits(max_file_bytes=10))
        assert str(tmp_path / name) in caught.value.message
        found[name] = caught.value.code
    assert list(found.values()) == ["missing", "folder", "empty", "too-large", "special", "unreadable"]


def test_a_file_is_let_through(tmp_path: Path) -> None:
    """Any regular file that can be read, whatever it holds."""
    (tmp_path / "a.bin").write_bytes(bytes(10))
    check_file(tmp_path / "a.bin")
