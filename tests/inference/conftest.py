"""Fixtures of the inference tests: the starter's tokenizer, and one of Gemma's kind, small enough to train here."""

from collections.abc import Callable
from pathlib import Path

import pytest

from app.inference.tokenizers.base import Tokenizer, load_tokenizer
from tests.gemma_layout import gemma_model, train, write_published

GEMMA_SYMBOLS = [
    "<mask>",
    "[@BOS@]",
    "<unused0>",
    "<unused10>",
    "<start_of_turn>",
    "<end_of_turn>",
    "\n",
    "\n\n",
    "▁▁",
    "<h1>",
    "</h1>",
]
LINES = [
    "The state of the model has a fixed size, however long the document is.",
    "A user asks a question and the model answers it from the pages it has read.",
    "user model user model system turn of start end unused",
    "Moby Dick, the white whale; Ishmael, Ahab, Queequeg and Starbuck.",
]


def train_gemma_like(folder: Path, *, normalization: str = "identity", dummy_prefix: bool = False) -> Path:
    """Train a SentencePiece BPE laid out as Gemma's (pad 0, eos 1, bos 2, unk 3, markers, bytes) into the folder."""
    model = train(
        LINES,
        GEMMA_SYMBOLS,
        vocab_size=400,
        normalization_rule_name=normalization,
        add_dummy_prefix=dummy_prefix,
        remove_extra_whitespaces=dummy_prefix,
    )
    (folder / "tokenizer.model").write_bytes(model)
    return folder


@pytest.fixture(scope="session")
def starter_tokenizer(starter_model_path: Path) -> Tokenizer:
    """The starter model's own tokenizer."""
    return load_tokenizer(starter_model_path)


@pytest.fixture(scope="session")
def train_tokenizer() -> Callable[..., Path]:
    """The function that trains a tokenizer of Gemma's kind, for tests that want another normaliser."""
    return train_gemma_like


@pytest.fixture(scope="session")
def gemma_like_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that holds only a tokenizer of Gemma's kind, named as DeepMind names an instruction-tuned one."""
    folder = tmp_path_factory.mktemp("models") / "2b-it"
    folder.mkdir()
    return train_gemma_like(folder)


@pytest.fixture(scope="session")
def gemma_like(gemma_like_folder: Path) -> Tokenizer:
    """That tokenizer."""
    return load_tokenizer(gemma_like_folder)


@pytest.fixture(scope="session")
def gemma_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tokenizer files of a base model as published, with Gemma's special tokens at their real ids."""
    return write_published(tmp_path_factory.mktemp("gemma") / "recurrentgemma-2b", gemma_model(), chat_template=None)


@pytest.fixture(scope="session")
def gemma(gemma_folder: Path) -> Tokenizer:
    """That tokenizer."""
    return load_tokenizer(gemma_folder)
