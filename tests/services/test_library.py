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
from app.services.library import LibraryService
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


def test_search_gives_the_documents_own_passages(library: LibraryService, file: Path) -> None:
    """A question's word finds the passage that holds it."""
    item = library.import_file(file)
    (hit, *_) = library.search(item, "What do dams hold?", limit=3)
    assert "Dams hold water." in hit.text
    assert hit in item.passages


def test_failed_read_leaves_nothing(database: Database, file: Path) -> None:
    """A file that cannot be read is not in the library."""

    def fail(path: Path, **_: object) -> Document:
        raise DocumentError("damaged")

    library = LibraryService(DocumentStore(database), load=fail, now=lambda: 1.0)
    with pytest.raises(DocumentError):
        library.import_file(file)
    assert DocumentStore(database).counts()["documents"] == 0
