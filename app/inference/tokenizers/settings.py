"""The small JSON files beside a model's weights: which tokens begin and end a sequence, and whether BOS comes first."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.inference.config import CONFIG_FILE
from app.inference.json_file import read_json_object


@dataclass(frozen=True, slots=True)
class TokenizerSettings:
    """What `tokenizer_config.json`, `generation_config.json` and `config.json` say; None where they say nothing."""

    bos_token: str | None
    eos_token: str | None
    bos_id: int | None
    eos_ids: tuple[int, ...]
    add_bos: bool | None


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file; an empty one where there is no such file. Raises CheckpointError when damaged."""
    return read_json_object(path) or {}


def read_tokenizer_settings(folder: Path) -> TokenizerSettings:
    """Gather the settings of a model's folder. Raises CheckpointError when a file is damaged."""
    tokenizer = read_json(folder / "tokenizer_config.json")
    generation = read_json(folder / "generation_config.json")
    model = read_json(folder / CONFIG_FILE)
    add_bos = tokenizer.get("add_bos_token")
    return TokenizerSettings(
        bos_token=_token_text(tokenizer.get("bos_token")),
        eos_token=_token_text(tokenizer.get("eos_token")),
        bos_id=next(iter(_ids(model.get("bos_token_id"))), None),
        # Both lists count: Gemma's config.json names 1 alone where generation_config.json may name 1 and 107.
        eos_ids=tuple(dict.fromkeys(_ids(model.get("eos_token_id")) + _ids(generation.get("eos_token_id")))),
        add_bos=add_bos if isinstance(add_bos, bool) else None,
    )


def _token_text(value: object) -> str | None:
    """A token is written as a string, or as an object with its `content`."""
    text = value.get("content") if isinstance(value, dict) else value
    return text if isinstance(text, str) else None


def _ids(value: object) -> list[int]:
    """An id is written as a number, or as a list of numbers."""
    values = value if isinstance(value, list) else [value]
    return [v for v in values if isinstance(v, int) and not isinstance(v, bool)]
