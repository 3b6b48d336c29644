"""The program's only door to a model: a worker process that loads it while something else is done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import WorkerLostError
from app.core.log import logger
from app.inference.generator import TextGenerator
from app.services.models import InstalledModel

if TYPE_CHECKING:
    from app.worker.messages import Heartbeat

_log = logger("engine")


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to load a model; weight_format 'auto' and threads 0 leave the choice to the engine.

    background: the worker's process yields to others that want the processor, such as a window.
    """

    device: str
    weight_format: str
    threads: int
    background: bool = False


class ModelLoader:
    """A model on its way. The program's end must close it.

    on_heartbeat is called each second from a thread of the worker's.
    """

    def __init__(
        self,
        model: InstalledModel,
        options: EngineOptions,
        cache_dir: Path,
        *,
        on_heartbeat: Callable[[Heartbeat], None] | None = None,
    ) -> None:
        # Not before it is needed: tokenizers and templates take a tenth of a second that a listing need not wait for.
        from app.worker.client import EngineClient, ModelSpec

        self.model = model
        self._client = EngineClient(
            ModelSpec(
                model.path,
                model.name,
                device=options.device,
                weight_format=None if options.weight_format == "auto" else options.weight_format,
                threads=options.threads or None,
                cache_dir=cache_dir,
                background=options.background,
            ),
            on_heartbeat=on_heartbeat,
        )
        self._cache_dir = cache_dir

    def start(self) -> None:
        """Begin to load."""
        self._client.start()

    @property
    def generator(self) -> TextGenerator:
        """The model, loaded or not: what is asked of it waits until it is."""
        return self._client

    def result(self) -> TextGenerator:
        """The loaded model, waiting for it; raises what loading raised (CheckpointError, ResourceError).

        A process that is lost before it has loaded the model is replaced once: a second one lost is no accident.
        """
        try:
            self._client.wait()
        except WorkerLostError as error:
            _log.warning("loading %s: %s; it is tried once more", self.model.name, error.message)
            self._client.wait()
        return self._client

    def facts(self) -> dict[str, dict[str, Any]]:
        """What the model runs on, for `doctor`: torch, kernels and where their choice is kept, memory free now."""
        facts = self._client.inspect()
        return {**facts, "kernels": {**facts["kernels"], "kept in": str(self._cache_dir)}}

    def close(self) -> None:
        """End the worker."""
        self._client.close()
