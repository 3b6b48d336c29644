"""Tokenizer and template, found where they lie whatever path the model was given by."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app.core.errors import CheckpointError
from app.inference.generator import Message
from app.inference.tokenizers.base import load_tokenizer
from app.worker.text_side import TextSide

TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


@pytest.fixture
def folder(tmp_path: Path, starter_model_path: Path) -> Path:
    """What belongs to a model, without weights: they are not looked into."""
    for name in TOKENIZER:
        shutil.copy(starter_model_path / name, tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("weights", "given"),
    [
        ("model.safetensors", ""),
        ("model.safetensors", "model.safetensors"),
        ("mine.pt", "mine.pt"),
        ("mine.pt", ""),
        ("numbers/manifest.ocdbt", "numbers"),
        ("numbers/manifest.ocdbt", ""),
    ],
)
def test_beside_the_weights(folder: Path, weights: str, given: str) -> None:
    """Of a folder, of a file of weights, and of the folder of numbers that Flax's files are."""
    (folder / weights).parent.mkdir(exist_ok=True)
    (folder / weights).write_bytes(b"")
    side = TextSide(folder / given)
    side.start()
    assert side.tokenizer.content_hash == load_tokenizer(folder).content_hash
    assert side.template.is_chat and side.template.render([Message("user", "Ahoy")], fresh=True)


def test_what_is_missing_is_told_to_whoever_asks(tmp_path: Path) -> None:
    """And to each that asks later."""
    side = TextSide(tmp_path)
    for _ in range(2):
        with pytest.raises(CheckpointError, match=r"holds no config\.json"):
            _ = side.tokenizer
