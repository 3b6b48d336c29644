"""JSON files of a model's folder: read where sound, one clear error otherwise, never a wait without end."""

import os
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference import json_file
from app.inference.json_file import read_json_object


def test_object_is_read(tmp_path: Path) -> None:
    """An object comes back as a dict, an absent file as None."""
    path = tmp_path / "a.json"
    path.write_text('{"ä": [1, 2.5, null]}', encoding="utf-8")
    assert read_json_object(path) == {"ä": [1, 2.5, None]}
    assert read_json_object(tmp_path / "b.json") is None


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "Expecting value"),
        (b'{"a": ', "Expecting value"),
        (b"\xff\xfe\x00", "utf-8"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[1]", "holds a JSON list, expected an object"),
        (b"null", "holds a JSON NoneType, expected an object"),
        (b'{"a": ' + b"9" * 5000 + b"}", "digits"),
    ],
    ids=["empty", "cut", "binary", "nested", "list", "null", "long number"],
)
def test_damaged_file_is_named(content: bytes, reason: str, tmp_path: Path) -> None:
    """What is no JSON object is refused in one line that names the file."""
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=reason) as caught:
        read_json_object(path)
    assert caught.value.message.startswith(str(path)) and "\n" not in caught.value.message


def test_pipe_and_folder_are_refused(tmp_path: Path) -> None:
    """A named pipe would be waited for without end; a folder has no text."""
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "folder.json").mkdir()
    for name in ("pipe.json", "folder.json"):
        with pytest.raises(CheckpointError, match=f"{name} cannot be read as JSON .it is not a file"):
            read_json_object(tmp_path / name)


def test_enormous_file_is_not_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is looked at before the content."""
    monkeypatch.setattr(json_file, "MAX_BYTES", 10)
    (tmp_path / "a.json").write_text('{"a": "0123456789"}')
    with pytest.raises(CheckpointError, match="it has 19 bytes, expected 10 at most"):
        read_json_object(tmp_path / "a.json")
