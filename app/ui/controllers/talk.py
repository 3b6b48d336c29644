"""One conversation, about a document or about nothing: its turns shown, asked, answered, edited and branched."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QLocale, QObject, Signal

from app.core.settings import Settings
from app.inference.generator import ModelInfo
from app.services.branches import beside, numbered_turns
from app.services.library import LibraryDocument
from app.services.questions import Found
from app.services.restarts import Recovered
from app.services.talk import OpenConversation
from app.tasks.summarize import ReadProgress
from app.ui.controllers.engine import EngineController
from app.ui.controllers.shown_turns import Turns, found_turn, shown_turns
from app.ui.controllers.talk_lane import Notice, Piece, StoppedUnanswered, TalkLane, Told, TurnFigures
from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.job_scope import JobScope
from app.ui.jobs import Jobs, Lane
from app.ui.views.chat import ChatView
from app.ui.widgets.shown_turn import WRITING_KEY, AskMode, BranchChosen, Edited, Said, ShownTurn

_Work = Callable[[Task[Told], OpenConversation], TurnFigures | None]


class TalkController(QObject):
    """Joins a ChatView to the services."""

    stored = Signal(str)
    """Id of the conversation: its first turn was kept, or its turns have changed."""
    forked = Signal(str)
    """Id of a new conversation that begins as this one."""
    figures = Signal(object)
    """TurnFigures of an answer that is done."""
    busy = Signal(bool)
    failed = Signal(object)
    """Failure."""
    notice = Signal(str)
    """What was not as expected, in one line."""

    def __init__(
        self,
        jobs: Jobs,
        engine: EngineController,
        view: ChatView,
        *,
        settings: Callable[[], Settings],
        item: LibraryDocument | None = None,
        conversation_id: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = JobScope(jobs)
        self._view = view
        self.item = item
        self.conversation_id = conversation_id
        self._monotonic = monotonic
        self._lane = TalkLane(engine, item, conversation_id, settings, monotonic)
        self._job: Job | None = None
        self._going: Job | None = None
        """To another branch."""
        self._asked = ""
        """What the user wrote, until it is stored."""
        self._told_end = True
        """Whether the last answer came to something, be it an error; it was stopped else."""
        self._modes: dict[int, AskMode] = {}
        self._shown: tuple[ShownTurn, ...] = ()
        view.set_document(item is not None)
        self._connect(engine)
        if engine.info is not None:
            self._show_kind(engine.info)

    def _connect(self, engine: EngineController) -> None:
        engine.ready.connect(self._show_kind)
        view = self._view
        view.said.connect(self.say)
        view.edited.connect(self.edit)
        view.regenerated.connect(self.regenerate)
        view.branch_chosen.connect(self.choose_branch)
        view.forked.connect(self.fork)
        view.stopped.connect(self.stop)

    def _show_kind(self, info: ModelInfo) -> None:
        # What is found in a document's text needs no model that converses.
        self._view.set_completes(not info.is_chat)

    @property
    def running(self) -> bool:
        """Whether an answer is being made."""
        return self._job is not None and self._job.running

    def look_up(self, *, show_turn: int | None = None) -> None:
        """Show what the library has of it; the branch of `show_turn` is taken if need be, and scrolled to the turn."""
        conversation_id = self.conversation_id
        document = None if self.item is None else self.item.document
        if conversation_id is None:
            return

        def look(task: Task[None]) -> Turns:
            conversations = task.desk.conversations
            tree = conversations.tree(conversation_id)
            if show_turn is not None and show_turn not in {numbered.turn.id for numbered in numbered_turns(tree)}:
                conversations.go_to(conversation_id, beside(tree, show_turn, 0))
                tree = conversations.tree(conversation_id)
            return shown_turns(tree, document)

        def done(turns: Turns) -> None:
            if not self.running:  # else it is older than what is shown
                self._show(turns)
            if show_turn is not None:
                self._view.show_turn(show_turn)

        self._jobs.submit(Lane.QUICK, look, done=done, failed=self.failed.emit)

    def say(self, said: Said) -> None:
        """Ask, and answer. What cannot be asked now goes back to where it was written."""
        self._asked = said.text
        self._run(lambda task, talk: self._lane.answer(task, talk.ask(said.text), said.mode))

    def edit(self, edited: Edited) -> None:
        """Ask something else in place of an earlier question: a new branch, asked as the composer says."""
        mode = self._view.mode
        if self.running:
            return
        self._asked = edited.text
        self._run(lambda task, talk: self._lane.answer(task, talk.ask_instead(edited.key, edited.text), mode))

    def regenerate(self, key: int) -> None:
        """Another answer in place of this one, made in the same way: a new branch."""
        mode = self._modes.get(key, self._view.mode)
        if not self.running:
            self._run(lambda task, talk: self._lane.answer_again(task, key, mode))

    def choose_branch(self, chosen: BranchChosen) -> None:
        """Go over to the branch beside. No model is needed for that."""
        conversation_id = self.conversation_id
        if conversation_id is None or self.running:
            return
        document = None if self.item is None else self.item.document

        def go(task: Task[None]) -> Turns:
            conversations = task.desk.conversations
            conversations.go_to(conversation_id, beside(conversations.tree(conversation_id), chosen.key, chosen.step))
            return shown_turns(conversations.tree(conversation_id), document)

        def done(turns: Turns) -> None:
            self._show(turns)
            self.stored.emit(turns.conversation_id)

        self._going = self._jobs.submit(Lane.QUICK, go, done=done, failed=self.failed.emit)

    def fork(self, key: int) -> None:
        """A new conversation with the turns up to this one."""
        conversation_id = self.conversation_id
        if conversation_id is None:
            return

        def copy(task: Task[None]) -> str:
            return task.desk.conversations.fork(conversation_id, key).id

        self._jobs.submit(Lane.QUICK, copy, done=self.forked.emit, failed=self.failed.emit)

    def stop(self) -> None:
        """End the answer that is being made; what is written of it stays."""
        if self.running and self._job is not None:
            self._view.set_status(self.tr("Stopping"))
            self._job.cancel()

    def close(self) -> None:
        """Let go of the model's states of this conversation; the next question brings them back."""
        self._jobs.close()
        self._jobs.free(Lane.TALK, self._lane.close)

    def _run(self, work: _Work) -> None:
        if self.running or (self._going is not None and self._going.running):
            self._give_back()
            return
        self._lane.asked_at = self._monotonic()

        def run(task: Task[Told]) -> TurnFigures | None:
            return work(task, self._lane.conversation(task.desk))

        self._told_end = False
        self._view.set_writing(True)
        self._view.set_status("")
        self.busy.emit(True)
        self._job = self._jobs.submit(
            Lane.TALK, run, events=self._told, done=self._done, failed=self._failed, ended=self._ended
        )

    # -- what comes back ---------------------------------------------------------------------------------------------

    def _told(self, events: Sequence[Told]) -> None:
        pieces: list[str] = []
        for event in events:
            if isinstance(event, Piece):
                pieces.append(event.text)
                continue
            self._write(pieces)
            match event:
                case Turns():
                    self._asked = ""
                    self._show(event)
                case Found():
                    document = None if self.item is None else self.item.document
                    label = self.tr("Found in the document")
                    self._view.replace(WRITING_KEY, found_turn(event.answer, document, WRITING_KEY, label))
                    self._view.set_status(self.tr("The model looks at what was found"))
                case ReadProgress():
                    self._view.set_status(self._reading_text(event))
                case Notice():
                    self._view.set_status(event.text)
                case StoppedUnanswered():
                    self._view.set_status(self._unanswered_text())
                case Recovered():
                    self.notice.emit(event.message)
        self._write(pieces)

    def _write(self, pieces: list[str]) -> None:
        if pieces:
            self._view.set_status("")
            self._view.add_text("".join(pieces))
            pieces.clear()

    def _show(self, turns: Turns) -> None:
        """Only what is new is touched where that is the end: the text that is being read stays where it is."""
        before, self._shown, self._modes = self._shown, turns.turns, turns.modes
        changed = turns.conversation_id != self.conversation_id or self.running
        self.conversation_id = turns.conversation_id
        if before and turns.turns[:-1] == before:
            new = turns.turns[-1]
            if new.role == "assistant" and self.running:
                self._view.end_answer(new)
            else:
                self._view.append(new)
        elif turns.turns != before:
            self._view.set_turns(turns.turns)
        if self.running and turns.turns and turns.turns[-1].role == "user":
            self._view.begin_answer(ShownTurn(WRITING_KEY, "assistant", "", time.time()))
        if changed:
            self.stored.emit(turns.conversation_id)

    def _done(self, figures: TurnFigures | None) -> None:
        self._told_end = True
        if figures is not None:
            self.figures.emit(figures)
            if figures.tokens:
                self._view.set_status("")
        else:
            self._view.set_status("")

    def _failed(self, failure: Failure) -> None:
        self._told_end = True
        self._view.set_status(failure.error.message)
        self.failed.emit(failure)

    def _ended(self) -> None:
        self._view.set_writing(False)
        self._view.end_answer(None)
        if not self._told_end:
            kept = bool(self._shown) and self._shown[-1].role == "user" and not self._asked
            self._view.set_status(self._unanswered_text() if kept else "")
        self._give_back()
        self.busy.emit(False)

    def _give_back(self) -> None:
        asked, self._asked = self._asked, ""
        if asked:
            self._view.draft = "\n\n".join(text for text in (asked, self._view.draft) if text)

    def _unanswered_text(self) -> str:
        return self.tr("Stopped before the first word; the question is kept")

    def _reading_text(self, progress: ReadProgress) -> str:
        locale = QLocale()
        return self.tr("The model reads the document first: {done} of {total} tokens").format(
            done=locale.toString(progress.tokens_done), total=locale.toString(progress.tokens_total)
        )
