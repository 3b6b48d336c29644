"""The user's settings: one frozen value, read once at start from `settings.toml` in the data folder."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from app.core.errors import UserError

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Settings:
    """Defaults of the program; a line in `settings.toml` overrides one, an option on the command line both."""

    model: str = "starter"
    """Name of the model to load."""
    device: str = "auto"
    """auto, cpu, cuda or mps."""
    weight_format: str = "auto"
    """auto, float32, bfloat16 or int8."""
    threads: int = 0
    """CPU threads of the engine; 0 leaves the choice to it."""
    snapshot_interval_s: float = 10.0
    """Least time between two bookmarks on disk while a document is read."""
    snapshot_budget_bytes: int = 2048 * MIB
    """Room for saved states on disk; bookmarks are thinned first, ends of documents and of conversations go last."""
    encoder: str = ""
    """Finds passages by meaning: a folder with a model, off, or "" for the one that the extra `dense` installs."""
    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""


_CHOICES = {"log_level": ("DEBUG", "INFO", "WARNING", "ERROR")}


def load_settings(path: Path) -> Settings:
    """Settings from a TOML file; the defaults where there is none. UserError names the line at fault."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the settings file {path} cannot be read ({error})", code="settings") from error
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"the settings file {path} is not valid TOML: {error}", code="settings") from error
    return Settings(**{name: _checked(path, name, value) for name, value in values.items()})


def _checked(path: Path, name: str, value: object) -> Any:
    """The value in the type of the setting's default, or UserError."""
    defaults = {field.name: field.default for field in fields(Settings)}
    if name not in defaults:
        raise UserError(
            f"the settings file {path} has an unknown name {name!r}; known are {', '.join(sorted(defaults))}",
            code="settings",
        )
    wanted = type(defaults[name])
    if wanted is float and type(value) is int:
        value = float(value)
    # type(), not isinstance: `threads = true` is a mistake although bool is an int in Python.
    if type(value) is not wanted:
        raise UserError(
            f"the settings file {path} has {name} = {value!r}, expected a value of type {wanted.__name__}",
            code="settings",
        )
    if isinstance(value, int | float) and value < 0:
        raise UserError(f"the settings file {path} has {name} = {value}, expected 0 or more", code="settings")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UserError(
            f"the settings file {path} has {name} = {value!r}, expected one of {', '.join(_CHOICES[name])}",
            code="settings",
        )
    return value
