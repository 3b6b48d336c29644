"""Library and conversations: the lists, files that come in, and what is done to them from the lists."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from app.core.whole_file import write_atomically
from app.services.library import LibraryDocument
from app.services.page_images import PageImage
from app.services.shelf_rows import DocumentState, ShelfConversation, ShelfDocument, ShelfHit, document_key
from app.services.transcripts import conversation_text
from app.ui.controllers.engine import EngineController
from app.ui.controllers.imports import ImportController, OpenedDocument
from app.ui.job import Job, Task
from app.ui.jobs import Jobs, Lane
from app.ui.models.conversations import ConversationChosen


@dataclass(frozen=True, slots=True)
class Found:
    """Conversations that a search found."""

    words: str
    hits: tuple[ShelfHit, ...]


@dataclass(frozen=True, slots=True)
class Cover:
    """The first page of a document, small."""

    key: str
    image: PageImage


@dataclass(frozen=True, slots=True)
class _Lists:
    documents: list[ShelfDocument]
    conversations: list[ShelfConversation]


class ShelfController(QObject):
    """Everything about the lists on the left."""

    documents_changed = Signal(object)
    """Sequence of ShelfDocument."""
    conversations_changed = Signal(object)
    """Sequence of ShelfConversation."""
    refreshed = Signal()
    """Both are as the library has them now."""
    document_changed = Signal(object)
    """ShelfDocument, while it is opened or read."""
    opened = Signal(object)
    """OpenedDocument, from the library."""
    chat_opened = Signal(object)
    """ConversationChosen, of a conversation on no document, or on one that is no more."""
    found = Signal(object)
    """Found."""
    exported = Signal(object)
    """Path of a file that was written."""
    cover = Signal(object)
    """Cover."""
    failed = Signal(object)
    """Failure."""

    def __init__(
        self, jobs: Jobs, engine: EngineController, imports: ImportController, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self._engine = engine
        self._imports = imports
        self.documents: list[ShelfDocument] = []
        self._by_key: dict[str, ShelfDocument] = {}
        self.conversations: list[ShelfConversation] = []
        self._reading: dict[str, float] = {}
        self._refreshing: Job | None = None
        self._again = False
        self._search: Job | None = None
        self._connect()

    def _connect(self) -> None:
        self._imports.changed.connect(self._show_documents)
        self._imports.progressed.connect(self.document_changed)
        self._imports.ended.connect(self.refresh)

    def refresh(self) -> None:
        """Look at the library again. Asked for again meanwhile, it looks once more, not twice."""
        if self._refreshing is not None and self._refreshing.running:
            self._again = True
            return
        self._again = False
        info = self._engine.info

        def look(task: Task[None]) -> _Lists:
            return _Lists(task.desk.shelf.documents(info), task.desk.shelf.conversations())

        self._refreshing = self._jobs.submit(
            Lane.QUICK, look, done=self._refreshed, failed=self.failed.emit, ended=self._refresh_again
        )

    def document(self, key: str) -> ShelfDocument | None:
        """The document of the list that has this key."""
        return self._by_key.get(key)

    def open_document(
        self, row: ShelfDocument, *, front: bool = True, conversation: ConversationChosen | None = None
    ) -> None:
        """Show a document of the list: at once from the library, out of its file where that was not read yet."""
        if not row.document_id:
            self._imports.open_file(Path(row.path))
            return
        asked_at = time.monotonic()

        def look(task: Task[None]) -> LibraryDocument | None:
            return task.desk.library.by_id(row.document_id, row.page_range)

        def done(item: LibraryDocument | None) -> None:
            if item is None:
                self.refresh()
            else:
                password = self._imports.password(row.path)
                self.opened.emit(OpenedDocument(item, Path(row.path), password, asked_at, front, conversation))

        self._jobs.submit(Lane.QUICK, look, done=done, failed=self.failed.emit)

    def open_conversation(self, chosen: ConversationChosen) -> None:
        """Show a stored conversation, on its document where it has one."""

        def look(task: Task[None]) -> str:
            found = task.desk.conversations.find(chosen.conversation_id)
            return document_key(found.document_id, found.page_range) if found.document_id else ""

        def done(key: str) -> None:
            row = self.document(key)
            if row is None:
                self.chat_opened.emit(chosen)
            else:
                self.open_document(row, conversation=chosen)

        self._jobs.submit(Lane.QUICK, look, done=done, failed=self.failed.emit)

    def remove_document(self, row: ShelfDocument) -> None:
        """Take a document out of the library, or a refused file off the list; the file itself stays."""

        def remove(task: Task[None]) -> None:
            if row.document_id:
                task.desk.library.remove(row.document_id)
                task.desk.thumbnails.forget(row.document_id)
            else:
                task.desk.shelf.forget_refusal(Path(row.path))

        self._imports.cancel(row.key)
        self._change(remove)

    def rename(self, conversation_id: str, title: str) -> None:
        """Give a conversation another title."""
        self._change(lambda task: task.desk.conversations.rename(conversation_id, title))

    def delete(self, conversation_id: str) -> None:
        """Put a conversation away; `undelete` brings it back."""
        self._change(lambda task: task.desk.conversations.delete(conversation_id))

    def undelete(self, conversation_id: str) -> None:
        """Bring a deleted conversation back."""
        self._change(lambda task: task.desk.conversations.undelete(conversation_id))

    def duplicate(self, conversation_id: str) -> None:
        """A new conversation with the same turns."""
        self._change(lambda task: task.desk.conversations.fork(conversation_id))

    def export(self, conversation_id: str, path: Path) -> None:
        """Write a conversation to a file: all branches where its name ends in .json, else the one in use, to read."""

        def write(task: Task[None]) -> None:
            form: Literal["json", "markdown"] = "json" if path.suffix.lower() == ".json" else "markdown"
            text = conversation_text(task.desk.conversations, task.desk.library, conversation_id, form)
            write_atomically(path, text, kept="the conversation is kept in the library")

        self._jobs.submit(Lane.QUICK, write, done=lambda _: self.exported.emit(path), failed=self.failed.emit)

    def search(self, words: str) -> None:
        """Look for words in all conversations; the last search counts."""
        if self._search is not None:
            self._search.abandon()
        if not words.strip():
            self.found.emit(Found(words, ()))
            return
        self._search = self._jobs.submit(
            Lane.QUICK,
            lambda task: Found(words, tuple(task.desk.shelf.search(words))),
            done=self.found.emit,
            failed=self.failed.emit,
        )

    def draw_cover(self, key: str) -> None:
        """Have the cover of a document drawn; `cover` tells it where there is one."""
        row = self.document(key)
        if row is None or not row.document_id:
            return
        document_id, path, password = row.document_id, Path(row.path), self._imports.password(row.path) or None

        def draw(task: Task[None]) -> PageImage | None:
            return task.desk.thumbnails.get(document_id, path, password)

        def done(image: PageImage | None) -> None:
            if image is not None:
                self.cover.emit(Cover(key, image))

        self._jobs.submit(Lane.COVERS, draw, done=done)

    def set_reading(self, key: str, share: float | None) -> None:
        """How far a document is being read now; None: it is not any more."""
        if share is None:
            if self._reading.pop(key, None) is not None:
                self.refresh()
            return
        self._reading[key] = share
        row = self.document(key)
        if row is not None:
            self.document_changed.emit(replace(row, state=DocumentState.READING, progress=share))

    def _change(self, work: Callable[[Task[None]], object]) -> None:
        self._jobs.submit(Lane.QUICK, work, failed=self.failed.emit, ended=self.refresh)

    def _refreshed(self, lists: _Lists) -> None:
        self.documents, self.conversations = lists.documents, lists.conversations
        self._by_key = {row.key: row for row in self.documents}
        self._show_documents()
        self.conversations_changed.emit(self.conversations)
        self.refreshed.emit()

    def _refresh_again(self) -> None:
        if self._again:
            self.refresh()

    def _show_documents(self) -> None:
        opening = self._imports.rows
        paths = {row.path for row in opening}
        shown = [row for row in self.documents if row.document_id or row.path not in paths]
        self.documents_changed.emit([*opening, *map(self._as_it_is_now, shown)])

    def _as_it_is_now(self, row: ShelfDocument) -> ShelfDocument:
        share = self._reading.get(row.key)
        return row if share is None else replace(row, state=DocumentState.READING, progress=share)
