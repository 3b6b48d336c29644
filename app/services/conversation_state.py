"""The model's state during a conversation: live where it can be, kept after every turn, brought back where it is not.

It is kept twice a turn: when the question has been read, so that another answer to it reads nothing, and when the
answer has been written, so that the next turn, another branch or a fork goes on from there. Where a state is gone, the
turns since the nearest one are told to the model again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.core.errors import WorkerLostError
from app.core.log import logger
from app.inference.generator import Cancelled, Message, ModelInfo, Sampling, StateRef, TextGenerator
from app.services.found_answer import any_told
from app.services.library import LibraryDocument
from app.services.reading import ReadingDone, ReadingService
from app.services.restarts import Recovered
from app.services.states import NOT_KEPT, Restored, StateKeeper
from app.storage.conversations import ConversationStore, TurnRecord
from app.storage.snapshots import Place, SnapshotKind
from app.tasks.chat import CHAT_SAMPLING, SYSTEM_PROMPT, turns_prompt

Notice = Callable[[str], None]
"""Told in one line what was not as expected, such as turns that are read again."""

_log = logger("conversations")


@dataclass(frozen=True, slots=True)
class TalkParts:
    """What a conversation works with."""

    store: ConversationStore
    keeper: StateKeeper
    reading: ReadingService
    now: Callable[[], float]
    new_id: Callable[[], str]
    new_seed: Callable[[], int]
    sampling: Sampling = CHAT_SAMPLING
    """How answers are drawn; each with a seed of its own."""
    system_prompt: str = SYSTEM_PROMPT


class ConversationState:
    """At most two live states of one generator: the conversation's own, and the document's that it begins with."""

    def __init__(self, parts: TalkParts, generator: TextGenerator, item: LibraryDocument | None) -> None:
        self._parts = parts
        self._generator = generator
        self._item = item
        self._state: StateRef | None = None
        self._at: int | None = None
        """The turn after which the state stands; None where that is none."""
        self._base: StateRef | None = None
        """A state at the document's end; never advanced."""

    @property
    def live(self) -> StateRef:
        """The conversation's state, after `stand`."""
        assert self._state is not None
        return self._state

    @property
    def position(self) -> int | None:
        """Tokens that the live state has taken in; None where none is live."""
        return None if self._state is None else self._generator.position(self._state)

    @property
    def has_base(self) -> bool:
        """Whether the document's end is at hand."""
        return self._base is not None

    def begin_with(self, base: StateRef) -> None:
        """Take over the state at the document's end."""
        self._base = base

    def stand(self, path: Sequence[TurnRecord], notice: Notice, cancelled: Cancelled) -> None:
        """Bring the state to the end of the last turn of `path`, a question; the rest of the path leads to it.

        From the live state or the nearest one that is kept; the turns after that are read. Raises ReadCancelled, and
        then no state is live.
        """
        untold, begins = self._nearest(path, notice, cancelled)
        if untold:
            turns = [_message(turn) for turn in untold]
            prompt = turns_prompt(self._generator, turns, begins=begins, system=self._parts.system_prompt)
            self._generator.read(self.live, prompt, cancelled=cancelled)
            self.reached(path[-1], path[-2] if len(path) > 1 else None)

    def reached(self, turn: TurnRecord, parent: TurnRecord | None) -> None:
        """The state stands after this turn now: keep it under the turn's key."""
        self._at = turn.id
        if not turn.state_key:
            return
        try:
            place = place_of(turn, self._generator.info, "" if parent is None else parent.state_key)
            self._parts.keeper.keep(self._generator, self.live, place)
        except WorkerLostError as error:
            _log.warning("turn %d: state not kept: %s", turn.id, error.message)

    def drop(self) -> None:
        """Let the live state go; the next turn goes on from what is kept."""
        if self._state is not None:
            self._generator.drop(self._state)
            self._state = None
        self._at = None

    def close(self) -> None:
        """Free all states, and wait until those to be kept are."""
        self.drop()
        if self._base is not None:
            self._generator.drop(self._base)
            self._base = None
        self._parts.keeper.flush()

    def _nearest(
        self, path: Sequence[TurnRecord], notice: Notice, cancelled: Cancelled
    ) -> tuple[list[TurnRecord], bool]:
        """The turns still to be told to the model, and whether they are the first thing that it is told."""
        question = path[-1]
        if self._state is not None and self._at is not None:
            if self._at == question.id:
                return [], False
            if len(path) > 1 and self._at == path[-2].id:
                return [question], False
        self.drop()
        untold, reason = self._bring_back(path)
        if any_told(untold):
            again = "1 turn is" if len(untold) == 2 else f"{len(untold) - 1} turns are"
            notice(f"{again} read again: the saved state cannot be used ({reason})")
        begins = False
        if self._state is None:
            self._state, begins = self._fresh(notice, cancelled), self._item is None
        return untold, begins

    def _bring_back(self, path: Sequence[TurnRecord]) -> tuple[list[TurnRecord], str]:
        """Restore the state that is furthest along the path; the turns after it, and why none further could be used."""
        untold: list[TurnRecord] = []
        reason = ""
        for turn in reversed(path):
            # A state in the middle of a line stands after an answer, where the next turn follows on.
            if turn.state_key and (turn is path[-1] or turn.role == "assistant"):
                found = self._parts.keeper.restore(self._generator, place_of(turn, self._generator.info))
                if isinstance(found, Restored):
                    self._state, self._at = found.state, turn.id
                    break
                if found.reason != NOT_KEPT:
                    reason = reason or found.reason
            untold.insert(0, turn)
        return untold, reason or NOT_KEPT

    def _fresh(self, notice: Notice, cancelled: Cancelled) -> StateRef:
        """A state before the first turn: an empty one, or one that has read the document."""
        if self._item is None:
            return self._generator.new_state()
        self._drop_lost_base()
        if self._base is None:
            found = self._parts.reading.opened(self._item, self._generator)
            if isinstance(found, Restored):
                self._base = found.state
            else:
                notice(f"the document is read again: {found.reason}")
                for event in self._parts.reading.read(self._item, self._generator, cancelled=cancelled):
                    if isinstance(event, Recovered):
                        notice(event.message)
                    if isinstance(event, ReadingDone):
                        self._base = event.state
        assert self._base is not None  # reading ends with it
        return self._generator.fork(self._base)

    def _drop_lost_base(self) -> None:
        if self._base is None:
            return
        try:
            self._generator.position(self._base)
        except WorkerLostError:
            # Forgotten at once: what brings it back may be lost too.
            base, self._base = self._base, None
            self._generator.drop(base)


def place_of(turn: TurnRecord, info: ModelInfo, parent_key: str = "") -> Place:
    """Where the state after a turn is kept; a fork's turns lead to those of the conversation they were copied from."""
    stream = stream_of(turn.state_key.partition("/")[0])
    return Place(stream, turn.state_key, SnapshotKind.TURN, info.fingerprint, parent_key)


def stream_of(conversation_id: str) -> str:
    """The name under which the states of a conversation's turns are kept."""
    return f"conversation:{conversation_id}"


def _message(turn: TurnRecord) -> Message:
    if turn.role == "assistant":
        return Message("assistant", turn.text)
    return Message("user", turn.text) if turn.role == "user" else Message("system", turn.text)
