"""A live conversation: every turn is on disk before it counts as done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from app.core.errors import UserError, WorkerLostError
from app.core.log import logger
from app.inference.generator import (
    Cancelled,
    FinishReason,
    Generation,
    ModelInfo,
    ReadCancelled,
    Sampling,
    TextGenerator,
    never,
)
from app.services.codec import dumps
from app.services.conversation_state import ConversationState, Notice, TalkParts, place_of
from app.services.found_answer import any_told, found_answer
from app.services.library import LibraryDocument
from app.services.reading import SAMPLE_CHARS, Estimate, ReadingDone, ReadingEvent
from app.services.restarts import Restarts
from app.services.shown_answer import ShownAnswer
from app.storage.conversations import TurnRecord
from app.tasks.chat import MAX_ANSWER_TOKENS, chat_sampling

TITLE_LENGTH = 60

OnText = Callable[[str], None]

_log = logger("conversations")


@dataclass(frozen=True, slots=True)
class Plan:
    """What going on from the tip will cost before the first answer.

    reading: of the attached document, None where that was read. replayed: turns that the model is told again, of about
    `replayed_tokens`; seconds: for both, None where the model's speed is not known. reason: why, '' where it costs
    nothing. other_model: the model that the conversation was led with, '' where it is this one.
    """

    reading: Estimate | None
    replayed: int
    replayed_tokens: int
    seconds: float | None
    reason: str
    other_model: str


class OpenConversation:
    """One conversation with one model. It is stored with its first turn, so opening one and leaving keeps nothing."""

    def __init__(
        self,
        parts: TalkParts,
        generator: TextGenerator,
        conversation_id: str,
        *,
        item: LibraryDocument | None,
        stored: bool,
        tip: int | None,
        model_name: str,
    ) -> None:
        self.id = conversation_id
        self.stored = stored
        self.item = item
        """The document that the conversation is about, read before the first turn."""
        self.tip = tip
        """Id of the turn that the branch in use ends in; it may be a question without an answer."""
        self._parts = parts
        self._generator = generator
        self._model_name = model_name
        self._state = ConversationState(parts, generator, item)

    def plan(self) -> Plan:
        """What the next turn will have to read first.

        Looks at what is kept; only where much is to be read by a model that never read here, it reads a little of it.
        """
        info, reading = self._generator.info, self._parts.reading
        replayed, reason, found = self._replayed(info)
        estimate: Estimate | None = None
        if self.item is not None and self._must_read(self.item, found):
            estimate = reading.estimate(self.item, self._generator)
            reason = reason or reading.why_unread(self.item, info)
        tokens = sum(len(self._generator.tokenize(turn.text)) for turn in replayed)
        tokens_in_all = tokens + (estimate.tokens if estimate else 0)
        sample = self.item.document.text[:SAMPLE_CHARS] if self.item and estimate else _texts(replayed)
        seconds = reading.seconds_for(tokens_in_all, self._generator, sample)
        other = self._model_name if self._model_name not in ("", info.name) else ""
        return Plan(estimate, len(replayed), tokens, seconds, reason, other)

    def prepare(self, *, cancelled: Cancelled = never) -> Iterator[ReadingEvent]:
        """Read the attached document where that has not been done: the first turn need not wait for it then.

        Raises ReadCancelled.
        """
        # Not by the plan: its forecast may read some of the document, which nothing stops.
        if self.item is None or not self._must_read(self.item, self._replayed(self._generator.info)[2]):
            return
        for event in self._parts.reading.read(self.item, self._generator, cancelled=cancelled):
            if isinstance(event, ReadingDone):
                self._state.begin_with(event.state)
            yield event

    def _must_read(self, item: LibraryDocument, found: bool) -> bool:
        """Whether the document is to be read first; `found`: a turn's state is kept, which comes after it."""
        is_read = self._state.has_base or self._parts.reading.is_read(item, self._generator.info)
        return not (found or is_read)

    def _replayed(self, info: ModelInfo) -> tuple[list[TurnRecord], str, bool]:
        """The turns that are told again before the next, why, and whether there is a kept state before them."""
        keeper = self._parts.keeper
        replayed: list[TurnRecord] = []
        reason, found = "", False
        for turn in reversed(self._path(self._answered(self.tip))):
            if turn.role == "assistant" and found_answer(turn) is None:
                place = place_of(turn, info)
                found = bool(turn.state_key) and keeper.has(place)
                if found:
                    break
                reason = reason or keeper.why_missing(place)
            replayed.append(turn)
        return (replayed if any_told(replayed) else []), reason, found

    def say(
        self,
        text: str,
        *,
        on_text: OnText | None = None,
        on_notice: Notice = _log.info,
        cancelled: Cancelled = never,
    ) -> Generation:
        """Store the user's turn, write the answer, store it; returns when it is on disk.

        An answer that is cancelled before its first word is not stored, and the question stays without one.
        """
        return self.answer(self.ask(text), on_text=on_text, on_notice=on_notice, cancelled=cancelled)

    def edit(
        self,
        turn_id: int,
        text: str,
        *,
        on_text: OnText | None = None,
        on_notice: Notice = _log.info,
        cancelled: Cancelled = never,
    ) -> Generation:
        """Ask something else in place of an earlier turn of the user's: a new branch, the old one stays."""
        return self.answer(self.ask_instead(turn_id, text), on_text=on_text, on_notice=on_notice, cancelled=cancelled)

    def regenerate(
        self,
        *,
        on_text: OnText | None = None,
        on_notice: Notice = _log.info,
        cancelled: Cancelled = never,
    ) -> Generation:
        """Another answer to the last question, or the first to one that has none: a new branch, the old one stays."""
        return self.answer(self.last_question(), on_text=on_text, on_notice=on_notice, cancelled=cancelled)

    def ask(self, text: str) -> TurnRecord:
        """Store a question that follows on the tip; it has no answer yet."""
        return self._ask(self._answered(self.tip), text)

    def ask_instead(self, turn_id: int, text: str) -> TurnRecord:
        """Store a question in place of an earlier one. UserError when that turn is not the user's."""
        turn = self._turn(turn_id)
        if turn.role != "user":
            raise UserError(f"turn {turn_id} is the model's; a question of yours can be edited", code="turn")
        return self._ask(self._answered(turn.parent_id), text)

    def last_question(self) -> TurnRecord:
        """The question that the tip is, or is the answer to. UserError when there is none."""
        turn = None if self.tip is None else self._turn(self.tip)
        if turn is not None and turn.role == "assistant":
            turn = None if turn.parent_id is None else self._turn(turn.parent_id)
        if turn is None or turn.role != "user":
            raise UserError("there is no question to answer yet", code="turn")
        return turn

    def keep_answer(self, question: TurnRecord, text: str, details: str) -> TurnRecord:
        """Store an answer that was made without the conversation's state; the model is told of it before its next."""
        self.tip = self._parts.store.add_turn(
            self.id, parent_id=question.id, role="assistant", text=text, now=self._parts.now(), details=details
        )
        return self._turn(self.tip)

    def go_to(self, turn_id: int) -> None:
        """Go on from another turn of the tree: an earlier one, or another branch. UserError when there is none such."""
        turn = self._turn(turn_id)
        self._parts.store.set_tip(self.id, turn.id, now=self._parts.now())
        self.tip = turn.id

    @property
    def position(self) -> int | None:
        """Tokens that the conversation's live state has taken in; None where none is live."""
        return self._state.position

    def turns(self) -> list[TurnRecord]:
        """The branch in use, first turn to last."""
        return self._path(self.tip)

    def close(self) -> None:
        """Free the model's states, and wait until what was said is kept."""
        self._state.close()

    def _ask(self, parent_id: int | None, text: str) -> TurnRecord:
        store = self._parts.store
        if not self.stored:
            store.create(
                self.id,
                title=title_of(text),
                model_name=self._model_name or self._generator.info.name,
                now=self._parts.now(),
                document_id=None if self.item is None else self.item.document.content_hash,
                page_range="" if self.item is None else self.item.page_range,
            )
            self.stored = True
        self.tip = self._add(parent_id, "user", text)
        return self._turn(self.tip)

    def answer(
        self,
        question: TurnRecord,
        *,
        on_text: OnText | None = None,
        on_notice: Notice = _log.info,
        cancelled: Cancelled = never,
    ) -> Generation:
        """Write the answer to a question from the conversation's state, and store it; see `say`."""
        sampling = chat_sampling(self._parts.new_seed(), self._parts.sampling)
        shown = ShownAnswer(on_text, on_notice)
        path = self._path(question.id)
        restarts = Restarts(f"conversation {self.id}")
        while True:
            try:
                self._state.stand(path, on_notice, cancelled)
                generation = self._generator.generate(
                    self._state.live,
                    [],
                    sampling=sampling,
                    max_new_tokens=MAX_ANSWER_TOKENS,
                    on_text=shown.add,
                    cancelled=cancelled,
                )
                break
            except WorkerLostError as error:
                self._state.drop()
                on_notice(restarts.lost(error).message)
                # The same seed on the same state: what was shown comes out again and is not shown twice.
                shown.again()
            except ReadCancelled:
                self._state.drop()
                return Generation("", (), FinishReason.CANCELLED)
            except BaseException:
                self._state.drop()  # it may stand anywhere within the turn
                raise
        if generation.finish_reason is FinishReason.CANCELLED and not generation.token_ids:
            self._state.drop()
            return generation
        try:
            self.tip = self._add(
                question.id, "assistant", generation.text, dumps(_details(generation, self._generator.info, sampling))
            )
        except BaseException:
            self._state.drop()  # it has an answer in it that no turn holds
            raise
        self._state.reached(self._turn(self.tip), question)
        return generation

    def _add(self, parent_id: int | None, role: str, text: str, details: str = "") -> int:
        return self._parts.store.add_turn(
            self.id,
            parent_id=parent_id,
            role=role,
            text=text,
            now=self._parts.now(),
            details=details,
            state_key=f"{self.id}/{self._parts.new_id()}",
        )

    def _path(self, turn_id: int | None) -> list[TurnRecord]:
        return self._parts.store.path_to(turn_id)

    def _turn(self, turn_id: int) -> TurnRecord:
        turn = self._parts.store.turn(turn_id)
        if turn is None or turn.conversation_id != self.id:
            raise UserError(f"this conversation has no turn {turn_id}", code="turn")
        return turn

    def _answered(self, turn_id: int | None) -> int | None:
        """The turn itself, or the last one before it that is no question without an answer (killed while writing).

        Such a question stays in the tree; told to the model, it would make it answer two at once.
        """
        while turn_id is not None:
            turn = self._parts.store.turn(turn_id)
            if turn is None or turn.role != "user":
                break
            turn_id = turn.parent_id
        return turn_id


def _texts(turns: Iterable[TurnRecord]) -> str:
    return "\n\n".join(turn.text for turn in turns)


def title_of(text: str) -> str:
    """A conversation's title: the beginning of its first turn."""
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1] + "…"


def _details(generation: Generation, info: ModelInfo, sampling: Sampling) -> dict[str, Any]:
    return {
        "finish_reason": generation.finish_reason.value,
        "tokens": len(generation.token_ids),
        "model": info.name,
        "model_fingerprint": info.fingerprint,
        "sampling": asdict(sampling),
    }
