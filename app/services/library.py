"""Bringing a file into the library: read once, found again by its bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from app.core.errors import DocumentError
from app.core.log import logger
from app.documents.files import check_file
from app.documents.hashing import content_hash
from app.documents.limits import PageRange
from app.documents.model import Document, Page, PageKind, Passage, Section
from app.documents.passages import split_passages
from app.inference.generator import Cancelled, never
from app.storage.documents import DocumentStore, PageRecord, PassageRecord, Reading, SectionRecord

READER_VERSION = "5"
"""Raise it when readers, normalisation, outline or passages change what they make of the same bytes."""

_log = logger("library")

PagesRead = Callable[[int, int], None]
"""Called with pages read so far and pages in all."""


class DocumentLoader(Protocol):
    """A file to a Document; the real one reads in a process of its own (`app.worker.reading.load_document`)."""

    def __call__(
        self,
        path: Path,
        *,
        password: str | None = None,
        pages: PageRange | None = None,
        on_page: PagesRead | None = None,
        cancelled: Cancelled = never,
    ) -> Document:
        """Raises DocumentError."""
        ...


@dataclass(frozen=True, slots=True)
class LibraryDocument:
    """A document of the library with its passages; `page_range` is '' for the whole file."""

    document: Document
    passages: tuple[Passage, ...]
    page_range: str
    reused: bool
    """True when it was found in the library and not read again."""
    reader_version: str = READER_VERSION
    """Which version of the readers made it of the file's bytes; `by_id` gives older ones too."""

    @property
    def document_id(self) -> str:
        """The document's content hash."""
        return self.document.content_hash


@dataclass(frozen=True, slots=True)
class LibraryEntry:
    """A document of the library, without its text."""

    document_id: str
    page_range: str
    """'' for the whole file."""
    title: str
    path: str
    """Where the file was when it was last opened."""
    pages: int
    opened_at: float = 0.0
    """When that was, in seconds since 1970."""
    page_kind: str = PageKind.PAGE.value
    """What its pages are, see PageKind."""


class LibraryService:
    """Documents on disk and in the library database."""

    def __init__(self, store: DocumentStore, *, load: DocumentLoader, now: Callable[[], float]) -> None:
        self._store = store
        self._load = load
        self._now = now

    def import_file(
        self,
        path: Path,
        *,
        password: str | None = None,
        pages: PageRange | None = None,
        on_page: PagesRead | None = None,
        cancelled: Cancelled = never,
    ) -> LibraryDocument:
        """The document in a file: from the library where this reader has read the same bytes and pages before.

        Raises DocumentError for a file that cannot be read, StorageError or ResourceError when it cannot be kept.
        """
        page_range = range_label(pages)
        document_id = file_id(path)
        stored = self._store.find(document_id, page_range, READER_VERSION)
        if stored is not None:
            _log.info("document %s: reading hit, pages %s", document_id[:12], page_range or "all")
            self._store.touch(document_id, path=_path_text(path), now=self._now())
            return _from_reading(stored, reused=True)
        _log.info(
            "document %s: reading miss, pages %s: not read by version %s",
            document_id[:12],
            page_range or "all",
            READER_VERSION,
        )
        nbytes = _size(path)  # before it is read: it may be gone then
        document = self._load(path, password=password, pages=pages, on_page=on_page, cancelled=cancelled)
        passages = tuple(split_passages(document))
        self._store.save(
            to_reading(document, passages, page_range),
            path=_path_text(path),
            nbytes=nbytes,
            now=self._now(),
        )
        return LibraryDocument(document, passages, page_range, reused=False, reader_version=READER_VERSION)

    def find(self, path: Path, pages: PageRange | None) -> LibraryDocument | None:
        """The document in a file where it was read before, without reading it now."""
        stored = self._store.find(file_id(path), range_label(pages), READER_VERSION)
        return _from_reading(stored, reused=True) if stored is not None else None

    def by_id(self, document_id: str, page_range: str) -> LibraryDocument | None:
        """A document that the library holds, wherever its file may be now and whichever version read it."""
        stored = self._store.find(document_id, page_range, None)
        return _from_reading(stored, reused=True) if stored is not None else None

    def entries(self) -> list[LibraryEntry]:
        """Every document of the library, last opened first: the whole of it, or each page range that was read."""
        return [LibraryEntry(**entry) for entry in self._store.entries()]

    def remove(self, document_id: str) -> bool:
        """Take a document out of the library with its summaries; conversations about it stay. Whether it was there."""
        removed = self._store.remove(document_id)
        _log.info("document %s: %s", document_id[:12], "removed" if removed else "not there to remove")
        return removed


def file_id(path: Path) -> str:
    """The id of the document in a file; DocumentError when it is no readable file."""
    check_file(path)
    try:
        return content_hash(path)
    except OSError as error:
        raise DocumentError(f"{path} cannot be read ({error.strerror or error})", code="unreadable") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # it is gone: whoever reads it says so


def _path_text(path: Path) -> str:
    """Where a file is, for people to read: bytes of its name that are no UTF-8 show as U+FFFD."""
    return os.fsencode(path.absolute()).decode("utf-8", "replace")


def range_label(pages: PageRange | None) -> str:
    """A page range as the library files it: '' for all pages."""
    return "" if pages is None else str(pages)


def to_reading(document: Document, passages: tuple[Passage, ...], page_range: str) -> Reading:
    """A document and its passages as the library keeps them."""
    return Reading(
        document_id=document.content_hash,
        page_range=page_range,
        reader_version=READER_VERSION,
        title=document.title,
        format=document.format,
        page_kind=document.page_kind.value,
        warnings=document.warnings,
        pages=tuple(PageRecord(p.number, p.text, p.problem) for p in document.pages),
        sections=tuple(
            SectionRecord(s.title, s.level, s.start, s.end, s.page_from, s.page_to) for s in document.sections
        ),
        passages=tuple(
            PassageRecord(p.id, p.text, p.start, p.end, p.page_from, p.page_to, p.section_index) for p in passages
        ),
    )


def _from_reading(reading: Reading, *, reused: bool) -> LibraryDocument:
    document = Document(
        title=reading.title,
        format=reading.format,
        content_hash=reading.document_id,
        page_kind=PageKind(reading.page_kind),
        pages=tuple(Page(p.number, p.text, p.problem) for p in reading.pages),
        sections=tuple(
            Section(i, s.title, s.level, s.start, s.end, s.page_from, s.page_to) for i, s in enumerate(reading.sections)
        ),
        warnings=reading.warnings,
    )
    passages = tuple(
        Passage(p.number, p.text, p.start, p.end, p.page_from, p.page_to, p.section_index) for p in reading.passages
    )
    return LibraryDocument(document, passages, reading.page_range, reused, reading.reader_version)
