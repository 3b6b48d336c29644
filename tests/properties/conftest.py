"""Tokenizers of both kinds with their chat templates."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.inference.chat_template import CHATML, GEMMA, JinjaChatTemplate, load_chat_template
from app.inference.tokenizers.base import load_tokenizer
from tests.gemma_layout import TEMPLATE, gemma_model, write_published
from tests.properties.listener import Speech


@pytest.fixture(scope="session")
def speeches(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Speech]:
    """The starter's tokenizer with its own template and plain ChatML, one of Gemma's layout with both of Gemma's, and
    the same for a base model, which completes text."""
    folder = write_published(tmp_path_factory.mktemp("gemma") / "2b-it", gemma_model(), chat_template=TEMPLATE)
    starter, gemma = load_tokenizer(starter_model_path), load_tokenizer(folder)
    own, published = load_chat_template(starter_model_path, starter), load_chat_template(folder, gemma)
    base = write_published(tmp_path_factory.mktemp("base") / "recurrentgemma-2b", gemma_model(), chat_template=None)
    return {
        "starter": Speech(starter, own),
        "chatml": Speech(starter, JinjaChatTemplate(CHATML, starter, own.stop_ids)),
        "gemma": Speech(gemma, published),
        "gemma-built-in": Speech(gemma, JinjaChatTemplate(GEMMA, gemma, published.stop_ids)),
        "gemma-base": Speech(load_tokenizer(base), load_chat_template(base, load_tokenizer(base))),
    }
