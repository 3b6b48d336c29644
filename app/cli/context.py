"""What every command is given: paths, settings and services, put together in one place."""

from __future__ import annotations

import argparse
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app.cli.engine import EngineLoader, EngineOptions
from app.core.paths import DataPaths, resources_dir
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
class Context:
    """One run of the program."""

    options: argparse.Namespace
    paths: DataPaths
    settings: Settings
    database: Database
    documents: DocumentStore
    snapshots: SnapshotStore
    library: LibraryService
    models: ModelService
    summaries: SummaryService
    conversations: ConversationService
    started_at: float
    """time.monotonic() at the program's start."""
    loaders: list[EngineLoader]
    """Begun by this run; the program's end must not wait for them."""

    def engine_options(self) -> EngineOptions:
        """The command line's choice, else the settings'."""
        return EngineOptions(
            device=self.options.device or self.settings.device,
            weight_format=self.options.weight_format or self.settings.weight_format,
            threads=self.settings.threads,
        )

    def resolve_model(self) -> InstalledModel:
        """The model that the command line or the settings name."""
        return self.models.resolve(self.options.model or self.settings.model)

    def start_loading(self, model: InstalledModel) -> EngineLoader:
        """Begin to load a model in the background."""
        loader = EngineLoader(model, self.engine_options(), self.paths.cache)
        self.loaders.append(loader)
        loader.start()
        return loader


@contextmanager
def open_context(
    options: argparse.Namespace,
    paths: DataPaths,
    settings: Settings,
    loaders: list[EngineLoader],
    *,
    started_at: float,
) -> Iterator[Context]:
    """Open the library and build the services; closes the library at the end."""
    with Database.open(paths.library) as database:
        documents = DocumentStore(database)
        snapshots = SnapshotStore(paths.snapshots, budget_bytes=settings.snapshot_budget_bytes)
        yield Context(
            options=options,
            paths=paths,
            settings=settings,
            database=database,
            documents=documents,
            snapshots=snapshots,
            library=LibraryService(documents, load=load_document, now=time.time),
            models=ModelService(
                bundled=resources_dir() / "starter-model",
                models_dir=paths.models,
                known=KnownModelStore(database),
                now=time.time,
            ),
            summaries=SummaryService(
                SummaryStore(database),
                snapshots,
                JobLocks(paths.locks),
                task=summarize,
                now=time.time,
                monotonic=time.monotonic,
                new_id=_new_id,
                snapshot_interval_s=settings.snapshot_interval_s,
            ),
            conversations=ConversationService(ConversationStore(database), now=time.time, new_id=_new_id),
            started_at=started_at,
            loaders=loaders,
        )


def _new_id() -> str:
    """Short enough to type, long enough never to meet twice in one library."""
    return secrets.token_hex(5)
