from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.worker.client import EngineClient, ModelSpec
from tests.checkpoints import random_tensors, raw_config, write_checkpoint

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


@pytest.fixture(scope="session")
def tiny_model(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model with the starter's tokenizer and template."""
    raw = raw_config("starter", vocab_size=49_152, attention_window_size=64)
    folder = write_checkpoint(tmp_path_factory.mktemp("worker") / "tiny", raw, random_tensors(raw))
    for name in TOKENIZER_FILES:
        shutil.copy(starter_model_path / name, folder)
    return folder


@pytest.fixture(scope="module")
def shared_client(tiny_model: Path) -> Iterator[EngineClient]:
    """One worker for all tests that leave it alive."""
    client = EngineClient(ModelSpec(tiny_model, "tiny", device="cpu"))
    client.start()
    yield client
    client.close()


@pytest.fixture
def new_client(tiny_model: Path) -> Iterator[Callable[..., EngineClient]]:
    """Clients of the test's own, closed at its end."""
    made: list[EngineClient] = []

    def make(path: Path = tiny_model, **options: object) -> EngineClient:
        spec = ModelSpec(path, "tiny", device="cpu")
        made.append(EngineClient(spec, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for client in made:
        client.close()
