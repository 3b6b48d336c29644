"""The composition root's only door to the engine: torch is imported here, in a thread, and nowhere sooner."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.output import one_line
from app.inference.generator import TextGenerator
from app.services.models import InstalledModel

if TYPE_CHECKING:
    from app.inference.engine import Engine


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to load a model; weight_format 'auto' and threads 0 leave the choice to the engine."""

    device: str
    weight_format: str
    threads: int


def notes_of(generator: TextGenerator) -> list[str]:
    """One line for each thing that is other than asked for or slower than it could be, for standard error."""
    return [f"note: {one_line(note)}" for note in generator.info.notes]


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
        """What the self-tests chose and turned down, and where that is kept."""
        from app.inference.kernel_report import kernel_report

        engine = self.result()
        return {**kernel_report(engine.model.ops, engine.kernels), "kept in": str(self._cache_dir)}

    def free_bytes(self) -> int:
        """What is free now on the device of the loaded model."""
        from app.inference.free_memory import free_bytes

        return free_bytes(self.result().model.device)

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
