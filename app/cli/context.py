"""What every command is given: paths, settings and services, put together in one place."""

from __future__ import annotations

import argparse
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.cli.engine import EngineLoader, EngineOptions
from app.core.paths import DataPaths, cache_dir, resources_dir
from app.core.settings import Settings
from app.services.conversations import ConversationService
from app.services.library import LibraryService
from app.services.models import InstalledModel, ModelService
from app.services.summaries import SummaryService
from app.storage.conversations import ConversationStore
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.known_models import KnownModelStore
from app.storage.locks import JobLocks
from app.storage.snapshots import SnapshotStore
from app.storage.summaries import SummaryStore
from app.tasks.summarize import summarize
from app.worker.reading import load_document


@dataclass(frozen=True, slots=True)
class Launch:
    """One run of the program, before its library is opened."""

    options: argparse.Namespace
    paths: DataPaths
    settings: Settings
    started_at: float
    """time.monotonic() at the program's start."""
    loaders: list[EngineLoader]
    """Begun by this run; the program's end must not wait for them."""

    @property
    def bundled_model(self) -> Path:
        """Folder of the starter model."""
        return resources_dir() / "starter-model"

    @property
    def wanted_model(self) -> str:
        """Name or path of the model: the command line's choice, else the settings'."""
        return str(self.options.model or self.settings.model)

    def engine_options(self) -> EngineOptions:
        """The command line's choice, else the settings'."""
        return EngineOptions(
            device=self.options.device or self.settings.device,
            weight_format=self.options.weight_format or self.settings.weight_format,
            threads=self.settings.threads,
        )

    def start_loading(self, model: InstalledModel) -> EngineLoader:
        """Begin to load a model in the background."""
        loader = EngineLoader(model, self.engine_options(), cache_dir(self.paths, os.environ))
        self.loaders.append(loader)
        loader.start()
        return loader


@dataclass(frozen=True, slots=True)
class Context(Launch):
    """One run of the program, with its library open and the services on it."""

    library: LibraryService
    models: ModelService
    summaries: SummaryService
    conversations: ConversationService

    def resolve_model(self) -> InstalledModel:
        """The model that the command line or the settings name. Raises UserError and CheckpointError."""
        return self.models.resolve(self.wanted_model)


@contextmanager
def open_context(launch: Launch) -> Iterator[Context]:
    """Open the library and build the services; closes the library at the end. Raises StorageError."""
    paths, settings = launch.paths, launch.settings
    with Database.open(paths.library) as database:
        yield Context(
            options=launch.options,
            paths=paths,
            settings=settings,
            started_at=launch.started_at,
            loaders=launch.loaders,
            library=LibraryService(DocumentStore(database), load=load_document, now=time.time),
            models=ModelService(
                bundled=launch.bundled_model,
                models_dir=paths.models,
                known=KnownModelStore(database),
                now=time.time,
            ),
            summaries=SummaryService(
                SummaryStore(database),
                SnapshotStore(paths.snapshots, budget_bytes=settings.snapshot_budget_bytes),
                JobLocks(paths.locks),
                task=summarize,
                now=time.time,
                monotonic=time.monotonic,
                new_id=_new_id,
                snapshot_interval_s=settings.snapshot_interval_s,
            ),
            conversations=ConversationService(ConversationStore(database), now=time.time, new_id=_new_id),
        )


def _new_id() -> str:
    """Short enough to type, long enough never to meet twice in one library."""
    return secrets.token_hex(5)
