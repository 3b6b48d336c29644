from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from app.cli.output import check_writable, print_json, write_line
from app.core.errors import UserError


def test_json_is_one_object() -> None:
    """What is printed parses back, whatever characters it holds."""
    stream = io.StringIO()
    print_json(stream, {"a": "é\u2028\x1b[2J\x7f\x9b2J"})
    assert json.loads(stream.getvalue()) == {"a": "é\u2028\x1b[2J\x7f\x9b2J"}
    assert not {"\x1b", "\x7f", "\x9b"} & set(stream.getvalue())  # and the terminal obeys none of them


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


def test_a_line_keeps_what_leads_it() -> None:
    """And nothing else that would steer the terminal or begin another line."""
    stream = io.StringIO()
    write_line(stream, "    a\x1b[2J title\nof two  lines")
    assert stream.getvalue() == "    a[2J title of two lines\n"
