"""What stands on the shelf: documents with what became of them, conversations with their branches."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from app.core.errors import DocumentError
from app.services.library import LibraryDocument
from app.services.shelf import EXCERPT_CHARS, documents_in
from app.services.shelf_rows import DocumentState, ShelfBranch, ShelfConversation, ShelfDocument, document_key, file_key
from app.services.summaries import SummaryService
from app.storage.database import Database
from app.tasks.model import Style
from app.tasks.summarize import PartDone
from tests.fakes import FakeGenerator
from tests.services.desk import Desk, book, chapter


@pytest.fixture
def desk(tmp_path: Path, database: Database) -> Desk:
    return Desk(tmp_path / "desk", database)


@pytest.fixture
def item(desk: Desk) -> LibraryDocument:
    """Three parts."""
    return desk.add(book(chapter(name) for name in ("elbe", "oder", "main")))


def states(desk: Desk, generator: FakeGenerator | None = None) -> list[tuple[DocumentState, float]]:
    rows = desk.services.shelf.documents(generator.info if generator is not None else None)
    return [(row.state, row.progress) for row in rows]


def summarise(summaries: SummaryService, item: LibraryDocument, generator: FakeGenerator, *, parts: int) -> None:
    """Up to the given number of finished parts."""
    events = summaries.run(item, generator, style=Style.KEY_PASSAGES)
    for event in events:
        if isinstance(event, PartDone) and event.part_index == parts - 1:
            break
    events.close()


def test_a_new_document(desk: Desk, item: LibraryDocument) -> None:
    """All that the library knows of it."""
    assert desk.services.shelf.documents(None) == [
        ShelfDocument(
            key=document_key(item.document_id, ""),
            document_id=item.document_id,
            page_range="",
            title="Test",
            path=str(desk.folder / "document"),
            pages=3,
            state=DocumentState.NEW,
            opened_at=desk.clock.seconds,
        )
    ]


def test_read_by_this_model(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """To its end, by the model that is asked about; another has not, and without a model nobody can tell."""
    desk.read(item, generator)
    desk.keeper.flush()
    assert states(desk, generator) == [(DocumentState.READ, 0.0)]
    assert states(desk, FakeGenerator(fingerprint="5" * 64)) == states(desk) == [(DocumentState.NEW, 0.0)]


def test_a_summary_on_its_way(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """The share of its parts, and read once it is finished, whichever model may have made it."""
    for parts, share in ((1, 1 / 3), (2, 2 / 3)):
        summarise(desk.services.summaries, item, generator, parts=parts)
        assert states(desk) == [(DocumentState.READING, pytest.approx(share))]
    summarise(desk.services.summaries, item, generator, parts=9)
    assert states(desk) == [(DocumentState.READ, 1.0)]


def test_refused_files(desk: Desk, item: LibraryDocument, tmp_path: Path) -> None:
    """They stand first, each with its reason, until they can be read; a password is a reason of its own."""
    shelf = desk.services.shelf
    locked, torn = tmp_path / "locked.pdf", tmp_path / "torn.pdf"
    shelf.refuse(torn, DocumentError("torn.pdf is damaged", code="damaged"))
    desk.clock.seconds += 1.0
    shelf.refuse(locked, DocumentError("locked.pdf needs a password", code="password"))
    refused = [(row.key, row.title, row.state, row.problem, row.document_id) for row in shelf.documents(None)]
    assert refused == [
        (file_key(str(locked)), "locked.pdf", DocumentState.NEEDS_PASSWORD, "locked.pdf needs a password", ""),
        (file_key(str(torn)), "torn.pdf", DocumentState.REFUSED, "torn.pdf is damaged", ""),
        (document_key(item.document_id, ""), "Test", DocumentState.NEW, "", item.document_id),
    ]
    shelf.forget_refusal(locked)
    shelf.forget_refusal(Path(shelf.documents(None)[0].path))
    assert [row.title for row in shelf.documents(None)] == ["Test"]


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names of files are Unicode there")
def test_a_refused_name_that_is_no_text(desk: Desk, tmp_path: Path) -> None:
    """It is shown with a sign in the place of such bytes, and taken off again by what is shown."""
    path = tmp_path / os.fsdecode(b"d\xe9j\xe0.pdf")
    desk.services.shelf.refuse(path, DocumentError("no", code="damaged"))
    (row,) = desk.services.shelf.documents(None)
    assert row.title == "d\ufffdj\ufffd.pdf"
    desk.services.shelf.forget_refusal(Path(row.path))
    assert desk.services.shelf.documents(None) == []


def test_conversations(desk: Desk, item: LibraryDocument, generator: FakeGenerator) -> None:
    """Last changed first; one with branches has them, each by its last turn, and knows which is in use."""
    plain = desk.talks.open(None, generator)
    plain.say("Hello?")
    desk.clock.seconds += 1.0
    about = desk.talks.open(None, generator, item=item)
    about.say("one?")
    first = about.tip
    about.edit(about.turns()[0].id, "long " * 40)
    about.say("more?")
    assert desk.services.shelf.conversations() == [
        ShelfConversation(
            id=about.id,
            title=desk.talks.find(about.id).title,
            updated_at=desk.clock.seconds,
            turns=6,
            branches=(ShelfBranch(first or 0, 2, "ok", False), ShelfBranch(about.tip or 0, 4, "ok", True)),
            document_title="Test",
            document_id=item.document_id,
        ),
        ShelfConversation(plain.id, "Hello?", desk.clock.seconds - 1.0, 2, (), ""),
    ]
    # A question without an answer ends a branch too.
    about.edit(about.turns()[0].id, "long\n" * 40, cancelled=lambda: True)
    (branch,) = [branch for branch in desk.services.shelf.conversations()[0].branches if branch.in_use]
    assert branch.turns == 1 and len(branch.last_text) == EXCERPT_CHARS
    assert branch.last_text.startswith("long long") and branch.last_text.endswith("…")
    desk.talks.delete(about.id)
    assert [talk.id for talk in desk.services.shelf.conversations()] == [plain.id]
    desk.library.remove(item.document_id)
    desk.talks.undelete(about.id)
    assert desk.services.shelf.conversations()[0].document_title == ""


def test_search(desk: Desk, generator: FakeGenerator) -> None:
    """In turns, which one can go to, and in titles."""
    conversation = desk.talks.open(None, generator)
    conversation.say("What carries freight?")
    desk.talks.rename(conversation.id, "Bridges")
    (turn,) = desk.services.shelf.search("freight")
    assert (turn.conversation_id, turn.turn_id, turn.title) == (
        conversation.id,
        conversation.turns()[0].id,
        "Bridges",
    )
    assert "freight" in turn.excerpt
    (title,) = desk.services.shelf.search("bridges")
    assert (title.conversation_id, title.turn_id) == (conversation.id, None)
    assert desk.services.shelf.search("tunnel") == []
    conversation.say("More freight?")
    assert len(desk.services.shelf.search("freight")) == 2
    assert len(desk.services.shelf.search("freight", limit=1)) == 1


def test_documents_of_a_folder(tmp_path: Path) -> None:
    """In folders in it too, in order; hidden ones and what is no document by its name are left alone."""
    for name in ("b.pdf", "a.txt", "notes.odd", ".hidden.pdf", "~$c.docx", "in/c.EPUB", ".git/d.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "e.pdf").mkdir()
    assert documents_in(tmp_path) == [tmp_path / name for name in ("a.txt", "b.pdf", "in/c.EPUB")]
