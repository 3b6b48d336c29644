"""What stands on the shelf: documents with what has been done with them, conversations with their branches."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from app.core.errors import DocumentError
from app.documents.readers.registry import is_document_name
from app.inference.generator import ModelInfo
from app.services.conversations import ConversationService
from app.services.library import LibraryService
from app.services.reading import ReadingService
from app.services.shelf_rows import (
    DocumentState,
    ShelfBranch,
    ShelfConversation,
    ShelfDocument,
    ShelfHit,
    document_key,
    file_key,
)
from app.storage.refusals import RefusalStore
from app.storage.summaries import SummaryStore

EXCERPT_CHARS = 120


class ShelfService:
    """The library and the conversations, as lists to choose from."""

    def __init__(
        self,
        library: LibraryService,
        summaries: SummaryStore,
        conversations: ConversationService,
        reading: ReadingService,
        refusals: RefusalStore,
        *,
        now: Callable[[], float],
    ) -> None:
        self._library = library
        self._summaries = summaries
        self._conversations = conversations
        self._reading = reading
        self._refusals = refusals
        self._now = now

    def documents(self, info: ModelInfo | None) -> list[ShelfDocument]:
        """Refused files first, then documents, last opened first. info: the model that may have read them."""
        begun = self._summaries.progress()
        ends = self._reading.documents_read(info) if info is not None else frozenset()
        rows = [self._refused(*row) for row in self._refusal_rows()]
        for entry in self._library.entries():
            place = (entry.document_id, entry.page_range)
            share = begun.get(place, 0.0)
            state = DocumentState.READ if share >= 1.0 or place in ends else DocumentState.NEW
            if state is DocumentState.NEW and share > 0.0:
                state = DocumentState.READING
            rows.append(
                ShelfDocument(
                    key=document_key(*place),
                    document_id=entry.document_id,
                    page_range=entry.page_range,
                    title=entry.title,
                    path=entry.path,
                    pages=entry.pages,
                    state=state,
                    progress=share,
                    opened_at=entry.opened_at,
                    page_kind=entry.page_kind,
                )
            )
        return rows

    def refuse(self, path: Path, error: DocumentError) -> None:
        """Note that a file could not be read, and why."""
        self._refusals.add(_text(path), code=error.code, message=error.message, now=self._now())

    def forget_refusal(self, path: Path) -> None:
        """Take a file off the list of those that could not be read."""
        self._refusals.remove(_text(path))

    def conversations(self) -> list[ShelfConversation]:
        """All of them, last changed first."""
        titles = {entry.document_id: entry.title for entry in self._library.entries()}
        return [self._conversation(row, titles) for row in self._conversations.overview()]

    def search(self, words: str, *, limit: int = 50) -> list[ShelfHit]:
        """Conversations whose turns or titles hold these words, best first."""
        return [
            ShelfHit(hit.conversation_id, hit.turn_id, hit.title, hit.snippet)
            for hit in self._conversations.search(words, limit=limit)
        ]

    def _refusal_rows(self) -> Iterator[tuple[str, str, str]]:
        for refusal in self._refusals.all():
            yield refusal.path, refusal.code, refusal.message

    def _refused(self, path: str, code: str, message: str) -> ShelfDocument:
        state = DocumentState.NEEDS_PASSWORD if code == "password" else DocumentState.REFUSED
        return ShelfDocument(
            key=file_key(path),
            document_id="",
            page_range="",
            title=Path(path).name,
            path=path,
            pages=0,
            state=state,
            problem=message,
        )

    def _conversation(self, row: dict[str, Any], titles: dict[str, str]) -> ShelfConversation:
        branches: tuple[ShelfBranch, ...] = ()
        if row["branches"] > 1:
            tree = self._conversations.tree(row["id"])
            lengths: dict[int | None, int] = defaultdict(int)
            for turn in tree.turns:  # a turn is stored after its parent
                lengths[turn.id] = lengths[turn.parent_id] + 1
            branches = tuple(
                ShelfBranch(tip.id, lengths[tip.id], _excerpt(tip.text), tip.id == row["tip_turn_id"])
                for tip in tree.tips
            )
        document_id = row["document_id"] or ""
        return ShelfConversation(
            id=row["id"],
            title=row["title"],
            updated_at=row["updated_at"],
            turns=row["turns"],
            branches=branches,
            document_title=titles.get(document_id, ""),
            document_id=document_id,
            page_range=row["page_range"],
        )


def documents_in(folder: Path) -> list[Path]:
    """Files in a folder, and in folders in it, that look like documents; hidden ones are left alone."""
    files: list[Path] = []
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        paths = (Path(parent, name) for name in names if is_document_name(name))
        files += [path for path in paths if path.is_file()]
    return sorted(files)


def _excerpt(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= EXCERPT_CHARS else line[: EXCERPT_CHARS - 1] + "…"


def _text(path: Path) -> str:
    return os.fsencode(path.absolute()).decode("utf-8", "replace")
