from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.errors import DocumentError
from app.documents.limits import PageRange
from app.documents.model import Document
from app.documents.passages import split_passages
from app.services import library as library_module
from app.services.library import LibraryEntry, LibraryService
from app.storage.database import Database
from app.storage.documents import DocumentStore


class Loader:
    """A reader that counts its calls; its document is the fixture's with the file's own hash."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.calls: list[PageRange | None] = []

    def __call__(self, path: Path, *, pages: PageRange | None = None, **_: object) -> Document:
        self.calls.append(pages)
        return replace(self.document, content_hash=hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.fixture
def loader(document: Document) -> Loader:
    return Loader(document)


@pytest.fixture
def library(database: Database, loader: Loader) -> LibraryService:
    return LibraryService(DocumentStore(database), load=loader, now=lambda: 1.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"bytes")
    return path


def test_same_bytes_are_read_once(library: LibraryService, loader: Loader, file: Path, tmp_path: Path) -> None:
    """A copy under another name is the same document: equal in every part, and not read again."""
    first = library.import_file(file)
    copy = tmp_path / "b.pdf"
    copy.write_bytes(file.read_bytes())
    second = library.import_file(copy)
    assert len(loader.calls) == 1
    assert (first.reused, second.reused) == (False, True)
    assert second.document == first.document
    assert second.passages == first.passages == tuple(split_passages(first.document))


def test_name_that_is_no_text(library: LibraryService, database: Database, tmp_path: Path) -> None:
    """A file named in another encoding is kept like any other; its path shows U+FFFD where it cannot be written."""
    path = tmp_path / os.fsdecode(b"caf\xe9.pdf")
    path.write_bytes(b"bytes")
    library.import_file(path)
    assert library.import_file(path).reused
    assert database.rows("SELECT path FROM documents") == [{"path": f"{tmp_path}/caf\ufffd.pdf"}]


def test_other_pages_are_read_for_themselves(library: LibraryService, loader: Loader, file: Path) -> None:
    """A page range is another reading; each is found again."""
    library.import_file(file)
    part = library.import_file(file, pages=PageRange.parse("1-2"))
    assert part.page_range == "1-2"
    assert loader.calls == [None, PageRange(1, 2)]
    assert library.import_file(file, pages=PageRange.parse("1-2")).reused
    assert library.import_file(file).reused


def test_a_newer_reader_reads_again(
    library: LibraryService, loader: Loader, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What an older reader made of the bytes is not used."""
    read_before, first_version = library.import_file(file).document, library_module.READER_VERSION
    monkeypatch.setattr(library_module, "READER_VERSION", "next")
    assert library.find(file, None) is None
    shown = library.by_id(read_before.content_hash, "")  # an old summary can still be shown beside it
    assert shown is not None and (shown.document, shown.reader_version) == (read_before, first_version)
    again = library.import_file(file)
    assert (again.reused, again.reader_version) == (False, "next")
    assert len(loader.calls) == 2


def test_find_never_reads(library: LibraryService, loader: Loader, file: Path) -> None:
    """find looks into the library only."""
    assert library.find(file, None) is None
    stored = library.import_file(file)
    found = library.find(file, None)
    assert found is not None and found.document == stored.document
    assert len(loader.calls) == 1


def test_entries(library: LibraryService, file: Path, tmp_path: Path) -> None:
    """Every document, last opened first, with its title, its place and its pages; none is read for it."""
    assert library.entries() == []
    first = library.import_file(file)
    other = tmp_path / "b.pdf"
    other.write_bytes(b"other bytes")
    second = library.import_file(other)
    entries = library.entries()
    assert entries == [
        LibraryEntry(second.document_id, "", "Rivers", str(other), 3, 1.0),
        LibraryEntry(first.document_id, "", "Rivers", str(file), 3, 1.0),
    ]
    found = library.by_id(entries[1].document_id, entries[1].page_range)
    assert found is not None and found.document == first.document


def test_entries_of_page_ranges(library: LibraryService, file: Path) -> None:
    """Each range that was read, until the whole document is."""
    for pages in ("1-2", "3-3"):
        library.import_file(file, pages=PageRange.parse(pages))
    assert [entry.page_range for entry in library.entries()] == ["1-2", "3"]
    library.import_file(file)
    assert [entry.page_range for entry in library.entries()] == [""]


def test_remove(library: LibraryService, loader: Loader, database: Database, file: Path) -> None:
    """A document goes with all of its readings; it may come back; conversations about it stay, without it."""
    item = library.import_file(file)
    library.import_file(file, pages=PageRange.parse("1-2"))
    with database.transaction() as db:
        db.execute(
            "INSERT INTO conversations (id, title, document_id, model_name, created_at, updated_at)"
            " VALUES ('c1', 'T', ?, 'm', 0.0, 0.0)",
            [item.document_id],
        )
    assert library.remove(item.document_id)
    assert library.entries() == [] and library.find(file, None) is None
    assert library.by_id(item.document_id, "1-2") is None
    assert database.rows("SELECT id, document_id FROM conversations") == [{"id": "c1", "document_id": None}]
    assert not library.remove(item.document_id)
    assert not library.import_file(file).reused and len(loader.calls) == 3


def test_failed_read_leaves_nothing(database: Database, file: Path) -> None:
    """A file that cannot be read is not in the library."""

    def fail(path: Path, **_: object) -> Document:
        raise DocumentError("damaged")

    library = LibraryService(DocumentStore(database), load=fail, now=lambda: 1.0)
    with pytest.raises(DocumentError):
        library.import_file(file)
    assert DocumentStore(database).counts()["documents"] == 0


def test_file_that_is_gone_once_read(library: LibraryService, loader: Loader, file: Path) -> None:
    """What was read of it is kept: a download folder may be cleared meanwhile."""

    def read_and_lose(path: Path, **_: object) -> Document:
        document = loader(path)
        path.unlink()
        return document

    library._load = read_and_lose
    item = library.import_file(file)
    assert [entry.document_id for entry in library.entries()] == [item.document_id]
