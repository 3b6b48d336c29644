from __future__ import annotations

from pathlib import Path

import pytest

from app.core.errors import UserError
from app.core.settings import Settings, load_settings


def test_no_file_gives_the_defaults(tmp_path: Path) -> None:
    """A settings file need not exist."""
    assert load_settings(tmp_path / "settings.toml") == Settings()


def test_lines_override_defaults(tmp_path: Path) -> None:
    """Each line overrides one default; a whole number serves where seconds are a fraction."""
    file = tmp_path / "settings.toml"
    file.write_text('model = "mine"\nthreads = 3\nsnapshot_interval_s = 5\n')
    assert load_settings(file) == Settings(model="mine", threads=3, snapshot_interval_s=5.0)


def test_the_encoder_is_the_installed_one_unless_named(tmp_path: Path) -> None:
    """Nothing named is "", off and a folder are taken as they stand."""
    file = tmp_path / "settings.toml"
    file.write_text('encoder = "~/models/multilingual"\n')
    assert Settings().encoder == ""
    assert load_settings(file).encoder == "~/models/multilingual"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("colour = 1", "unknown name 'colour'; known are device, encoder, log_level, model,"),
        ("threads = true", "threads = True, expected a value of type int"),
        ("encoder = false", "encoder = False, expected a value of type str"),
        ('threads = "2"', "threads = '2', expected a value of type int"),
        ("threads = -1", "threads = -1, expected 0 or more"),
        ('log_level = "LOUD"', "log_level = 'LOUD', expected one of DEBUG, INFO, WARNING, ERROR"),
        ("threads = ", "is not valid TOML"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    """A mistake names the file, the line's name, what was found and what was expected."""
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        load_settings(file)
    assert message in caught.value.message
    assert str(file) in caught.value.message


def test_bytes_that_are_no_text_are_a_user_error(tmp_path: Path) -> None:
    """A settings file that is not UTF-8 is named, not a traceback."""
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        load_settings(file)
