from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from app.cli.output import check_writable, clean, one_line, print_json, write_atomically
from app.core.errors import ResourceError, UserError


def test_control_characters_are_left_out() -> None:
    """Escape sequences of a document cannot steer the terminal; line ends and tabs stay."""
    assert clean("a\x1b[31mb\x07\x9b\u0085c\n\td é 中") == "a[31mbc\n\td é 中"
    assert one_line("a\n\n  b\tc ") == "a b c"


def test_json_is_one_object() -> None:
    """What is printed parses back, whatever characters it holds."""
    stream = io.StringIO()
    print_json(stream, {"a": "é\u2028\x1b[2J\x7f\x9b2J"})
    assert json.loads(stream.getvalue()) == {"a": "é\u2028\x1b[2J\x7f\x9b2J"}
    assert not {"\x1b", "\x7f", "\x9b"} & set(stream.getvalue())  # and the terminal obeys none of them


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


def test_out_is_checked_before_the_work(tmp_path: Path) -> None:
    """A folder, a missing folder, and the document itself cannot be the result."""
    source = tmp_path / "a.txt"
    source.write_text("text")
    check_writable(tmp_path / "new.md", source=source)
    for path, message in (
        (tmp_path, "is a folder; name a file"),
        (tmp_path / "no" / "b.md", "there is no folder"),
        (tmp_path / "." / "a.txt", "is the document itself"),
        (Path("/dev/null"), "is a device or pipe"),
        (tmp_path / ("a" * 300), "File name too long"),
    ):
        with pytest.raises(UserError, match=message):
            check_writable(path, source=source)
    assert source.read_text() == "text"
