"""What the user of the evening's run does in a round: all that the window offers, on a few documents."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from app.tasks.model import Style
from app.ui.dialogs.removal import RemovalQuestion
from app.ui.models.conversations import ConversationChosen
from app.ui.views.document import DocumentTab
from app.ui.views.summary import SummaryWish
from tests.torture.evening_talks import Talks
from tests.torture.evening_user import MOMENT_S

WORDS = ("water", "the", "river", "number", "zzz", "for")
READING_S = 900.0

Deed = Callable[[], bool]


class Deeds(Talks):
    """Those of one round."""

    def all(self) -> list[tuple[str, Deed]]:
        """What is done in this round, with names: always the same, in another order each time."""
        *short, long = self._files
        deeds: list[tuple[str, Deed]] = []
        for file in short:
            deeds += [("summarise", partial(self.summarise, file)), ("ask and answer", partial(self.ask, file))]
            deeds += [("look at pages", partial(self.pages, file))]
        deeds += [("summarise in pieces", partial(self.summarise_in_pieces, self._source.choice(short)))]
        deeds += [("read a part of a long one", partial(self.read_a_part, long))]
        deeds += [("chat", self.chat), ("chat, branch and fork", self.branch), ("stop an answer", self.stop)]
        deeds += [("export", self.export), ("rename", self.rename), ("delete, undo", self.delete_and_undo)]
        deeds += [("search", self.search), ("settings", self.settings), ("dialogs", self.dialogs)]
        deeds += [("open from the list", self.reopen)]
        self._source.shuffle(deeds)
        removed = self._source.choice(short)
        opened = [("open", partial(self.open, file)) for file in self._files]
        return [
            *opened,
            *deeds,
            ("remove, import again", partial(self.remove_and_import, removed)),
            ("delete old conversations", self.tidy),
            ("home", self.home),
        ]

    # -- documents ---------------------------------------------------------------------------------------------------

    def open(self, file: Path) -> bool:
        """Out of its file, or out of the library."""
        self._controller.imports.open_files((file,))
        return self._walker.wait(lambda: self._room_of(file) is not None and self._front_is(file), MOMENT_S)

    def summarise(self, file: Path) -> bool:
        """The whole, anew."""
        room = self._shown(file)
        if room is None:
            return False
        room.show_tab(DocumentTab.SUMMARY)
        room.summary.begin(SummaryWish(Style.KEY_PASSAGES, fresh=True))
        ended = self._walker.wait(lambda: not room.summary.running, READING_S)
        return ended and bool(room.summary.markdown)

    def summarise_in_pieces(self, file: Path) -> bool:
        """Paused, resumed, stopped and taken up again."""
        room = self._shown(file)
        if room is None:
            return False
        summary = room.summary
        summary.begin(SummaryWish(Style.KEY_PASSAGES, fresh=True))
        for halt in (summary.pause, summary.stop):
            self._walker.pause(self._source.uniform(0.5, 3.0))
            halt()
            if not self._walker.wait(lambda: not summary.running, MOMENT_S):
                return False
            summary.begin(SummaryWish(Style.KEY_PASSAGES, fresh=False))
        return self._walker.wait(lambda: not summary.running, READING_S)

    def read_a_part(self, file: Path) -> bool:
        """Some seconds of a long one; the rest in later rounds."""
        room = self._shown(file)
        if room is None:
            return False
        room.summary.begin(SummaryWish(Style.KEY_PASSAGES, fresh=False))
        self._walker.pause(self._source.uniform(8.0, 16.0))
        room.summary.stop()
        return self._walker.wait(lambda: not room.summary.running, MOMENT_S)

    def pages(self, file: Path) -> bool:
        """Scrolled, zoomed and searched."""
        room = self._shown(file)
        if room is None:
            return False
        room.show_tab(DocumentTab.PAGES)
        self._walker.pause(1.0)
        view = room.document_view
        bar = view.pages.canvas.verticalScrollBar()
        for _ in range(6):
            bar.setValue(self._source.randint(0, max(1, bar.maximum())))
            self._walker.pause(0.3)
        view.open_find()
        for frame in (view.pages.frame, view.text_pages.frame):
            frame.find_bar.find_wanted.emit(self._source.choice(WORDS))
            self._walker.pause(0.5)
            frame.find_bar.stepped.emit(1)
            frame.find_bar.find_wanted.emit("")
        room.show_tab(DocumentTab.SUMMARY)
        return True

    def remove_and_import(self, file: Path) -> bool:
        """Out of the library, with the window's own question, and in again."""
        row = self._row_of(file)
        if row is None:
            return False
        self._desk.window.sidebar.document_removed.emit(row)
        for question in self._desk.window.findChildren(RemovalQuestion):
            question.accept()
        if not self._walker.wait(lambda: self._row_of(file) is None, MOMENT_S):
            return False
        return self.open(file)

    def reopen(self) -> bool:
        """A document and a conversation, as the sidebar does."""
        row = self._source.choice(self._controller.shelf.documents)
        self._controller.open_row(row)
        ended = self._walker.wait(self._rested, MOMENT_S)
        talks = self._controller.shelf.conversations
        if talks:
            self._controller.open_conversation(ConversationChosen(self._source.choice(talks).id))
        return self._walker.wait(self._rested, MOMENT_S) and ended

    # -- the window --------------------------------------------------------------------------------------------------

    def search(self) -> bool:
        """Letter by letter."""
        word = self._source.choice(WORDS)
        for length in range(1, len(word) + 1):
            self._desk.window.sidebar.search.setText(word[:length])
            self._walker.pause(0.1)
        ended = self._walker.wait(self._rested, MOMENT_S)
        self._desk.window.sidebar.search.setText("")
        return ended

    def settings(self) -> bool:
        """Colours, size of text, and a number that no model need be loaded again for."""
        preferences = self._controller.preferences
        for changes in ({"scheme": "dark", "text_scale": 1.25}, {"temperature": 0.7}):
            preferences.save(changes)
            self._walker.pause(0.7)
        preferences.save({"scheme": "light", "text_scale": 1.0, "temperature": 0.6})
        return self._walker.wait(self._rested, MOMENT_S)

    def dialogs(self) -> bool:
        """Each is opened and closed."""
        actions = self._desk.actions
        for show in (actions.show_settings, actions.show_palette, actions.show_shortcuts, actions.show_about):
            show()
            if not self._walker.wait(lambda: self._desk.application.activeModalWidget() is not None, MOMENT_S):
                return False
            self._walker.pause(0.3)
            while (dialog := self._desk.application.activeModalWidget()) is not None:
                dialog.close()
                self._walker.pause(0.1)
        return True

    def home(self) -> bool:
        """The first page."""
        self._controller.go_home()
        return self._controller.room is None
