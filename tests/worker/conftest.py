from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.worker.client import EngineClient, ModelSpec
from tests.checkpoints import random_tensors, raw_config, write_chat_model


@pytest.fixture(scope="session")
def tiny_model(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny random model with the starter's tokenizer and template."""
    raw = raw_config("starter", vocab_size=49_152, attention_window_size=64)
    return write_chat_model(tmp_path_factory.mktemp("worker") / "tiny", starter_model_path, raw, random_tensors(raw))


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
