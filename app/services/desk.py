"""All services on one open library, put together in one place: what the command line and the window work with.

A library's connection belongs to one thread. A program with several threads opens a desk in each; they share one
StateKeeper, and SQLite's write-ahead log lets them read while one writes.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.paths import DataPaths, cache_dir, resources_dir
from app.core.settings import Settings
from app.inference.generator import Sampling
from app.services.conversation_state import TalkParts
from app.services.conversations import ConversationService
from app.services.library import DocumentLoader, LibraryService
from app.services.models import ModelService
from app.services.reading import ReadingService
from app.services.shelf import ShelfService
from app.services.states import StateKeeper
from app.services.summaries import SummaryService
from app.services.thumbnails import ThumbnailService
from app.services.transcripts import TranscriptImporter
from app.storage.conversations import ConversationStore
from app.storage.database import Database
from app.storage.documents import DocumentStore
from app.storage.known_models import KnownModelStore
from app.storage.locks import JobLocks
from app.storage.passage_index import PassageIndex
from app.storage.passage_vectors import PassageVectors
from app.storage.reading_rates import ReadingRateStore
from app.storage.refusals import RefusalStore
from app.storage.snapshots import SnapshotStore
from app.storage.summaries import SummaryStore
from app.tasks.summarize import summarize
from app.worker.reading import load_document

if TYPE_CHECKING:
    from app.services.model_store import ModelStore
    from app.services.search import SearchService


@dataclass(frozen=True)
class Desk:
    """The services of one thread."""

    settings: Settings
    library: LibraryService
    models: ModelService
    reading: ReadingService
    summaries: SummaryService
    conversations: ConversationService
    transcripts: TranscriptImporter
    shelf: ShelfService
    thumbnails: ThumbnailService
    states: StateKeeper
    passages: PassageIndex
    vectors: PassageVectors
    rates: ReadingRateStore
    models_dir: Path
    cache_dir: Path

    @cached_property
    def store(self) -> ModelStore:
        """Getting models, changing and removing them."""
        # The hub's library takes longer to import than all else together.
        from app.services.hub.pull import HubService
        from app.services.model_fit import FitService
        from app.services.model_store import ModelStore
        from app.services.tokens import TokenStore

        settings = self.settings
        fits = FitService(
            cache_dir=self.cache_dir,
            models=self.models,
            rates=self.rates,
            device=settings.device,
            weight_format=settings.weight_format,
            threads=settings.threads,
        )
        tokens = TokenStore()
        return ModelStore(
            self.models,
            HubService(models_dir=self.models_dir, tokens=tokens),
            fits,
            tokens,
            models_dir=self.models_dir,
            cache_dir=self.cache_dir,
            threads=settings.threads,
        )

    @cached_property
    def word_search(self) -> SearchService:
        """Search by words alone: enough to make documents ready for it."""
        from app.services.search import SearchService

        return SearchService(self.passages, self.library.by_id)

    @cached_property
    def search(self) -> SearchService:
        """Search over the library, by meaning too where there is an encoder. UserError for a wrong setting of it."""
        # Its libraries take a tenth of the start of commands that search nothing.
        from app.retrieval.dense import DenseSearch
        from app.retrieval.encoder import OnnxEncoder
        from app.retrieval.encoder_files import find_encoder
        from app.services.search import SearchService

        files = find_encoder(self.settings.encoder, resources_dir())
        dense = DenseSearch(self.vectors, OnnxEncoder(files)) if files is not None else None
        return SearchService(self.passages, self.library.by_id, dense)


def bundled_model() -> Path:
    """Folder of the starter model."""
    return resources_dir() / "starter-model"


def open_states(paths: DataPaths, settings: Settings) -> StateKeeper:
    """The saved states of a data folder; the caller closes it, after all desks. Any thread may use it."""
    return StateKeeper(SnapshotStore(paths.snapshots, budget_bytes=settings.snapshot_budget_bytes), now=time.time)


def make_room(paths: DataPaths, settings: Settings) -> None:
    """Before the library is opened: where the disk is all but full, saved states give way to it."""
    with closing(SnapshotStore(paths.snapshots, budget_bytes=settings.snapshot_budget_bytes)) as store:
        store.give_way()


def make_desk(
    paths: DataPaths,
    settings: Settings,
    database: Database,
    states: StateKeeper,
    *,
    load: DocumentLoader = load_document,
    now: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    new_id: Callable[[], str] | None = None,
    new_seed: Callable[[], int] | None = None,
) -> Desk:
    """The services on an open library; what reads files, clocks and what is drawn by chance are others in tests."""
    new_id, new_seed = new_id or _new_id, new_seed or _new_seed
    # What could not be written for want of room can be, when it is tried again.
    database.when_full = states.give_way
    documents, conversations, summaries = DocumentStore(database), ConversationStore(database), SummaryStore(database)
    refusals = RefusalStore(database)
    library = LibraryService(documents, load=load, now=now)
    rates = ReadingRateStore(database)
    folder = models_dir(paths, settings)
    reading = ReadingService(
        states,
        rates,
        now=now,
        monotonic=monotonic,
        interval_s=settings.snapshot_interval_s,
    )
    sampling = Sampling(
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        repetition_penalty=settings.repetition_penalty,
    )
    parts = TalkParts(
        conversations,
        states,
        reading,
        now=now,
        new_id=new_id,
        new_seed=new_seed,
        sampling=sampling,
        system_prompt=settings.system_prompt,
    )
    talks = ConversationService(parts, library)
    return Desk(
        settings=settings,
        library=library,
        models=ModelService(
            bundled=bundled_model(),
            models_dir=folder,
            known=KnownModelStore(database),
            now=now,
        ),
        reading=reading,
        summaries=SummaryService(summaries, reading, JobLocks(paths.locks), task=summarize, now=now, new_id=new_id),
        conversations=talks,
        transcripts=TranscriptImporter(conversations, documents, talks, new_id=new_id, now=now),
        shelf=ShelfService(library, summaries, talks, reading, refusals, now=now),
        thumbnails=ThumbnailService(paths.thumbnails),
        states=states,
        passages=PassageIndex(database),
        vectors=PassageVectors(database),
        rates=rates,
        models_dir=folder,
        cache_dir=cache_dir(paths, os.environ),
    )


def models_dir(paths: DataPaths, settings: Settings) -> Path:
    """Where the user's models lie: the settings' folder, else one in the data folder."""
    if not settings.models_dir:
        return paths.models
    folder = Path(settings.models_dir)
    with suppress(RuntimeError):  # of a user who is not there: a folder of that name, with no models in it
        folder = folder.expanduser()
    return folder


def _new_id() -> str:
    """Short enough to type, long enough never to meet twice in one library."""
    return secrets.token_hex(5)


def _new_seed() -> int:
    return secrets.randbits(31)
