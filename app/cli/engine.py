"""The composition root's only door to the engine: torch is imported here, in a thread, and nowhere sooner."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.services.models import InstalledModel

if TYPE_CHECKING:
    from app.inference.engine import Engine


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to load a model; weight_format 'auto' and threads 0 leave the choice to the engine."""

    device: str
    weight_format: str
    threads: int


class EngineLoader:
    """Loads a model while the caller does something else."""

    def __init__(self, model: InstalledModel, options: EngineOptions, cache_dir: Path) -> None:
        self._model = model
        self._options = options
        self._cache_dir = cache_dir
        self._future: Future[Engine] = Future()
        # A daemon: a mistake found meanwhile ends the program without waiting for gigabytes to load.
        self._thread = threading.Thread(target=self._run, name="engine-loader", daemon=True)

    def start(self) -> None:
        """Begin to load."""
        self._thread.start()

    def result(self) -> Engine:
        """The loaded model, waiting for it; raises what loading raised (CheckpointError, ResourceError)."""
        return self._future.result()

    @property
    def running(self) -> bool:
        """Whether the thread is still at it."""
        return self._thread.is_alive()

    def kernels(self) -> dict[str, str]:
        """The int8 kernel that the self-test chose for each number of tokens; empty for other weight formats."""
        kernels = self.result().kernels
        return {f"{tokens}+ tokens": name for tokens, name in kernels.chosen.items()} if kernels is not None else {}

    def _run(self) -> None:
        try:
            self._future.set_result(self._load())
        except BaseException as error:  # handed to the thread that waits
            self._future.set_exception(error)

    def _load(self) -> Engine:
        from app.inference.engine import Engine

        return Engine.load(
            self._model.path,
            name=self._model.name,
            device=self._options.device,
            weight_format=None if self._options.weight_format == "auto" else self._options.weight_format,
            threads=self._options.threads or None,
            cache_dir=self._cache_dir,
        )
