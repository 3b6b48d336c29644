from __future__ import annotations

import os
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from app.core.errors import StorageError, UserError
from app.core.settings import MAX_PROMPT_CHARACTERS, Settings, check_setting, load_settings, save_settings


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
        ("colour = 1", "unknown name 'colour'; known are default_style, device, encoder, language,"),
        ("threads = true", "threads = True, expected a value of type int"),
        ("encoder = false", "encoder = False, expected a value of type str"),
        ('threads = "2"', "threads = '2', expected a value of type int"),
        ("threads = -1", "threads = -1, expected 0 to 4096"),
        ('log_level = "LOUD"', "log_level = 'LOUD', expected one of DEBUG, INFO, WARNING, ERROR"),
        ("threads = ", "is not valid TOML"),
        ('scheme = "sepia"', "scheme = 'sepia', expected one of system, light, dark, high-contrast"),
        ('language = "fr"', "language = 'fr', expected one of \"\", en, de"),
        ("text_scale = 9", "text_scale = 9.0, expected 0.75 to 2.5"),
        ("top_p = 0", "top_p = 0.0, expected 0.01 to 1"),
        ("temperature = nan", "temperature = nan, expected 0 to 5"),
        ("snapshot_interval_s = nan", "snapshot_interval_s = nan, expected 0 to 1e+09"),
        ('offline = "no"', "offline = 'no', expected a value of type bool"),
        ('device = ""', "device = '', expected a name"),
        ("threads = 99999999999999999999", "threads = a number of 67 bits"),
        ("threads = 0x" + "f" * 5000, "threads = a number of 20000 bits"),
        ("threads = " + "9" * 5000, "is not valid TOML: Exceeds the limit"),
        ("snapshot_interval_s = 1" + "0" * 400, "snapshot_interval_s = a number of"),
        ("snapshot_interval_s = inf", "snapshot_interval_s = inf, expected 0 to 1e+09"),
        ("threads = " + "[" * 3000, "is not valid TOML"),
        ("threads = [[[1]]]", "threads = a list, expected a value of type int"),
        ("a" + " . a" * 40_000 + " = 1", "a name of more than 64 parts"),
        ("#" * 300_000, "it has 300,000 bytes, expected at most 262,144"),
        ('model = "a\\u0000b"', "expected no NUL character"),
    ],
    ids=lambda value: value[:40],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, message: str) -> None:
    """A mistake names the file, the line's name, what was found and what was expected."""
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(UserError) as caught:
        load_settings(file)
    assert message in caught.value.message
    assert str(file) in caught.value.message
    assert "\n" not in caught.value.message and len(caught.value.message) < 600


def test_a_prompt_full_of_stops_is_no_long_name(tmp_path: Path) -> None:
    """What stands in a text may look like a dotted name."""
    file = tmp_path / "settings.toml"
    prompt = "Say. It. In. Short. Sentences... " * 300
    file.write_text(f'system_prompt = "{prompt}"')
    assert load_settings(file).system_prompt == prompt


def test_blanks_without_end_are_soon_read(tmp_path: Path) -> None:
    """Each would else be looked through from each of them on."""
    file = tmp_path / "settings.toml"
    file.write_text("threads = 4" + " " * 200_000 + "# the end")
    started = time.process_time()
    assert load_settings(file).threads == 4
    assert time.process_time() - started < 5.0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes in this system's folders")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A named pipe in place of the settings file would be read without end."""
    os.mkfifo(tmp_path / "settings.toml")
    with pytest.raises(UserError, match=r"cannot be read .it is not a file"):
        load_settings(tmp_path / "settings.toml")


def test_bytes_that_are_no_text_are_a_user_error(tmp_path: Path) -> None:
    """A settings file that is not UTF-8 is named, not a traceback."""
    file = tmp_path / "settings.toml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="cannot be read"):
        load_settings(file)


def test_every_default_is_a_value_that_may_be_set() -> None:
    """Each default passes its own check."""
    assert {name: check_setting(name, value) for name, value in asdict(Settings()).items()} == asdict(Settings())


