"""Something that is open: a conversation, or a document; it has a view, and controllers for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from app.core.settings import Settings
from app.services.library import LibraryDocument
from app.services.shelf_rows import document_key
from app.tasks.model import Style
from app.ui.controllers.engine import EngineController
from app.ui.controllers.talk import TalkController
from app.ui.jobs import Jobs
from app.ui.views.chat import ChatView


@dataclass(frozen=True, slots=True)
class RoomParts:
    """What rooms are made with."""

    jobs: Jobs
    engine: EngineController
    style: Callable[[], Style | None]
    """The style that the user prefers for summaries."""
    settings: Callable[[], Settings]
    """Those in force."""
    draft: Callable[[str], str]
    """What was written and not sent before, by `draft_key`."""


class Room(QObject):
    """Something that is open, in front or not."""

    stored = Signal(str)
    """Id of a conversation whose turns have changed."""
    forked = Signal(str)
    figures = Signal(object)
    """TurnFigures."""
    position = Signal(int)
    """Tokens that the state in use has taken in."""
    began = Signal()
    """A reading was asked for; `reading` tells how far it is, and its end."""
    reading = Signal(object)
    """ReadingShown | None."""
    busy = Signal(bool)
    """An answer is being made, or not any more."""
    failed = Signal(object)
    """Failure."""
    notice = Signal(str)
    link_opened = Signal(str)

    def __init__(self, key: str, view: QWidget, parts: RoomParts) -> None:
        super().__init__()
        self.key = key
        self.view = view
        self._parts = parts

    @property
    def title(self) -> str:
        """For the window's title; '' for a conversation that has none yet."""
        return ""

    @property
    def running(self) -> bool:
        """Whether closing it would stop something."""
        return False

    @property
    def drafts(self) -> dict[str, str]:
        """What is written and not sent, by the key of the conversation."""
        return {}

    def show_drafts(self) -> None:
        """What was written before is known now; what has been written since stays."""

    def stop(self) -> None:
        """Stop what runs in it."""

    def stop_front(self) -> None:
        """Stop what runs in the part of it that is in front."""
        self.stop()

    def close(self) -> None:
        """Free what it holds."""
        self.view.deleteLater()
        self.deleteLater()

    def _new_talk(self, view: ChatView, item: LibraryDocument | None, conversation_id: str | None) -> TalkController:
        talk = TalkController(
            self._parts.jobs,
            self._parts.engine,
            view,
            settings=self._parts.settings,
            item=item,
            conversation_id=conversation_id,
            parent=self,
        )
        talk.stored.connect(self.stored)
        talk.forked.connect(self.forked)
        talk.figures.connect(self.figures)
        talk.busy.connect(self.busy)
        talk.failed.connect(self.failed)
        talk.notice.connect(self.notice)
        view.link_opened.connect(self.link_opened)
        view.draft = self._parts.draft(draft_key(talk))
        return talk


def draft_key(talk: TalkController) -> str:
    """What is written for a conversation goes by its id, for a new one by its document."""
    if talk.conversation_id is not None:
        return talk.conversation_id
    return "chat" if talk.item is None else document_key(talk.item.document_id, talk.item.page_range)


def written_in(talk: TalkController, view: ChatView) -> dict[str, str]:
    """What is written for a conversation, by its key; {}: its first question is sent, and the next new one's turn."""
    if talk.conversation_id is None and talk.running and not view.draft.strip():
        return {}
    return {draft_key(talk): view.draft}


class ChatRoom(Room):
    """A conversation about no document."""

    def __init__(self, conversation_id: str | None, parts: RoomParts) -> None:
        self.chat = ChatView()
        super().__init__(conversation_id or "", self.chat, parts)
        self.chat.set_hint(
            self.tr("Start a chat"),
            (
                self.tr("Explain how rivers shape the land around them"),
                self.tr("Write a short letter asking for a quote"),
                self.tr("What should I look for in a rental contract?"),
            ),
        )
        self.name = ""
        """The conversation's title, once it has one."""
        self.talk = self._new_talk(self.chat, None, conversation_id)
        self.talk.stored.connect(self._named)
        self.talk.look_up()

    @property
    def title(self) -> str:
        return self.name

    @property
    def drafts(self) -> dict[str, str]:
        return written_in(self.talk, self.chat)

    @property
    def running(self) -> bool:
        return self.talk.running or bool(self.chat.draft.strip())

    def show_drafts(self) -> None:
        self.chat.draft = self.chat.draft or self._parts.draft(draft_key(self.talk))

    def stop(self) -> None:
        self.talk.stop()

    def close(self) -> None:
        self.talk.close()
        super().close()

    def _named(self, conversation_id: str) -> None:
        self.key = conversation_id
