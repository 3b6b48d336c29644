"""A data folder with something of everything in it, made by the program's own services with a fake model, and all that
can be read of it: by the services, and row by row."""

from __future__ import annotations

import hashlib
import itertools
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path

from app.core.paths import DataPaths
from app.core.settings import save_settings
from app.services.library import LibraryDocument
from app.services.summaries import SummaryResult
from app.storage.backup_files import BackupFolder
from app.storage.database import BUSY_TIMEOUT_S, Database
from app.tasks.model import Style
from app.tasks.summarize import PartDone
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, book, chapter

EARLIER, TODAY = date(2026, 1, 1), date(2026, 1, 3)
TABLES = (
    "documents", "readings", "pages", "sections", "passages", "summaries", "summary_parts", "conversations", "turns",
)  # fmt: skip
"""Those whose rows the user made or waited for; the others are made anew from them."""
MADE_ANEW = ("index_version", "language", "passages_indexed", "weight")
"""Columns of the words' index."""
DRAFT = '{"chat": "What I have not sent yet"}'

_IDS = itertools.count(1)
"""No two runs of one trial give the same id twice."""

Content = dict[str, frozenset[str]]
"""Hashes of all rows, by table."""


def generator() -> FakeGenerator:
    """The model of all trials on stored things: what it answers depends on every word that it has read."""

    def reply(text: str) -> str:
        # A state holds an answer's stop token once where it was read, and twice where it was written.
        words = text.replace("<2>", "")
        return f"Answer {hashlib.sha256(words.encode()).hexdigest()[:8]}, birds eat seeds."

    return FakeGenerator(reply)


@contextmanager
def desk(folder: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> Iterator[Desk]:
    """One run of the program on a data folder; the library is opened as it is, without repair."""
    with Database.open(DataPaths(folder).library, busy_timeout_s=busy_timeout_s) as database:
        made = Desk(folder, database, ids=_IDS)
        try:
            yield made
        finally:
            made.keeper.close()


def fill(folder: Path, *, documents: int = 6) -> None:
    """Everything of one evening, its backup, and then one document and one conversation more."""
    paths = DataPaths(folder)
    paths.create()
    save_settings(paths.settings, {"temperature": 0.5, "system_prompt": "Be brief."})
    paths.drafts.write_text(DRAFT, encoding="utf-8")
    with desk(folder) as made:
        for number in range(documents):
            item = add(made, f"book{number}", chapters=4 + number)
            summarise(made, item)
            talk(made, item, f"What is said of {number}?")
        talk(made, None, "Who are you?")
        with closing(sqlite3.connect(paths.library)) as source:
            assert BackupFolder(paths.backups).make(source, EARLIER)
        add(made, "late", chapters=2)
        talk(made, None, "And what came late?")
    (folder / "document").unlink()


def add(made: Desk, name: str, *, chapters: int = 4, source: Path | None = None) -> LibraryDocument:
    """A document, made ready for search. source: its file; None makes one in the data folder."""
    document = book(chapter(f"{name}c{number}") for number in range(chapters))
    if source is None:
        item = made.add(document)
    else:
        source.write_text(document.text, encoding="utf-8")
        made._loading = document
        item = made.library.import_file(source)
    made.services.word_search.index(item)
    return item


def summarise(
    made: Desk, item: LibraryDocument, *, fresh: bool = False, on_part: Callable[[], None] = lambda: None
) -> SummaryResult:
    """The whole of a document; `on_part` hears of each part whose notes are confirmed to be kept."""
    for event in made.services.summaries.run(item, generator(), style=Style.KEY_PASSAGES, fresh=fresh):
        if isinstance(event, PartDone):
            on_part()
    assert isinstance(event, SummaryResult)
    return event


def talk(
    made: Desk, item: LibraryDocument | None, *questions: str, on_answer: Callable[[str], None] = lambda text: None
) -> str:
    """A conversation; its id. `on_answer` hears each answer once it is confirmed to be kept."""
    conversation = made.talks.open(None, generator(), item=item)
    for question in questions:
        on_answer(conversation.say(question).text)
    conversation.close()
    return conversation.id


def content(library: Path) -> Content:
    """What is stored, row by row."""
    found: Content = {}
    with closing(sqlite3.connect(library)) as db:
        db.text_factory = bytes
        for table in TABLES:
            names = [row[1].decode() for row in db.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(name for name in names if name not in MADE_ANEW)
            rows = db.execute(f"SELECT {columns} FROM {table} NOT INDEXED").fetchall()
            found[table] = frozenset(hashlib.sha256(repr(row).encode()).hexdigest() for row in rows)
    return found


def looked_at(folder: Path) -> list[str]:
    """All that a user can look at in the library, through the services."""
    seen: list[str] = []
    with desk(folder) as made:
        for entry in made.services.shelf.documents(generator().info):
            item = made.library.by_id(entry.document_id, entry.page_range)
            seen.append(f"{entry.title}: {len(item.document.text) if item else None}")
            seen.append(repr(made.services.summaries.latest(entry.document_id, entry.page_range)))
            if item is not None:
                made.services.word_search.find([item], "What runs through the hills?")
        for conversation in made.services.shelf.conversations():
            tree = made.talks.tree(conversation.id)
            seen += [f"{turn.role}: {turn.text}" for turn in tree.turns]
        seen += [hit.snippet for hit in made.talks.search("birds answer")]
        seen += [hit.excerpt for hit in made.services.shelf.search("said")]
    return seen


def copied(source: Path, target: Path) -> Path:
    """The folder once more."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    return target
