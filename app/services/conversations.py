"""Conversations that outlive the program: listed, searched, renamed, forked, put away and brought back, opened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from app.core.errors import UserError
from app.core.log import logger
from app.inference.generator import Sampling, TextGenerator
from app.services.conversation_state import TalkParts, stream_of
from app.services.library import LibraryDocument, LibraryService
from app.services.talk import OpenConversation
from app.storage.conversations import ConversationRecord, ConversationStore, TurnHit, TurnRecord

KEPT_AFTER_DELETION_S = 30 * 24 * 3600.0
"""How long a deletion can be undone."""

_log = logger("conversations")


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation with the turns of its branch in use, first to last."""

    conversation: ConversationRecord
    turns: tuple[TurnRecord, ...]


@dataclass(frozen=True, slots=True)
class Tree:
    """A conversation with all its turns in the order they were stored, and the last turn of each branch."""

    conversation: ConversationRecord
    turns: tuple[TurnRecord, ...]
    tips: tuple[TurnRecord, ...]


class ConversationService:
    """All conversations of one library."""

    def __init__(self, parts: TalkParts, library: LibraryService) -> None:
        self._parts = parts
        self._store: ConversationStore = parts.store
        self._library = library

    def use(self, *, sampling: Sampling, system_prompt: str) -> None:
        """How conversations that are opened from now on are led."""
        self._parts = replace(self._parts, sampling=sampling, system_prompt=system_prompt)

    def overview(self) -> list[dict[str, Any]]:
        """All conversations, last changed first."""
        return self._store.overview()

    def search(self, query: str, *, limit: int = 50) -> list[TurnHit]:
        """Turns and titles that hold the words of a query, best first."""
        return self._store.search(query, limit=limit)

    def deleted(self) -> list[ConversationRecord]:
        """What can still be brought back, last deleted first."""
        return self._store.deleted()

    def find(self, id_or_prefix: str, *, with_deleted: bool = False) -> ConversationRecord:
        """A conversation by its id or the beginning of it. UserError when none or several fit."""
        found = self._store.find(id_or_prefix, with_deleted=with_deleted) if id_or_prefix else []
        if not found:
            raise UserError(
                f"there is no conversation {id_or_prefix!r}; the list of conversations shows those there are",
                code="unknown-session",
            )
        if len(found) > 1:
            raise UserError(
                f"{id_or_prefix!r} begins {len(found)} conversations ({', '.join(c.id for c in found)}); give more",
                code="unknown-session",
            )
        return found[0]

    def transcript(self, id_or_prefix: str) -> Transcript:
        """The branch in use of a conversation; see `find`."""
        conversation = self.find(id_or_prefix)
        return Transcript(conversation, tuple(self._store.path_to(conversation.tip_turn_id)))

    def tree(self, id_or_prefix: str) -> Tree:
        """All branches of a conversation; see `find`."""
        conversation = self.find(id_or_prefix)
        return Tree(conversation, tuple(self._store.turns(conversation.id)), tuple(self._store.tips(conversation.id)))

    def rename(self, id_or_prefix: str, title: str) -> ConversationRecord:
        """Give a conversation another title, on one line. UserError for an empty one; see `find`."""
        title = " ".join(title.split())
        if not title:
            raise UserError("the new title is empty", code="title")
        conversation = self.find(id_or_prefix)
        self._store.rename(conversation.id, title, now=self._parts.now())
        return self.find(conversation.id)

    def delete(self, id_or_prefix: str) -> ConversationRecord:
        """Put a conversation away; `undelete` brings it back for 30 days. What was put away before that is erased."""
        conversation = self.find(id_or_prefix)
        now = self._parts.now()
        self._store.delete(conversation.id, now=now)
        before = now - KEPT_AFTER_DELETION_S
        old = [c.id for c in self._store.deleted() if c.deleted_at is not None and c.deleted_at < before]
        for conversation_id in old:
            # A state holds its last tokens: what is erased for good must not stay in it. A fork is read again.
            self._parts.keeper.forget(stream_of(conversation_id))
        erased = self._store.purge(before)
        _log.info("conversation %s: deleted; %d older ones erased for good", conversation.id, erased)
        return conversation

    def undelete(self, id_or_prefix: str) -> ConversationRecord:
        """Bring back a conversation that was deleted. UserError when none or several such fit."""
        gone = [c for c in self._store.deleted() if id_or_prefix and c.id.startswith(id_or_prefix)]
        if len(gone) != 1:
            raise UserError(
                f"{len(gone) or 'no'} deleted conversations begin with {id_or_prefix!r}; "
                "the list of deleted conversations shows those there are",
                code="unknown-session",
            )
        self._store.undelete(gone[0].id)
        return self.find(gone[0].id)

    def go_to(self, id_or_prefix: str, turn_id: int) -> None:
        """Use the branch that ends in this turn. StorageError when the conversation has no such turn; see `find`."""
        self._store.set_tip(self.find(id_or_prefix).id, turn_id, now=self._parts.now())

    def fork(self, id_or_prefix: str, turn_id: int | None = None) -> ConversationRecord:
        """A new conversation that begins with the turns up to `turn_id` (None: the tip) and shares their states."""
        source = self.find(id_or_prefix)
        at = turn_id if turn_id is not None else source.tip_turn_id
        turn = None if at is None else self._store.turn(at)
        if turn is None or turn.conversation_id != source.id:
            raise UserError(f"conversation {source.id} has no turn {at}", code="turn")
        new_id = self._parts.new_id()
        title = source.title if source.title.endswith(" (fork)") else f"{source.title} (fork)"
        self._store.fork(source.id, turn.id, new_id=new_id, title=title, now=self._parts.now())
        return self.find(new_id)

    def open(
        self,
        id_or_prefix: str | None,
        generator: TextGenerator,
        *,
        item: LibraryDocument | None = None,
        model_name: str = "",
    ) -> OpenConversation:
        """A conversation to go on with: a stored one, or a new one, on a document where `item` is given.

        model_name: what a new one is led with, where the generator may still be loading and need not be waited for.
        """
        if id_or_prefix is None:
            return OpenConversation(
                self._parts, generator, self._parts.new_id(), item=item, stored=False, tip=None, model_name=model_name
            )
        conversation = self.find(id_or_prefix)
        if conversation.document_id is not None:
            item = self._library.by_id(conversation.document_id, conversation.page_range)
        _log.info("conversation %s: resumed", conversation.id)
        return OpenConversation(
            self._parts,
            generator,
            conversation.id,
            item=item,
            stored=True,
            tip=conversation.tip_turn_id,
            model_name=conversation.model_name,
        )
