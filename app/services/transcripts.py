"""Conversations as files: Markdown to read, JSON to keep and to bring into another library.

The JSON holds all branches:

    {"format": "griffin-desk conversation", "version": 1, "title": ..., "model": ..., "created_at": seconds since 1970,
     "document": {"id": SHA-256 of the file, "pages": "" for all} or null, "tip": number of the turn in use or null,
     "turns": [{"parent": number of an earlier turn or null, "role": ..., "text": ..., "details": {...},
                "created_at": ...}]}

A turn's number is its place in the list, from 0. States are not exported: the turns are told to the model again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from app.core.errors import UserError
from app.core.text import clean, json_text, one_line
from app.services.conversations import ConversationService, Transcript, Tree
from app.services.library import LibraryService
from app.storage.conversations import ConversationStore, NewTurn
from app.storage.documents import DocumentStore

FORMAT = "griffin-desk conversation"
VERSION = 1
ROLES = ("system", "user", "assistant")
MAX_FILE_BYTES = 256 << 20
_YEAR_10000 = 253_402_300_800
"""In seconds since 1970: the first time that cannot be shown."""
_SPEAKERS = {"user": "You", "assistant": "Model", "system": "System"}


def to_markdown(transcript: Transcript, *, document_title: str = "") -> str:
    """The branch in use, for people."""
    conversation = transcript.conversation
    begun = datetime.fromtimestamp(conversation.created_at, UTC).strftime("%Y-%m-%d %H:%M UTC")
    about = f", about *{document_title}*" if document_title else ""
    parts = [f"# {conversation.title}", f"*With {conversation.model_name}, begun {begun}{about}*"]
    for turn in transcript.turns:
        parts += [f"## {_SPEAKERS.get(turn.role, turn.role)}", turn.text.strip()]
    return "\n\n".join(parts) + "\n"


def conversation_text(
    conversations: ConversationService, library: LibraryService, conversation_id: str, form: Literal["markdown", "json"]
) -> str:
    """A conversation as the text of a file: its branch in use to read, or all of it to keep. Raises UserError."""
    tree = conversations.tree(conversation_id)
    if form == "json":
        return json_text(to_json(tree))
    title, conversation = "", tree.conversation
    if conversation.document_id is not None:
        item = library.by_id(conversation.document_id, conversation.page_range)
        title = item.document.title if item is not None else ""
    return clean(to_markdown(conversations.transcript(conversation.id), document_title=one_line(title)))


def to_json(tree: Tree) -> dict[str, Any]:
    """All branches; see the module's description."""
    conversation = tree.conversation
    numbers = {turn.id: number for number, turn in enumerate(tree.turns)}
    document = {"id": conversation.document_id, "pages": conversation.page_range}
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": conversation.title,
        "model": conversation.model_name,
        "created_at": conversation.created_at,
        "document": document if conversation.document_id is not None else None,
        "tip": None if conversation.tip_turn_id is None else numbers[conversation.tip_turn_id],
        "turns": [
            {
                "parent": None if turn.parent_id is None else numbers[turn.parent_id],
                "role": turn.role,
                "text": turn.text,
                "details": json.loads(turn.details) if turn.details else {},
                "created_at": turn.created_at,
            }
            for turn in tree.turns
        ],
    }


class TranscriptImporter:
    """Brings exported conversations into the library."""

    def __init__(
        self,
        store: ConversationStore,
        documents: DocumentStore,
        service: ConversationService,
        *,
        new_id: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self._store = store
        self._documents = documents
        self._service = service
        self._new_id = new_id
        self._now = now

    def take(self, text: str) -> Tree:
        """Store an exported conversation under a new id, whole or not at all; UserError names what is wrong with it.

        A document that this library does not hold is left out: the turns stay.
        """
        value = _parsed(text)
        turns = [_turn(number, turn) for number, turn in enumerate(_of(list, value, "turns"))]
        tip = _of((int, type(None)), value, "tip")
        if tip is not None and not 0 <= tip < len(turns):
            raise _wrong(f"its tip is {tip}, expected one of {len(turns)} turns")
        document_id, page_range = self._document(value)
        new_id = self._new_id()
        self._store.insert_tree(
            new_id,
            turns,
            title=" ".join(_of(str, value, "title").split()) or "imported",
            model_name=_of(str, value, "model"),
            now=self._now(),
            tip=tip,
            document_id=document_id,
            page_range=page_range,
        )
        return self._service.tree(new_id)

    def _document(self, value: Mapping[str, Any]) -> tuple[str | None, str]:
        document = _of((dict, type(None)), value, "document")
        if document is None:
            return None, ""
        document_id, pages = _of(str, document, "id"), _of(str, document, "pages")
        return (document_id, pages) if self._documents.find(document_id, pages, None) is not None else (None, "")


def _parsed(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _wrong(f"it is no JSON: {error}") from error
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise _wrong("it is no conversation that Griffin Desk exported")
    if value.get("version") != VERSION:
        raise _wrong(f"its version is {value.get('version')!r:.20}, this Griffin Desk knows {VERSION}: update it")
    return value


def _turn(number: int, value: object) -> NewTurn:
    if not isinstance(value, dict):
        raise _wrong(f"turn {number} is no object")
    parent = _of((int, type(None)), value, "parent")
    if parent is not None and not 0 <= parent < number:
        raise _wrong(f"turn {number} has parent {parent}, expected an earlier turn")
    role = _of(str, value, "role")
    if role not in ROLES:
        raise _wrong(f"turn {number} has role {role!r:.40}, expected one of {', '.join(ROLES)}")
    created_at = _of((int, float), value, "created_at")
    if not 0 <= created_at < _YEAR_10000:
        raise _wrong(f"turn {number} was created at {created_at!r:.20}, expected seconds since 1970")
    details = json.dumps(_of(dict, value, "details"), ensure_ascii=True)
    return NewTurn(parent, role, _of(str, value, "text"), details, float(created_at))


def _of(kind: Any, value: Mapping[str, Any], name: str) -> Any:
    """A member of this type; UserError names it."""
    if name not in value:
        raise _wrong(f"{name!r} is missing")
    found = value[name]
    if not isinstance(found, kind) or isinstance(found, bool):
        raise _wrong(f"{name!r} is {found!r:.40}")
    # A lone surrogate is legal in JSON and not in SQLite.
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else found


def _wrong(what: str) -> UserError:
    return UserError(f"this file cannot be imported: {what}", code="import")