def test_chat_is_as_it_was_before_it_could_be_set() -> None:
    """The defaults of chat are those that the chat task was measured with."""
    from app.tasks.chat import CHAT_SAMPLING, SYSTEM_PROMPT

    settings = Settings()
    assert settings.system_prompt == SYSTEM_PROMPT
    assert (settings.temperature, settings.top_p, settings.top_k, settings.repetition_penalty) == (
        CHAT_SAMPLING.temperature,
        CHAT_SAMPLING.top_p,
        CHAT_SAMPLING.top_k,
        CHAT_SAMPLING.repetition_penalty,
    )


def test_saving_keeps_comments_order_and_spacing(tmp_path: Path) -> None:
    """Only the lines named change; a new line goes to the end, also after a last line without its end."""
    file = tmp_path / "settings.toml"
    file.write_text('# mine\nthreads = 3   # cores I can spare\n\nmodel   = "big"')
    saved = save_settings(file, {"threads": 6, "text_scale": 1.5})
    assert file.read_text() == '# mine\nthreads = 6   # cores I can spare\n\nmodel   = "big"\ntext_scale = 1.5\n'
    assert saved == load_settings(file) == Settings(threads=6, model="big", text_scale=1.5)


def test_windows_line_ends_stay(tmp_path: Path) -> None:
    """A file with carriage returns keeps them."""
    file = tmp_path / "settings.toml"
    file.write_bytes(b'# mine\r\nmodel = "a"\r\n')
    save_settings(file, {"model": "b"})
    assert file.read_bytes() == b'# mine\r\nmodel = "b"\r\n'


def test_a_default_is_written_only_over_another_value(tmp_path: Path) -> None:
    """What is the default needs no line, unless the file has one that says otherwise."""
    file = tmp_path / "settings.toml"
    file.write_text("threads = 3\n")
    save_settings(file, {"threads": 0, "offline": True, "scheme": "system"})
    assert file.read_text() == "threads = 0\n"


def test_nothing_to_change_makes_no_file(tmp_path: Path) -> None:
    """Defaults alone leave no trace."""
    assert save_settings(tmp_path / "settings.toml", {"offline": True}) == Settings()
    assert list(tmp_path.iterdir()) == []


def test_any_text_survives(tmp_path: Path) -> None:
    """Quotes, line ends, backslashes and other scripts come back as they were."""
    prompt = 'Say "yes" \\ or\n\tno\r\n\x07 \u00fc \u4f60 \U0001f333 \'\'\' """'
    assert save_settings(tmp_path / "settings.toml", {"system_prompt": prompt}).system_prompt == prompt


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"temperature": 9}, "temperature = 9.0, expected 0 to 5"),
        ({"colour": "red"}, "an unknown name 'colour'"),
        ({"threads": 4, "default_style": "long"}, "default_style = 'long', expected one of \"\", brief, detailed,"),
        ({"models_dir": os.fsdecode(b"/m\xff")}, "expected characters that can be written as UTF-8"),
        ({"system_prompt": "x" * (MAX_PROMPT_CHARACTERS + 1)}, "of 20001 characters, expected at most 20000"),
    ],
)
def test_a_bad_change_leaves_the_file(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    """All changes are written, or none is."""
    file = tmp_path / "settings.toml"
    file.write_text("threads = 3\n")
    with pytest.raises(UserError) as caught:
        save_settings(file, changes)
    assert message in caught.value.message
    assert file.read_text() == "threads = 3\n"


def test_a_damaged_file_is_not_written_over(tmp_path: Path) -> None:
    """What the user has in the file stays his even where it is wrong."""
    file = tmp_path / "settings.toml"
    file.write_text("threads = many\n")
    with pytest.raises(UserError, match="not valid TOML"):
        save_settings(file, {"threads": 4})
    assert file.read_text() == "threads = many\n"


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """One sentence with the next step; nothing is left behind."""
    with pytest.raises(StorageError, match=r"cannot be written \(.*\); make its folder writable and save again"):
        save_settings(tmp_path / "gone" / "settings.toml", {"threads": 4})


@pytest.mark.parametrize("text", ["x = " + "[" * 100_000, "threads = " + "9" * 10_000])
def test_what_the_parser_itself_fails_on_is_told(tmp_path: Path, text: str) -> None:
    """Brackets in brackets, and numbers without end; the file stays."""
    file = tmp_path / "settings.toml"
    file.write_text(text)
    with pytest.raises(UserError, match="not valid TOML"):
        load_settings(file)
    with pytest.raises(UserError, match="not valid TOML"):
        save_settings(file, {"threads": 4})
    assert file.read_text() == text
