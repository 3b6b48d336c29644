"""The door to a model: a real worker process that loads the starter model while something else is done."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.core.errors import CheckpointError, WorkerLostError
from app.core.threads import BACKGROUND_NICENESS
from app.services.engine import EngineOptions, ModelLoader
from app.services.models import InstalledModel
from app.worker.client import EngineClient
from app.worker.messages import Heartbeat
from tests.checkpoints import random_tensors, raw_config, write_chat_model

OPTIONS = EngineOptions(device="cpu", weight_format="auto", threads=1, background=True)
WAIT_S = 60


@pytest.fixture(scope="module")
def model(starter_model_path: Path, tmp_path_factory: pytest.TempPathFactory) -> InstalledModel:
    """A tiny random model with the starter's tokenizer and template."""
    raw = raw_config("starter", vocab_size=49_152, attention_window_size=64)
    path = tmp_path_factory.mktemp("engine") / "tiny"
    return InstalledModel("tiny", write_chat_model(path, starter_model_path, raw, random_tensors(raw)), "path")


@pytest.fixture(scope="module")
def cache_dir() -> Path:
    """The machine code that all tests share."""
    return Path(os.environ["GRIFFIN_DESK_CACHE_DIR"])


@pytest.fixture(scope="module")
def loader(model: InstalledModel, cache_dir: Path) -> Iterator[ModelLoader]:
    """Begun once for all tests that leave it alive."""
    begun = ModelLoader(model, OPTIONS, cache_dir)
    begun.start()
    yield begun
    begun.close()


def test_the_model_that_was_asked_for(loader: ModelLoader, model: InstalledModel) -> None:
    """`result` is the generator that was there all along; what is asked of that before waits."""
    generator = loader.generator
    assert generator.info.name == "tiny" and loader.model is model
    assert loader.result() is generator
    state = generator.new_state()
    generator.read(state, generator.tokenize("Rivers flow."))
    assert generator.position(state) > 0
    generator.drop(state)


def test_what_it_runs_on(loader: ModelLoader, cache_dir: Path) -> None:
    """With the place where the choice of kernels is kept."""
    facts = loader.facts()
    assert facts["kernels"]["kept in"] == str(cache_dir)
    assert {"torch", "memory"} <= set(facts)


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of threads is Linux's")
def test_in_the_background(loader: ModelLoader) -> None:
    """The worker's process goes behind this one where both want the processor."""
    assert isinstance(client := loader.result(), EngineClient)
    assert psutil.Process(client.pid).nice() == max(BACKGROUND_NICENESS, psutil.Process().nice())


def test_the_heart_is_heard(model: InstalledModel, cache_dir: Path) -> None:
    """Each beat is given on, from a thread of the worker's, until it is closed."""
    beat, threads = threading.Event(), []

    def hear(heartbeat: Heartbeat) -> None:
        threads.append(threading.current_thread())
        beat.set()

    begun = ModelLoader(model, EngineOptions("cpu", "float32", 0), cache_dir, on_heartbeat=hear)
    begun.start()
    try:
        assert begun.result().info.weight_format == "float32"
        assert beat.wait(WAIT_S)
    finally:
        begun.close()
    assert threading.main_thread() not in threads


def test_a_model_that_cannot_be_loaded(model: InstalledModel, cache_dir: Path, tmp_path: Path) -> None:
    """`result` raises what loading raised."""
    broken = ModelLoader(InstalledModel("none", tmp_path, "path"), OPTIONS, cache_dir)
    broken.start()
    try:
        with pytest.raises(CheckpointError):
            broken.result()
    finally:
        broken.close()


def test_closed_before_it_was_begun(model: InstalledModel, cache_dir: Path) -> None:
    """Nothing was started, nothing is waited for."""
    before = psutil.Process().children()
    ModelLoader(model, OPTIONS, cache_dir).close()
    assert psutil.Process().children() == before


def test_lost_while_it_loads(model: InstalledModel, cache_dir: Path) -> None:
    """Another process takes its place, without anybody having to ask again; a second loss is told."""
    loader = ModelLoader(model, OPTIONS, cache_dir)
    client = loader.generator
    assert isinstance(client, EngineClient)
    try:
        loader.start()
        assert client.pid is not None
        os.kill(client.pid, signal.SIGKILL)
        assert loader.result().info.name == "tiny"
    finally:
        loader.close()


def test_lost_twice_while_it_loads(model: InstalledModel, cache_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is no accident: the error comes, and no third process."""
    loader = ModelLoader(model, OPTIONS, cache_dir)
    waits: list[int] = []

    def wait(client: EngineClient) -> None:
        waits.append(1)
        raise WorkerLostError("killed")

    monkeypatch.setattr(EngineClient, "wait", wait)
    with pytest.raises(WorkerLostError):
        loader.result()
    assert len(waits) == 2
