"""Conversations that outlive the program: a turn is on disk before it counts as done."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from app.core.errors import UserError
from app.core.log import logger
from app.inference.generator import Cancelled, Generation, Message, ModelInfo, TextGenerator, never
from app.services.codec import dumps
from app.storage.conversations import ConversationRecord, ConversationStore, TurnRecord
from app.tasks.chat import CHAT_SAMPLING, Chat

TITLE_LENGTH = 60

_log = logger("conversations")


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation with the turns of its newest branch, first to last."""

    conversation: ConversationRecord
    turns: tuple[TurnRecord, ...]


class ConversationService:
    """Begins, resumes and shows conversations."""

    def __init__(self, store: ConversationStore, *, now: Callable[[], float], new_id: Callable[[], str]) -> None:
        self._store = store
        self._now = now
        self._new_id = new_id

    def overview(self) -> list[dict[str, Any]]:
        """All conversations, last changed first."""
        return self._store.overview()

    def transcript(self, id_or_prefix: str) -> Transcript:
        """A stored conversation by its id or the beginning of it. UserError when none or several fit."""
        found = self._store.find(id_or_prefix) if id_or_prefix else []
        if not found:
            raise UserError(
                f"no session {id_or_prefix!r}; `griffin-desk sessions list` shows those there are",
                code="unknown-session",
            )
        if len(found) > 1:
            raise UserError(
                f"{id_or_prefix!r} begins {len(found)} conversations ({', '.join(c.id for c in found)}); give more",
                code="unknown-session",
            )
        return Transcript(found[0], tuple(self._store.path_to(found[0].tip_turn_id)))

    def open(self, id_or_prefix: str | None, generator: TextGenerator) -> OpenConversation:
        """A conversation to go on with: a new one, or a stored one whose turns are told to the model again."""
        if id_or_prefix is None:
            return OpenConversation(self._store, self._now, generator, self._new_id(), ())
        transcript = self.transcript(id_or_prefix)
        _log.info("conversation %s: resumed, %d turns replayed", transcript.conversation.id, len(transcript.turns))
        return OpenConversation(self._store, self._now, generator, transcript.conversation.id, transcript.turns)


class OpenConversation:
    """A live conversation. It is stored with its first turn, so opening one and leaving keeps nothing."""

    def __init__(
        self,
        store: ConversationStore,
        now: Callable[[], float],
        generator: TextGenerator,
        conversation_id: str,
        turns: tuple[TurnRecord, ...],
    ) -> None:
        self.id = conversation_id
        self._store = store
        self._now = now
        self._generator = generator
        self._tip = turns[-1].id if turns else None
        # A user's turn without an answer (killed while writing) is left out, or the model would answer two at once.
        answered = turns[:-1] if turns and turns[-1].role == "user" else turns
        if answered is not turns:
            self._tip = answered[-1].id if answered else None
        self.stored = bool(turns)
        self._chat = Chat(generator, [_message(turn) for turn in answered])

    def say(
        self, text: str, *, on_text: Callable[[str], None] | None = None, cancelled: Cancelled = never
    ) -> Generation:
        """Store the user's turn, write the answer, store it; returns when it is on disk."""
        if not self.stored:
            self._store.create(self.id, title=_title(text), model_name=self._generator.info.name, now=self._now())
            self.stored = True
        self._tip = self._store.add_turn(self.id, parent_id=self._tip, role="user", text=text, now=self._now())
        generation = self._chat.reply(text, on_text=on_text, cancelled=cancelled)
        self._tip = self._store.add_turn(
            self.id,
            parent_id=self._tip,
            role="assistant",
            text=generation.text,
            now=self._now(),
            details=dumps(_details(generation, self._generator.info)),
        )
        return generation

    def close(self) -> None:
        """Free the model's state."""
        self._chat.close()


def _message(turn: TurnRecord) -> Message:
    if turn.role == "assistant":
        return Message("assistant", turn.text)
    return Message("user", turn.text) if turn.role == "user" else Message("system", turn.text)


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


def _details(generation: Generation, info: ModelInfo) -> dict[str, Any]:
    return {
        "finish_reason": generation.finish_reason.value,
        "tokens": len(generation.token_ids),
        "model_fingerprint": info.fingerprint,
        "sampling": asdict(CHAT_SAMPLING),
    }
