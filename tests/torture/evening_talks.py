"""What the user of the evening's run says, changes and puts away."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.talk import TalkController
from app.ui.models.conversations import Renamed
from app.ui.views.document import DocumentTab
from app.ui.widgets.shown_turn import AskMode, BranchChosen, Edited, Said, ShownTurn
from tests.torture.evening_user import MOMENT_S, User

QUESTIONS = ("What is this about?", "Which numbers are named?", "What does it say about water?", "Who wrote this?")
CHAT = ("Explain what a river is.", "And what is a lake?", "Name three trees.", "Write one sentence about rain.")
KEPT_CONVERSATIONS = 6
"""At the end of a round the older ones are deleted."""
ANSWER_S = 240.0


class Talks(User):
    """Conversations: had, branched, stopped, exported, renamed, deleted."""

    def ask(self, file: Path) -> bool:
        """A new conversation on a document: found in its text, then from the model's state."""
        room = self._shown(file)
        if room is None:
            return False
        room.show_conversation(None)
        room.show_tab(DocumentTab.ASK)
        ended = self._say(room.talk, self._source.choice(QUESTIONS), AskMode.FIND)
        return self._say(room.talk, self._source.choice(QUESTIONS), AskMode.TALK) and ended

    def chat(self) -> bool:
        """Three turns about nothing."""
        talk = self._controller.open_chat().talk
        said = [self._say(talk, text, AskMode.TALK) for text in self._source.sample(CHAT, 3)]
        return all(said)

    def branch(self) -> bool:
        """Regenerated, edited, gone back to and copied."""
        room = self._controller.open_chat()
        talk = room.talk
        if not self._say(talk, self._source.choice(CHAT), AskMode.TALK):
            return False
        turns = room.chat.list.turns
        if not turns or turns[-1].by_user:
            return False
        answer = turns[-1]
        talk.regenerate(answer.key)
        if not self._walker.wait(lambda: not talk.running, ANSWER_S):
            return False
        talk.edit(Edited(self._question(room.chat.list.turns).key, self._source.choice(CHAT)))
        if not self._walker.wait(lambda: not talk.running, ANSWER_S):
            return False
        talk.choose_branch(BranchChosen(self._question(room.chat.list.turns).key, -1))
        ended = self._walker.wait(self._rested, MOMENT_S)
        talk.fork(room.chat.list.turns[-1].key)
        return self._walker.wait(self._rested, MOMENT_S) and ended

    def stop(self) -> bool:
        """In the middle of an answer."""
        talk = self._controller.open_chat().talk
        talk.say(Said("Tell a long story about a river.", AskMode.TALK))
        self._walker.pause(self._source.uniform(0.2, 1.5))
        talk.stop()
        return self._walker.wait(lambda: not talk.running, MOMENT_S)

    def export(self) -> bool:
        """A conversation both ways, and a summary."""
        talks = self._controller.shelf.conversations
        targets: list[Path] = []
        if talks:
            for ending in ("md", "json"):
                targets.append(self._exports / f"conversation.{ending}")
                self._controller.shelf.export(self._source.choice(talks).id, targets[-1])
        written = [room for room in self._controller.rooms.all if isinstance(room, DocumentRoom)]
        written = [room for room in written if room.summary.markdown]
        if written:
            targets.append(self._exports / "summary.md")
            self._source.choice(written).summary.export(targets[-1])
        ended = self._walker.wait(lambda: self._rested() and all(path.is_file() for path in targets), MOMENT_S)
        for path in targets:
            path.unlink(missing_ok=True)
        return ended

    def rename(self) -> bool:
        """As the sidebar does."""
        talks = self._controller.shelf.conversations
        if not talks:
            return True
        chosen, title = self._source.choice(talks).id, f"Talk {self._source.randint(1, 999)}"
        self._desk.window.sidebar.conversation_renamed.emit(Renamed(chosen, title))
        now = self._controller.shelf
        return self._walker.wait(
            lambda: any(one.id == chosen and one.title == title for one in now.conversations), MOMENT_S
        )

    def delete_and_undo(self) -> bool:
        """One is deleted and brought back."""
        talks = self._controller.shelf.conversations
        if not talks:
            return True
        chosen, shelf = self._source.choice(talks).id, self._controller.shelf
        self._desk.window.sidebar.conversation_deleted.emit(chosen)
        if not self._walker.wait(lambda: all(one.id != chosen for one in shelf.conversations), MOMENT_S):
            return False
        shelf.undelete(chosen)
        return self._walker.wait(lambda: any(one.id == chosen for one in shelf.conversations), MOMENT_S)

    def tidy(self) -> bool:
        """So that the lists of all rounds are as long."""
        shelf = self._controller.shelf
        for one in list(shelf.conversations)[KEPT_CONVERSATIONS:]:
            self._desk.window.sidebar.conversation_deleted.emit(one.id)
            self._walker.wait(self._rested, MOMENT_S)
        return self._walker.wait(lambda: len(shelf.conversations) <= KEPT_CONVERSATIONS, MOMENT_S)

    def _say(self, talk: TalkController, text: str, mode: AskMode) -> bool:
        talk.say(Said(text, mode))
        self._walker.pause(0.05)
        return self._walker.wait(lambda: not talk.running, ANSWER_S)

    @staticmethod
    def _question(turns: Sequence[ShownTurn]) -> ShownTurn:
        return next(turn for turn in turns if turn.by_user)
