"""The user's settings: one frozen value, read once at start from `settings.toml` in the data folder."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from app.core.errors import StorageError, UserError, lacks_disk
from app.core.whole_file import regular_size, replace_file

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults of the program; a line in `settings.toml` overrides one, an option on the command line both."""

    model: str = "starter"
    """Name of the model to load."""
    models_dir: str = ""
    """Folder whose sub-folders are models; "" is the one in the data folder."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    weight_format: str = "auto"
    """auto, float32, bfloat16 or int8."""
    threads: int = 0
    """CPU threads of the engine; 0 leaves the choice to it."""
    default_style: str = ""
    """How a summary is written unless said otherwise: brief, detailed or key-passages; "" is what suits the model."""
    system_prompt: str = "You are a helpful assistant. Answer clearly and briefly."
    """What a model that converses is told before the first turn; "" tells it nothing."""
    temperature: float = 0.6
    """Of chat; 0 takes the likeliest token each time."""
    top_p: float = 0.9
    """Of chat: the likeliest tokens that together have this probability are drawn from; 1 is no limit."""
    top_k: int = 0
    """Of chat: so many of the likeliest tokens are drawn from; 0 is no limit."""
    repetition_penalty: float = 1.1
    """Of chat; 1 is no penalty."""
    snapshot_interval_s: float = 10.0
    """Least time between two bookmarks on disk while a document is read."""
    snapshot_budget_bytes: int = 2048 * MIB
    """Room for saved states on disk; bookmarks are thinned first, ends of documents and of conversations go last."""
    encoder: str = ""
    """Finds passages by meaning: a folder with a model, off, or "" for the one that the extra `dense` installs."""
    offline: bool = True
    """Nothing leaves the machine but a model download that the user starts."""
    scheme: str = "system"
    """Colours of the window: system, light, dark or high-contrast."""
    text_scale: float = 1.0
    """Size of the window's text as a multiple of the system's."""
    language: str = ""
    """Of the window: en or de; "" is the system's."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""


CHOICES: Mapping[str, tuple[str, ...]] = {
    "default_style": ("", "brief", "detailed", "key-passages"),
    "scheme": ("system", "light", "dark", "high-contrast"),
    "language": ("", "en", "de"),
    "log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
}
"""Settings that are one of a few words."""

RANGES: Mapping[str, tuple[float, float]] = {
    "threads": (0, 4096),
    "top_k": (0, 1 << 24),
    "snapshot_interval_s": (0.0, 1e9),
    "snapshot_budget_bytes": (0, (1 << 63) - 1),
    "temperature": (0.0, 5.0),
    "top_p": (0.01, 1.0),
    "repetition_penalty": (0.1, 5.0),
    "text_scale": (0.75, 2.5),
}
"""Least and greatest value of every setting that is a number."""

MAX_PROMPT_CHARACTERS = 20_000
"""Of the system prompt, which every conversation begins with."""

MAX_FILE_BYTES = 1 << 18
"""Of the settings file: several times a system prompt of that length with every character written as an escape."""

# Settings have plain names. Python's reader takes memory that grows with the square of a dotted name's parts.
# Begins at a dot: with blanks before it, a line of nothing else would be looked through from each of them on.
_DOTTED = re.compile(r"""(?:\.[ \t]*(?:[\w-]{1,40}|"[^"\n]{0,40}"|'[^'\n]{0,40}')[ \t]*){64}""")


def load_settings(path: Path) -> Settings:
    """Settings from a TOML file; the defaults where there is none. UserError names the line at fault."""
    return _settings_of(path, _text_of(path))


