"""The part of a conversation that happens in its lane: the live conversation, and how an answer is made."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from app.core.errors import InternalError, WorkerLostError
from app.core.settings import Settings
from app.inference.generator import FinishReason, Sampling, TextGenerator
from app.services.desk import Desk
from app.services.library import LibraryDocument
from app.services.questions import Found, Kept, QuestionService
from app.services.reading import ReadingEvent
from app.services.restarts import Recovered
from app.services.talk import OpenConversation
from app.storage.conversations import TurnRecord
from app.tasks.summarize import ReadProgress
from app.ui.controllers.engine import EngineController
from app.ui.controllers.shown_turns import Turns, shown_turns
from app.ui.job import Task
from app.ui.widgets.shown_turn import AskMode


@dataclass(frozen=True, slots=True)
class Piece:
    """More of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Notice:
    """What was not as expected, in one line."""

    text: str


@dataclass(frozen=True, slots=True)
class StoppedUnanswered:
    """The answer was stopped before its first word; the question is kept."""


@dataclass(frozen=True, slots=True)
class TurnFigures:
    """Of one answer: seconds from asking to its first word, tokens and how fast; the state's position after it."""

    first_word_s: float | None
    tokens: int
    tokens_per_second: float
    position: int | None


Told = Turns | Piece | Notice | StoppedUnanswered | Found | Recovered | ReadProgress


class TalkLane:
    """One conversation in the lane's thread; only `asked_at` is set from outside."""

    def __init__(
        self,
        engine: EngineController,
        item: LibraryDocument | None,
        conversation_id: str | None,
        settings: Callable[[], Settings],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._engine = engine
        self._settings = settings
        self._item = item
        self._id = conversation_id
        self._monotonic = monotonic
        self._open: OpenConversation | None = None
        self._generator: TextGenerator | None = None
        self._manner: _Manner | None = None
        self.asked_at = 0.0

    def conversation(self, desk: Desk) -> OpenConversation:
        """The live conversation, with the model and the settings in force."""
        generator, manner = self._engine.generator(), _manner(self._settings())
        if self._open is None or (self._generator, self._manner) != (generator, manner):
            self.close()
            desk.conversations.use(sampling=manner.sampling, system_prompt=manner.system_prompt)
            self._open = desk.conversations.open(
                self._id, generator, item=self._item, model_name=self._engine.model_name()
            )
            self._generator, self._manner = generator, manner
        elif self._open.stored:
            # Another part of the window may have gone over to another branch.
            self._open.tip = desk.conversations.find(self._open.id).tip_turn_id
        return self._open

    def close(self) -> None:
        """Free the model's states; the next question brings them back."""
        opened, self._open, self._generator = self._open, None, None
        if opened is not None:
            self._id = opened.id if opened.stored else self._id
            with suppress(WorkerLostError, InternalError):  # the model was closed, and its states with it
                opened.close()

    def turns(self, desk: Desk) -> Turns:
        """The branch in use."""
        talk = self.conversation(desk)
        return shown_turns(desk.conversations.tree(talk.id), None if self._item is None else self._item.document)

    def answer_again(self, task: Task[Told], key: int, mode: AskMode) -> TurnFigures | None:
        """Another answer in place of one; where none comes of it, the one there was stays the one in use."""
        talk = self.conversation(task.desk)
        talk.go_to(key)
        question = talk.last_question()
        talk.go_to(question.id)
        try:
            return self.answer(task, question, mode)
        finally:
            if talk.tip == question.id:
                talk.go_to(key)
                task.report(self.turns(task.desk))

    def answer(self, task: Task[Told], question: TurnRecord, mode: AskMode) -> TurnFigures | None:
        """Answer a question that has just been stored, and keep the answer."""
        task.report(self.turns(task.desk))
        if mode is AskMode.FIND and self._item is not None:
            self._find(task, question, self._item)
            return None
        return self._talk(task, question)

    def _find(self, task: Task[Told], question: TurnRecord, item: LibraryDocument) -> None:
        service = QuestionService(task.desk.search, task.desk.reading)
        generator, talk = self._engine.generator(), self.conversation(task.desk)
        events = service.answer(
            talk, question, item, generator, ready=lambda: self._engine.is_ready, cancelled=task.cancelled
        )
        for event in events:
            task.report(self.turns(task.desk) if isinstance(event, Kept) else event)

    def _talk(self, task: Task[Told], question: TurnRecord) -> TurnFigures:
        generator, talk = self._engine.loaded(task.cancelled), self.conversation(task.desk)
        for event in talk.prepare(cancelled=task.cancelled):
            _tell_reading(task, event)
        before, first = generator.usage, None

        def on_text(text: str) -> None:
            nonlocal first
            first = self._monotonic() - self.asked_at if first is None else first
            task.report(Piece(text))

        generation = talk.answer(
            question, on_text=on_text, on_notice=lambda text: task.report(Notice(text)), cancelled=task.cancelled
        )
        after = generator.usage
        task.report(self.turns(task.desk))
        if generation.finish_reason is FinishReason.CANCELLED and not generation.token_ids:
            task.report(StoppedUnanswered())
        seconds = after.decode_seconds - before.decode_seconds
        rate = (after.decode_tokens - before.decode_tokens) / seconds if seconds > 0 else 0.0
        return TurnFigures(first, len(generation.token_ids), rate, talk.position)


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a conversation is led, as far as the settings say."""

    sampling: Sampling
    system_prompt: str


def _manner(settings: Settings) -> _Manner:
    sampling = Sampling(
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=settings.top_p,
        repetition_penalty=settings.repetition_penalty,
    )
    return _Manner(sampling, settings.system_prompt)


def _tell_reading(task: Task[Told], event: ReadingEvent) -> None:
    if isinstance(event, ReadProgress | Recovered):
        task.report(event)
