from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from app.core.errors import ResourceError
from app.core.whole_file import regular_size, replace_file, write_atomically


def test_only_the_user_may_read(tmp_path: Path) -> None:
    """The content is replaced and the file closed to others, whatever it was before."""
    file = tmp_path / "settings.toml"
    file.write_bytes(b"old")
    file.chmod(0o644)
    replace_file(file, b"new")
    assert file.read_bytes() == b"new"
    if sys.platform != "win32":
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    """Settings that are kept elsewhere and linked to stay there."""
    (tmp_path / "elsewhere").mkdir()
    kept = tmp_path / "elsewhere" / "mine.toml"
    kept.write_bytes(b"old")
    (tmp_path / "settings.toml").symlink_to(kept)
    replace_file(tmp_path / "settings.toml", b"new")
    assert (tmp_path / "settings.toml").is_symlink()
    assert kept.read_bytes() == b"new"


def test_a_failure_leaves_nothing_behind(tmp_path: Path) -> None:
    """Where the name belongs to a folder the error is raised and the half-written file is gone."""
    (tmp_path / "settings.toml").mkdir()
    (tmp_path / "settings.toml" / "x").touch()
    with pytest.raises(OSError):
        replace_file(tmp_path / "settings.toml", b"new")
    assert [path.name for path in tmp_path.iterdir()] == ["settings.toml"]


def test_written_file_is_whole_and_replaces(tmp_path: Path) -> None:
    """The old text goes, no temporary file stays, and others may read as any new file allows."""
    path = tmp_path / "out.md"
    path.write_text("old")
    write_atomically(path, "new é\n")
    fresh = tmp_path / "fresh"
    fresh.touch()
    assert path.read_text(encoding="utf-8") == "new é\n"
    assert path.stat().st_mode == fresh.stat().st_mode
    assert sorted(p.name for p in tmp_path.iterdir()) == ["fresh", "out.md"]


def test_failed_write_keeps_the_old_file(tmp_path: Path) -> None:
    """A target that cannot be replaced is named; nothing is left behind."""
    (tmp_path / "out.md").mkdir()
    (tmp_path / "out.md" / "x").touch()
    with pytest.raises(ResourceError, match="the summary is kept in the library"):
        write_atomically(tmp_path / "out.md", "new")
    assert [p.name for p in tmp_path.iterdir()] == ["out.md"]


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The half-written text is gone, the old one stays, and the sentence says what became of the work."""
    path = tmp_path / "talk.json"
    path.write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResourceError, match="the disk is full\\); the conversation stays") as caught:
        write_atomically(path, "new", kept="the conversation stays where it is")
    assert caught.value.code == "disk-full"
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("talk.json", "old")]


def test_the_size_of_a_file(tmp_path: Path) -> None:
    """Of a file only: what stands in its place may have no end to be read to."""
    (tmp_path / "a").write_bytes(b"12345")
    assert regular_size(tmp_path / "a") == 5
    with pytest.raises(ValueError, match="it is not a file"):
        regular_size(tmp_path)
    with pytest.raises(FileNotFoundError):
        regular_size(tmp_path / "b")
