"""All services on one folder, as one run of the program has them, and documents for them to read."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from app.core.paths import DataPaths
from app.core.settings import Settings
from app.documents.model import Document
from app.inference.generator import StateRef, TextGenerator
from app.services.desk import make_desk
from app.services.library import LibraryDocument
from app.services.reading import ReadingDone, ReadingEvent
from app.services.states import StateKeeper
from app.storage.conversations import ConversationStore
from app.storage.database import Database
from app.storage.reading_rates import ReadingRateStore
from app.storage.snapshots import SnapshotStore
from tests.documents_for_tasks import make_document
from tests.fakes import FakeGenerator

DAY_S = 24 * 3600.0


class Clock:
    """Seconds that move when told, or by `tick` each time they are asked for."""

    def __init__(self, tick: float = 0.0) -> None:
        self.seconds = 1000.0
        self.tick = tick

    def __call__(self) -> float:
        self.seconds += self.tick
        return self.seconds


class Desk:
    """One run of the program.

    Args:
        interval_s: between bookmarks on disk; 0 keeps one at every part's end.
        settings: in place of those with this interval and without an encoder.
    """

    def __init__(
        self,
        folder: Path,
        database: Database,
        *,
        interval_s: float = 0.0,
        clock: Clock | None = None,
        ids: Iterator[int] | None = None,
        settings: Settings | None = None,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder, self.database, self.interval_s = folder, database, interval_s
        self.clock = clock or Clock()
        self.ids = ids or itertools.count(1)
        self.seeds = itertools.count(1)
        paths = DataPaths(folder)
        self.path = paths.snapshots
        self.store = SnapshotStore(self.path, budget_bytes=10**8)
        self.keeper = StateKeeper(self.store, now=self.clock)
        self.services = make_desk(
            paths,
            settings or Settings(snapshot_interval_s=interval_s, encoder="off"),
            database,
            self.keeper,
            load=self._load,
            now=self.clock,
            monotonic=self.clock,
            new_id=lambda: f"c{next(self.ids)}",
            new_seed=lambda: next(self.seeds),
        )
        self.library = self.services.library
        self.reading = self.services.reading
        self.talks = self.services.conversations
        self.importer = self.services.transcripts
        self.rates = ReadingRateStore(database)
        self.turns = ConversationStore(database)
        self._loading: Document | None = None

    def again(self) -> Desk:
        """The next run: the same files, and nothing in memory. This one may go on beside it."""
        self.keeper.flush()
        self.store.close()
        return Desk(self.folder, self.database, interval_s=self.interval_s, clock=self.clock, ids=self.ids)

    def add(self, document: Document) -> LibraryDocument:
        """A document in the library; its id is the hash of its text."""
        path = self.folder / "document"
        path.write_text(document.text)
        self._loading = document
        return self.library.import_file(path)

    def read(self, item: LibraryDocument, generator: TextGenerator) -> list[ReadingEvent]:
        """All events of a reading."""
        return list(self.reading.read(item, generator))

    def _load(self, path: Path, **_: object) -> Document:
        assert self._loading is not None
        return replace(self._loading, content_hash=hashlib.sha256(path.read_bytes()).hexdigest())


def chapter(name: str, sentences: int = 14) -> str:
    """Sentences of nine tokens, no two alike; 14 of them are one part of the fake's window of 256, read in 3 feeds."""
    name = name.capitalize()
    return " ".join(f"{name}{k} runs {name} through {name}hills to {name}sea {k}, {name}." for k in range(sentences))


def book(texts: Iterable[str]) -> Document:
    """A document with a section and a page for each text."""
    pages = list(texts)
    return make_document(pages, [(page.split()[0], len(page) + 1) for page in pages])


def told(generator: FakeGenerator, state: StateRef) -> str:
    """The text of all that a live state has taken in."""
    return generator.text(generator.states[state])


def end_state(events: Sequence[ReadingEvent]) -> StateRef:
    """The live state that a reading ends with."""
    done = events[-1]
    assert isinstance(done, ReadingDone)
    return done.state
