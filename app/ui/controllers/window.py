"""The window at work: what is opened, and whom what happens in it is told."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication

from app.core.paths import DataPaths, cache_dir
from app.core.settings import Settings
from app.core.text import begun_as_sentence
from app.inference.generator import ModelInfo
from app.services.shelf_rows import ShelfConversation, ShelfDocument
from app.ui.controllers.activity import ActivityController
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.drafts import DraftsController
from app.ui.controllers.engine import EngineController, ModelWish
from app.ui.controllers.going_on import GoingOn
from app.ui.controllers.home import HomeController
from app.ui.controllers.imports import ImportController, OpenedDocument
from app.ui.controllers.models_in_window import ModelsInWindow
from app.ui.controllers.passwords import PasswordController
from app.ui.controllers.paused_readings import PausedReadings
from app.ui.controllers.preferences import PreferencesController, engine_options
from app.ui.controllers.room import ChatRoom, Room, RoomParts
from app.ui.controllers.rooms import Rooms
from app.ui.controllers.shelf import ShelfController
from app.ui.controllers.sidebar import SidebarController
from app.ui.controllers.warming import warm_up
from app.ui.dialogs.removal import ask_for_removal
from app.ui.failure import Failure, failure_of
from app.ui.jobs import Jobs
from app.ui.main_window import MainWindow
from app.ui.models.conversations import ConversationChosen
from app.ui.views.document import DocumentTab
from app.ui.views.summary import ReadingShown, SummaryWish
from app.ui.widgets.notice_bar import Notice, NoticeKind
from app.ui.window_state import WindowState

STOPS_S = 5.0
"""What is under way may take so long to come to rest at the end, with the model; then without it."""


class WindowController(QObject):
    """Owns the other controllers of one window."""

    def __init__(
        self,
        window: MainWindow,
        jobs: Jobs,
        paths: DataPaths,
        settings: Settings,
        state: WindowState,
        *,
        data_dir_given: bool = False,
    ) -> None:
        super().__init__(window)
        self.window = window
        self.paths = paths
        self._jobs = jobs
        self._state = state
        wish = ModelWish(settings.model, engine_options(settings))
        self.engine = EngineController(jobs, cache_dir(paths, os.environ), wish, self)
        self.preferences = PreferencesController(
            jobs, self.engine, paths, settings, data_dir_given=data_dir_given, parent=self
        )
        self.imports = ImportController(jobs, self)
        self.shelf = ShelfController(jobs, self.engine, self.imports, self)
        self.drafts = DraftsController(jobs, paths.drafts, self._written, self)
        parts = RoomParts(
            jobs,
            self.engine,
            style=lambda: self.preferences.style,
            settings=lambda: self.preferences.settings,
            draft=self.drafts.draft,
        )
        self.rooms = Rooms(parts, self)
        self.passwords = PasswordController(self.imports, window, self)
        self.activity = ActivityController(self.engine, window.status, window.meters, self)
        self.sidebar = SidebarController(self.shelf, window.sidebar, self)
        self.home = HomeController(self.shelf, self.engine, window.home, self)
        self._in_window = ModelsInWindow(
            jobs, state, window, self.engine, self.shelf, self.activity, self.preferences, self
        )
        self.models = self._in_window.models
        self.room: Room | None = None
        """What is in front; None: the home page."""
        self._moved_at = 0.0
        """When the user last went somewhere: what was asked for before that does not come to the front any more."""
        self._going_on = GoingOn(state)
        self._paused = PausedReadings(self.rooms, settings.model)
        self._connect()

    def _connect(self) -> None:
        window, shelf, engine = self.window, self.shelf, self.engine
        window.files_dropped.connect(self.imports.open_files)
        self.imports.opened.connect(self._opened)
        self.imports.failed.connect(self.tell_failure)
        self.home.document_chosen.connect(self.open_row)
        window.sidebar.document_chosen.connect(self.open_row)
        window.sidebar.conversation_chosen.connect(self.open_conversation)
        window.sidebar.folder_shown.connect(lambda row: self.show_folder(Path(row.path).parent))
        window.sidebar.document_removed.connect(self._removed)
        window.sidebar.conversation_deleted.connect(self._deleted)
        shelf.opened.connect(self._opened)
        shelf.chat_opened.connect(self._show_conversation)
        shelf.failed.connect(self.tell_failure)
        shelf.exported.connect(lambda path: self.tell(self.tr("Written to {path}").format(path=path)))
        shelf.conversations_changed.connect(self._name_rooms)
        shelf.refreshed.connect(self._go_on)
        self.drafts.loaded.connect(self._show_drafts)
        self.activity.changed.connect(lambda: self._going_on.keep(self.rooms.all))
        engine.changing.connect(self._paused.stop)
        engine.ready.connect(self._model_ready)
        engine.failed.connect(self._model_failed)
        self.rooms.made.connect(self._room_made)
        self.rooms.closed.connect(self._room_closed)
        self.preferences.failed.connect(self.tell_failure)
        self.preferences.folder_wanted.connect(self.show_folder)
        self.preferences.restart_needed.connect(
            lambda: self.tell(self.tr("What you changed takes effect at the next start."))
        )

    def start(self, files: Sequence[Path] = ()) -> None:
        """Load the model, look at the library, open files, and go on with what was interrupted."""
        self._in_window.show_offline()
        self.engine.start()
        self.drafts.start()
        self.shelf.refresh()
        self.imports.open_files(files)
        self.models.start()
        warm_up(self._jobs, self.window.meters)

    def close(self) -> None:
        """Keep what is going on for the next start, and end it."""
        self.activity.changed.disconnect()
        self._going_on.keep(self.rooms.all)
        self._state.flush()
        self.drafts.close()
        self.rooms.close()
        if not self.engine.is_ready:
            self.engine.close()
        self._jobs.close(wait_s=STOPS_S)
        self.engine.close()
        self._jobs.close(wait_s=STOPS_S)

    # -- opening -----------------------------------------------------------------------------------------------------

    def open_row(self, row: ShelfDocument) -> None:
        """A document of the list."""
        self._moved_at = time.monotonic()
        self.shelf.open_document(row)

    def open_conversation(self, chosen: ConversationChosen) -> None:
        """A stored conversation."""
        self._moved_at = time.monotonic()
        self.shelf.open_conversation(chosen)

    def go_home(self) -> None:
        """The home page."""
        self._moved_at = time.monotonic()
        self.show_room(None)

    def open_chat(self, conversation_id: str | None = None) -> ChatRoom:
        """A conversation about no document; a new one for None."""
        self._moved_at = time.monotonic()
        return self._show_chat(conversation_id)

    def _show_chat(self, conversation_id: str | None) -> ChatRoom:
        room = self.rooms.chat(conversation_id)
        self.show_room(room)
        room.chat.focus_composer()
        return room

    def show_room(self, room: Room | None) -> None:
        """Bring a room to the front; None: the home page."""
        self.room = room
        if room is None:
            self.window.show_in_centre(None)
        else:
            self.window.show_in_centre(room.view, room.title)
        self._mark_front()

    def _mark_front(self) -> None:
        """In the lists, and in the window's title."""
        room, sidebar = self.room, self.window.sidebar
        sidebar.select_document(room.key if isinstance(room, DocumentRoom) else "")
        talk = room.talk if isinstance(room, ChatRoom | DocumentRoom) else None
        sidebar.select_conversation((talk.conversation_id or "") if talk is not None else "")
        self.window.set_title("" if room is None else room.title)

    def show_folder(self, folder: Path) -> None:
        """In the system's file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def open_link(self, address: str) -> None:
        """A link in an answer: in the browser where the user allows it, else it is copied."""
        if self.preferences.settings.offline:
            QGuiApplication.clipboard().setText(address)
            self.window.status.say(self.tr("Offline: the address was copied, not opened"))
        else:
            QDesktopServices.openUrl(QUrl(address))

    # -- telling -----------------------------------------------------------------------------------------------------

    def tell(self, text: str) -> None:
        """One line that goes by itself."""
        self.window.notices.show(Notice(NoticeKind.INFO, _sentence(text)))

    def tell_failure(self, failure: Failure) -> None:
        """One line with the reason, and the details to be copied."""
        kind = NoticeKind.WARNING if failure.error.code == "worker-lost" else NoticeKind.ERROR
        self.window.notices.show(Notice(kind, _sentence(failure.error.message), failure.details))

    def tell_failure_of(self, error: BaseException) -> None:
        """A mistake of ours: one line, with the traceback to be copied."""
        self.tell_failure(failure_of(error))

    # -- what is told ------------------------------------------------------------------------------------------------

    def _model_failed(self, failure: Failure) -> None:
        text, again = _sentence(failure.error.message), self.tr("Try again")
        self.window.notices.show(Notice(NoticeKind.ERROR, text, failure.details, again, self.engine.start))

    def _opened(self, opened: OpenedDocument) -> None:
        room = self.rooms.document(opened.item, opened.path, opened.password)
        style = self._going_on.take(room.key)
        if style is not None:
            room.summary.begin(SummaryWish(style, fresh=False))
            self.tell(self.tr("Going on with reading {title}").format(title=room.title))
        wanted = opened.conversation
        if wanted is not None:
            room.show_conversation(wanted.conversation_id, wanted.turn_id)
        moved_on = opened.asked_at < self._moved_at and room is not self.room
        if self.room is None if not opened.front else not moved_on:
            self.show_room(room)
        elif opened.front:
            self.tell(self.tr("{title} is in the library now").format(title=room.title))
        if wanted is not None:
            room.show_tab(DocumentTab.ASK)

    def _show_conversation(self, chosen: ConversationChosen) -> None:
        room = self._show_chat(chosen.conversation_id)
        self._name_rooms(self.shelf.conversations)
        if chosen.turn_id is not None:
            room.talk.look_up(show_turn=chosen.turn_id)

    def _room_made(self, room: Room) -> None:
        self.activity.follow(room)
        room.stored.connect(self._stored)
        room.forked.connect(self._forked)
        room.failed.connect(self.tell_failure)
        room.notice.connect(self.tell)
        room.link_opened.connect(self.open_link)
        if isinstance(room, DocumentRoom):
            for warning in room.item.document.warnings:  # what is missing, or was read in another way than it says
                self.window.notices.show(Notice(NoticeKind.WARNING, _sentence(warning)))
            room.reading.connect(lambda reading: self._reading_shown(room, reading))
            self.passwords.follow(room)
            room.document_view.summary.model_wanted.connect(self.models.show_dialog)

    def _room_closed(self, room: Room) -> None:
        self.window.forget(room.view)
        self.activity.forget(room)
        self.shelf.set_reading(room.key, None)
        self._paused.forget(room)
        if room is self.room:
            self.show_room(None)

    def _reading_shown(self, room: DocumentRoom, reading: ReadingShown | None) -> None:
        self.shelf.set_reading(room.key, None if reading is None else reading.share)

    def _forked(self, conversation_id: str) -> None:
        self.shelf.refresh()
        self.tell(self.tr("The copy stands in the list of conversations"))

    def _removed(self, row: ShelfDocument) -> None:
        remove = partial(self.shelf.remove_document, row)
        if row.document_id:
            ask_for_removal(self.window, row.title, partial(self.rooms.forget_document, row.document_id), remove)
        else:
            remove()

    def _deleted(self, conversation_id: str) -> None:
        self.rooms.forget_conversation(conversation_id)
        self.shelf.delete(conversation_id)
        self.window.notices.show(
            Notice(
                NoticeKind.INFO,
                self.tr("The conversation was deleted; it can be brought back for 30 days."),
                action_text=self.tr("Undo"),
                run=lambda: self.shelf.undelete(conversation_id),
            )
        )

    def _go_on(self) -> None:
        """What was being read when the program ended is opened, and then read on."""
        for row in self._going_on.wanted(self.shelf.documents):
            self.shelf.open_document(row, front=False)

    def _stored(self, conversation_id: str) -> None:
        self._mark_front()
        self.shelf.refresh()

    def _name_rooms(self, conversations: Sequence[ShelfConversation]) -> None:
        titles = {one.id: one.title for one in conversations}
        for room in self.rooms.all:
            if isinstance(room, ChatRoom):
                room.name = titles.get(room.key, room.name)
        self._mark_front()

    def _written(self) -> dict[str, str]:
        return {key: text for room in self.rooms.all for key, text in room.drafts.items()}

    def _show_drafts(self) -> None:
        for room in self.rooms.all:
            room.show_drafts()

    def _model_ready(self, info: ModelInfo) -> None:
        self.shelf.refresh()
        self._paused.go_on(self.engine.wish.name)
        for note in info.notes:
            self.tell(note)


def _sentence(text: str) -> str:
    """Beginning with a capital, ending with a full stop."""
    text = begun_as_sentence(text)
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
