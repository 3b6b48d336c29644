"""The composition root's only door to a model: a worker process that loads it while the command does something else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli.output import one_line
from app.inference.generator import TextGenerator
from app.services.models import InstalledModel


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How to load a model; weight_format 'auto' and threads 0 leave the choice to the engine."""

    device: str
    weight_format: str
    threads: int


def notes_of(generator: TextGenerator) -> list[str]:
    """One line for each thing that is other than asked for or slower than it could be, for standard error."""
    return [f"note: {one_line(note)}" for note in generator.info.notes]


class ModelLoader:
    """A model on its way. The program's end must close it."""

    def __init__(self, model: InstalledModel, options: EngineOptions, cache_dir: Path) -> None:
        # Not before it is needed: tokenizers and templates take a tenth of a second that a listing need not wait for.
        from app.worker.client import EngineClient, ModelSpec

        self._client = EngineClient(
            ModelSpec(
                model.path,
                model.name,
                device=options.device,
                weight_format=None if options.weight_format == "auto" else options.weight_format,
                threads=options.threads or None,
                cache_dir=cache_dir,
            )
        )
        self._cache_dir = cache_dir

    def start(self) -> None:
        """Begin to load."""
        self._client.start()

    def result(self) -> TextGenerator:
        """The loaded model, waiting for it; raises what loading raised (CheckpointError, ResourceError)."""
        self._client.wait()
        return self._client

    def facts(self) -> dict[str, dict[str, Any]]:
        """What the model runs on, for `doctor`: torch, kernels and where their choice is kept, memory free now."""
        facts = self._client.inspect()
        return {**facts, "kernels": {**facts["kernels"], "kept in": str(self._cache_dir)}}

    def close(self) -> None:
        """End the worker."""
        self._client.close()
