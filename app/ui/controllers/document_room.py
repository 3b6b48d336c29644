"""An open document."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from PySide6.QtCore import Signal

from app.services.library import LibraryDocument
from app.services.shelf_rows import document_key
from app.tasks.model import Citation
from app.ui.controllers.pages import PagesController
from app.ui.controllers.room import Room, RoomParts, draft_key, written_in
from app.ui.controllers.summary import SummaryController
from app.ui.controllers.talk import TalkController
from app.ui.views.chat import ChatView
from app.ui.views.document import DocumentTab, DocumentView

KEPT_TALKS = 4
"""Conversations on one document that stay open out of sight, beside those in which something runs."""


class DocumentRoom(Room):
    """A document with its summary, its conversations and its pages."""

    password_wanted = Signal(bool)
    """The pages need one, and the one there is (true) is wrong."""
    unlocked = Signal(str)
    """The password that has opened the pages."""

    def __init__(self, item: LibraryDocument, path: Path, password: str, parts: RoomParts) -> None:
        self.document_view = DocumentView()
        super().__init__(document_key(item.document_id, item.page_range), self.document_view, parts)
        self.item = item
        self.path = path
        view = self.document_view
        self.summary = SummaryController(parts.jobs, parts.engine, item, view.summary, parts.style, parent=self)
        self._password = password
        self.talks: dict[ChatView, TalkController] = {}
        self._connect()
        self.show_conversation(None)
        self.summary.look_up()

    def _connect(self) -> None:
        view, summary = self.document_view, self.summary
        view.pages_shown.connect(lambda: self.pages.open())
        view.conversation_wanted.connect(lambda: self.show_conversation(None))
        view.summary.cited.connect(self.show_citation)
        summary.began.connect(self.began)
        summary.reading.connect(self.reading)
        summary.tokens_read.connect(self.position)
        summary.failed.connect(self.failed)
        summary.notice.connect(self.notice)

    @cached_property
    def pages(self) -> PagesController:
        """Of its pages; made with their views when they are first looked at."""
        view = self.document_view
        pages = PagesController(
            self._parts.jobs, self.item, self.path, self._password, view.pages, view.text_pages, parent=self
        )
        pages.text_only.connect(view.show_text_pages)
        pages.pictures.connect(view.show_pictures)
        pages.password_wanted.connect(self.password_wanted)
        pages.unlocked.connect(self.unlocked)
        return pages

    @property
    def title(self) -> str:
        return self.item.document.title

    @property
    def talk(self) -> TalkController:
        """Of the conversation in front."""
        view = self.document_view.chat
        assert view is not None  # there is one from the beginning
        return self.talks[view]

    @property
    def running(self) -> bool:
        return self.summary.running or any(self._is_used(view) for view in self.talks)

    @property
    def drafts(self) -> dict[str, str]:
        return {key: text for view, talk in self.talks.items() for key, text in written_in(talk, view).items()}

    def show_drafts(self) -> None:
        for view, talk in self.talks.items():
            view.draft = view.draft or self._parts.draft(draft_key(talk))

    def stop(self) -> None:
        for talk in self.talks.values():
            talk.stop()
        if self.summary.running:
            self.summary.stop()

    def stop_front(self) -> None:
        talk = self.talk
        if self.document_view.tab is DocumentTab.ASK and talk.running:
            talk.stop()
        elif self.summary.running:
            self.summary.stop()
        else:
            self.stop()

    def show_conversation(self, conversation_id: str | None, turn_id: int | None = None) -> None:
        """Bring a conversation on this document to the front of its tab; None begins a new one."""
        for view, talk in self.talks.items():
            empty = talk.conversation_id is None and not talk.running
            if talk.conversation_id == conversation_id and (conversation_id is not None or empty):
                self.talks[view] = self.talks.pop(view)  # looked at last
                self.document_view.show_chat(view)
                if turn_id is not None:
                    talk.look_up(show_turn=turn_id)
                view.focus_composer()
                return
        view = ChatView()
        view.set_hint(
            self.tr("Ask about {title}").format(title=self.item.document.title),
            (
                self.tr("What is the main conclusion?"),
                self.tr("Which dates and amounts are named?"),
                self.tr("What does it say about risks?"),
            ),
        )
        view.cited.connect(self.show_citation)
        self.talks[view] = self._new_talk(view, self.item, conversation_id)
        self.document_view.show_chat(view)
        self.talks[view].look_up(show_turn=turn_id)
        idle = [other for other in self.talks if other is not view and not self._is_used(other)]
        for other in idle[: max(0, len(self.talks) - KEPT_TALKS)]:
            self._close_talk(other)

    def forget_conversation(self, conversation_id: str) -> None:
        """Close what shows a conversation that is no more."""
        for view in [view for view, talk in self.talks.items() if talk.conversation_id == conversation_id]:
            if view is self.document_view.chat:
                self.show_conversation(None)
            if view in self.talks:  # else the new one has taken its place already
                self._close_talk(view)

    def show_citation(self, citation: Citation) -> None:
        """The page of a citation, its quote marked."""
        self.document_view.show_pages()
        self.pages.show_citation(citation)

    def close(self) -> None:
        self.summary.close()
        if "pages" in self.__dict__:
            self.pages.close()
        for talk in self.talks.values():
            talk.close()
        super().close()

    def _is_used(self, view: ChatView) -> bool:
        return self.talks[view].running or bool(view.draft.strip())

    def _close_talk(self, view: ChatView) -> None:
        talk = self.talks.pop(view)
        talk.close()
        talk.deleteLater()
        self.document_view.forget_chat(view)

    def show_tab(self, tab: DocumentTab) -> None:
        """Bring a tab to the front."""
        self.document_view.show_tab(tab)
