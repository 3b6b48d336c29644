"""Cache files: what is damaged is missing, what cannot be written is no error."""

from pathlib import Path

import pytest

from app.inference.cache_file import read_cache, write_cache


def test_what_was_written_is_read(tmp_path: Path) -> None:
    """Into a folder that is made on the way; nothing else is left there."""
    path = tmp_path / "deep" / "cache.json"
    write_cache(path, {"a": {"b": 1}})
    assert read_cache(path) == {"a": {"b": 1}}
    assert [p.name for p in path.parent.iterdir()] == ["cache.json"]


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_damage_reads_as_empty(content: bytes, tmp_path: Path) -> None:
    """Empty, cut, another kind of value, no UTF-8, nested without end."""
    (tmp_path / "cache.json").write_bytes(content)
    assert read_cache(tmp_path / "cache.json") == {}


def test_no_place_is_no_error(tmp_path: Path) -> None:
    """No cache folder at all, and a file where the folder should be."""
    assert read_cache(None) == {}
    (tmp_path / "file").write_text("")
    write_cache(tmp_path / "file" / "cache.json", {"a": 1})
    assert read_cache(tmp_path / "file" / "cache.json") == {}
