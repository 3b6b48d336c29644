"""What every command is given: paths, settings and services, put together in one place."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.engine import EngineOptions, ModelLoader
from app.cli.output import one_line
from app.core.paths import DataPaths, cache_dir, resources_dir
from app.core.settings import Settings
from app.services.conversation_state import TalkParts
from app.services.conversations import ConversationService
from app.services.library import LibraryService
from app.services.models import InstalledModel, ModelService
from app.services.reading import ReadingService
from app.services.states import StateKeeper
from app.services.summaries import SummaryService
from app.services.transcripts import TranscriptImporter
from app.storage.backups import DailyBackup, open_library
from app.storage.conversations import ConversationStore
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.known_models import KnownModelStore
from app.storage.locks import JobLocks
from app.storage.passage_index import PassageIndex
from app.storage.passage_vectors import PassageVectors
from app.storage.reading_rates import ReadingRateStore
from app.storage.snapshots import SnapshotStore
from app.storage.summaries import SummaryStore
from app.tasks.summarize import summarize
from app.worker.reading import load_document

if TYPE_CHECKING:
    from app.services.search import SearchService


@dataclass(frozen=True, slots=True)
class Launch:
    """One run of the program, before its library is opened."""

    options: argparse.Namespace
    paths: DataPaths
    settings: Settings
    started_at: float
    """time.monotonic() at the program's start."""
    loaders: list[ModelLoader]
    """Begun by this run; closed at the program's end."""

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

    def start_loading(self, model: InstalledModel) -> ModelLoader:
        """Begin to load a model in the background."""
        loader = ModelLoader(model, self.engine_options(), cache_dir(self.paths, os.environ))
        self.loaders.append(loader)
        loader.start()
        return loader


@dataclass(frozen=True, slots=True)
class Context(Launch):
    """One run of the program, with its library open and the services on it."""

    library: LibraryService
    models: ModelService
    reading: ReadingService
    summaries: SummaryService
    conversations: ConversationService
    transcripts: TranscriptImporter
    states: StateKeeper
    passages: PassageIndex
    vectors: PassageVectors

    def open_search(self) -> SearchService:
        """Search over the library, by meaning too where there is an encoder. UserError for a wrong setting of it."""
        # Its libraries take a tenth of the start of commands that search nothing.
        from app.retrieval.dense import DenseSearch
        from app.retrieval.encoder import OnnxEncoder
        from app.retrieval.encoder_files import find_encoder
        from app.services.search import SearchService

        files = find_encoder(self.settings.encoder, resources_dir())
        dense = DenseSearch(self.vectors, OnnxEncoder(files)) if files is not None else None
        return SearchService(self.passages, self.library.by_id, dense)

    def resolve_model(self) -> InstalledModel:
        """The model that the command line or the settings name. Raises UserError and CheckpointError."""
        return self.models.resolve(self.wanted_model)


@contextmanager
def open_context(launch: Launch) -> Iterator[Context]:
    """Open the library and build the services; keeps what is still to be kept and closes all at the end.

    What the user should know of the opening goes to standard error. Raises StorageError.
    """
    paths = launch.paths
    opened = open_library(paths.library, paths.backups, today=date.today())
    sys.stderr.writelines(f"note: {one_line(notice)}\n" for notice in opened.notices)
    with opened.database as database:
        backup = DailyBackup(paths.library, paths.backups, today=date.today())
        backup.start()
        states = StateKeeper(
            SnapshotStore(paths.snapshots, budget_bytes=launch.settings.snapshot_budget_bytes), now=time.time
        )
        try:
            yield _context(launch, database, states)
        finally:
            states.close()
            backup.finish()


def _context(launch: Launch, database: Database, states: StateKeeper) -> Context:
    """The services on an open library."""
    paths = launch.paths
    documents, conversations = DocumentStore(database), ConversationStore(database)
    library = LibraryService(documents, load=load_document, now=time.time)
    reading = ReadingService(
        states,
        ReadingRateStore(database),
        now=time.time,
        monotonic=time.monotonic,
        interval_s=launch.settings.snapshot_interval_s,
    )
    talks = ConversationService(
        TalkParts(conversations, states, reading, now=time.time, new_id=_new_id, new_seed=_new_seed), library
    )
    return Context(
        options=launch.options,
        paths=paths,
        settings=launch.settings,
        started_at=launch.started_at,
        loaders=launch.loaders,
        library=library,
        models=ModelService(
            bundled=launch.bundled_model,
            models_dir=paths.models,
            known=KnownModelStore(database),
            now=time.time,
        ),
        reading=reading,
        summaries=SummaryService(
            SummaryStore(database), reading, JobLocks(paths.locks), task=summarize, now=time.time, new_id=_new_id
        ),
        conversations=talks,
        transcripts=TranscriptImporter(conversations, documents, talks, new_id=_new_id, now=time.time),
        states=states,
        passages=PassageIndex(database),
        vectors=PassageVectors(database),
    )


def _new_id() -> str:
    """Short enough to type, long enough never to meet twice in one library."""
    return secrets.token_hex(5)


def _new_seed() -> int:
    return secrets.randbits(31)