def save_settings(path: Path, changes: Mapping[str, object]) -> Settings:
    """Change lines of a settings file, keeping its order and comments, and return what it now says.

    A value that is the default is written only where the file has a line for it. UserError where a value or a line of
    the file is wrong; StorageError where the file cannot be written. In both cases the file stays as it was.
    """
    # 40 ms that no other command need spend.
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    text = _text_of(path)
    _settings_of(path, text)
    try:
        lines = tomlkit.parse(text)
    except TOMLKitError as error:
        raise UserError(f"the settings file {path} is not valid TOML: {error}", code="settings") from error
    defaults = Settings()
    for name, value in changes.items():
        checked = check_setting(name, value)
        if name in lines or checked != getattr(defaults, name):
            lines[name] = checked
    changed = lines.as_string()
    settings = _settings_of(path, changed)
    if changed != text:
        try:
            replace_file(path, changed.encode("utf-8"))
        except OSError as error:
            raise StorageError(
                f"the settings file {path} cannot be written ({error.strerror or error}); "
                f"{'make room on the disk' if lacks_disk(error) else 'make its folder writable'} and save again",
                code="disk-full" if lacks_disk(error) else "settings",
            ) from error
    return settings


def check_setting(name: str, value: object) -> Any:
    """The value in the type of the setting's default, or UserError in one sentence that names what was expected."""
    defaults = {field.name: field.default for field in fields(Settings)}
    if name not in defaults:
        raise _wrong(f"an unknown name {name!r:.60}; known are {', '.join(sorted(defaults))}")
    if isinstance(value, int) and abs(value) >= 1 << 64:  # neither a float nor, with enough digits, a text
        raise _wrong(f"{name} = a number of {value.bit_length()} bits, expected one of at most 64")
    wanted = type(defaults[name])
    if wanted is float and type(value) is int:
        value = float(value)
    # type(), not isinstance: `threads = true` is a mistake although bool is an int in Python.
    if type(value) is not wanted:
        raise _wrong(f"{name} = {_shown(value)}, expected a value of type {wanted.__name__}")
    if isinstance(value, str):
        _check_text(name, value)
    elif name in RANGES:
        least, greatest = RANGES[name]
        # Not "outside": nan, which is no number, is neither below nor above.
        if not (isinstance(value, int | float) and least <= value <= greatest):
            raise _wrong(f"{name} = {value!s:.40}, expected {least:g} to {greatest:g}")
    return value


def _check_text(name: str, value: str) -> None:
    if name in CHOICES and value not in CHOICES[name]:
        choices = ", ".join(choice or '""' for choice in CHOICES[name])
        raise _wrong(f"{name} = {value!r:.40}, expected one of {choices}")
    if not value and name in ("model", "device", "weight_format"):
        raise _wrong(f"{name} = '', expected a name")
    if name == "system_prompt" and len(value) > MAX_PROMPT_CHARACTERS:
        raise _wrong(f"{name} of {len(value)} characters, expected at most {MAX_PROMPT_CHARACTERS}")
    # Names of files may hold what no text file can.
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        raise _wrong(f"{name} = {value!r:.200}, expected characters that can be written as UTF-8")
    # They end up in paths, which no system lets hold one.
    if "\0" in value:
        raise _wrong(f"{name} = {value!r:.200}, expected no NUL character")


def _shown(value: object) -> str:
    """A value from the file, short enough for one line."""
    return f"a {type(value).__name__}" if isinstance(value, dict | list) else f"{value!r:.60}"


def _wrong(what: str) -> UserError:
    return UserError(what, code="settings")


def _text_of(path: Path) -> str:
    """The file as it stands, line ends included; empty where there is none."""
    try:
        if (nbytes := regular_size(path)) > MAX_FILE_BYTES:
            raise ValueError(f"it has {nbytes:,} bytes, expected at most {MAX_FILE_BYTES:,}")
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        raise UserError(f"the settings file {path} cannot be read ({error})", code="settings") from error


def _settings_of(path: Path, text: str) -> Settings:
    try:
        if _DOTTED.search(text):
            raise ValueError("a name of more than 64 parts")
        values = tomllib.loads(text)
    # Numbers of thousands of digits, and brackets in brackets, are no TOMLDecodeError.
    except (ValueError, RecursionError) as error:
        found = " ".join(str(error).split())[:200]
        raise UserError(f"the settings file {path} is not valid TOML: {found}", code="settings") from error
    try:
        return Settings(**{name: check_setting(name, value) for name, value in values.items()})
    except UserError as error:
        raise _wrong(f"the settings file {path} has {error.message}") from None
