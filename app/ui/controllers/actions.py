"""What the window's commands do; see window_commands.py."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog

from app.core.paths import resources_dir
from app.core.version import program_version
from app.documents.readers.registry import document_suffixes
from app.ui.controllers.document_room import DocumentRoom
from app.ui.controllers.room import ChatRoom
from app.ui.controllers.window import WindowController
from app.ui.dialogs.about import AboutDialog, AboutFacts
from app.ui.dialogs.palette import CommandPalette
from app.ui.dialogs.shortcut_sheet import ShortcutSheet
from app.ui.models.conversations import ConversationChosen
from app.ui.models.palette_entries import PaletteEntry
from app.ui.shortcuts import Commands
from app.ui.views.document import DocumentTab
from app.ui.views.summary import SummaryWish
from app.ui.window_commands import fill_menus, make_commands

SAMPLE = "sample/forests-and-waters.pdf"
PALETTE_ROWS = 200
"""Documents, and conversations, that the palette lists beside the commands: those of late."""


class Actions(QObject):
    """One method for each command, and the buttons that do the same."""

    def __init__(self, controller: WindowController) -> None:
        super().__init__(controller)
        self._controller = controller
        self._window = controller.window
        self.commands = Commands(make_commands(self), self._window)
        fill_menus(self._window.menuBar(), self.commands)
        self._connect()
        self._update()

    def _connect(self) -> None:
        window, controller = self._window, self._controller
        window.home.sample_wanted.connect(self.open_sample)
        window.home.file_wanted.connect(self.open_files)
        window.home.chat_wanted.connect(self.new_chat)
        window.home.model_wanted.connect(self.choose_model)
        window.sidebar.open_file.connect(self.open_files)
        window.sidebar.new_chat.connect(self.new_chat)
        window.sidebar.conversation_exported.connect(self.export_conversation)
        window.status.model_wanted.connect(self.choose_model)
        window.escaped.connect(self.stop_front)
        window.centre.currentChanged.connect(self._update)
        controller.activity.changed.connect(self._update)
        controller.rooms.made.connect(self._room_made)

    # -- files -------------------------------------------------------------------------------------------------------

    def open_files(self) -> None:
        """Ask for files."""
        endings = " ".join(f"*{suffix}" for suffix in document_suffixes())
        kinds = ";;".join((self.tr("Documents ({endings})").format(endings=endings), self.tr("All files (*)")))
        names, _ = QFileDialog.getOpenFileNames(self._window, self.tr("Open documents"), "", kinds)
        if names:
            self._controller.imports.open_files([Path(name) for name in names])

    def open_sample(self) -> None:
        """The booklet that comes with the program."""
        self._controller.imports.open_file(resources_dir() / SAMPLE)

    def new_chat(self) -> None:
        """An empty conversation."""
        self._controller.open_chat()

    def new_conversation(self) -> None:
        """An empty conversation on the document in front."""
        room = self._document
        if room is not None:
            room.show_conversation(None)
            room.show_tab(DocumentTab.ASK)

    def go_home(self) -> None:
        """The first page."""
        self._controller.go_home()

    def export(self) -> None:
        """The summary, or the conversation in front, to a file."""
        room = self._controller.room
        if isinstance(room, ChatRoom) or (isinstance(room, DocumentRoom) and room.document_view.tab is DocumentTab.ASK):
            if room.talk.conversation_id is None:
                self._window.status.say(self.tr("Nothing has been said yet"))
            else:
                self.export_conversation(room.talk.conversation_id)
        elif isinstance(room, DocumentRoom):
            if not room.summary.markdown:
                self._window.status.say(self.tr("There is no summary yet"))
                return
            path = self._ask_where(room.title, self.tr("Markdown (*.md)"))
            if path is not None:
                room.summary.export(path)

    def export_conversation(self, conversation_id: str) -> None:
        """A conversation to a Markdown or JSON file."""
        found = next((one for one in self._controller.shelf.conversations if one.id == conversation_id), None)
        title = found.title if found is not None else self.tr("Conversation")
        path = self._ask_where(title, self.tr("Markdown (*.md);;All branches, as JSON (*.json)"))
        if path is not None:
            self._controller.shelf.export(conversation_id, path)

    def copy_summary(self) -> None:
        """The summary as Markdown, to the clipboard."""
        room = self._document
        if room is None:
            return
        text = room.summary.markdown
        if text:
            QGuiApplication.clipboard().setText(text)
        self._window.status.say(self.tr("The summary was copied") if text else self.tr("There is no summary yet"))

    def quit(self) -> None:
        """End the program; what goes on is gone on with at the next start."""
        self._window.close()

    # -- the document ------------------------------------------------------------------------------------------------

    def summarise(self) -> None:
        """Begin or go on with the summary of the document in front."""
        room = self._document
        if room is not None:
            room.show_tab(DocumentTab.SUMMARY)
            room.summary.begin(SummaryWish(room.document_view.summary.style_wanted, fresh=False))

    def pause_or_resume(self) -> None:
        """The reading of the document in front, else the one that the status line shows."""
        room = self._document
        if room is None:
            self._controller.activity.pause()
        elif room.summary.running:
            room.summary.pause()
        else:
            room.summary.resume()

    def stop(self) -> None:
        """What goes on in front, else everything."""
        room = self._controller.room
        if room is not None and room in self._controller.activity.rooms:
            room.stop()
        else:
            self._controller.activity.stop()

    def stop_front(self) -> None:
        """What goes on in the part that is in front; nothing else."""
        room = self._controller.room
        if room is not None and room in self._controller.activity.rooms:
            room.stop_front()

    def find(self) -> None:
        """Words in the document in front."""
        room = self._document
        if room is not None:
            room.document_view.open_find()
        else:
            self.search()

    # -- view --------------------------------------------------------------------------------------------------------

    def search(self) -> None:
        """Go to the field that searches library and conversations."""
        self._window.sidebar.show()
        self._window.sidebar.focus_search()

    def show_summary(self) -> None:
        """The tab of the document in front."""
        self._show_tab(DocumentTab.SUMMARY)

    def show_ask(self) -> None:
        """The tab of the document in front."""
        self._show_tab(DocumentTab.ASK)

    def show_pages(self) -> None:
        """The tab of the document in front."""
        self._show_tab(DocumentTab.PAGES)

    def toggle_sidebar(self) -> None:
        """Show or hide the left pane."""
        self._window.sidebar.setVisible(not self._window.sidebar.isVisible())

    def toggle_meters(self) -> None:
        """Show or hide the right pane."""
        self._window.meters.setVisible(not self._window.meters.isVisible())

    def larger_text(self) -> None:
        """All text of the window."""
        self._controller.preferences.scale_text(1)

    def smaller_text(self) -> None:
        """All text of the window."""
        self._controller.preferences.scale_text(-1)

    def normal_text(self) -> None:
        """All text of the window."""
        self._controller.preferences.scale_text(0)

    # -- the program -------------------------------------------------------------------------------------------------

    def choose_model(self) -> None:
        """All models: to get, check and change to."""
        self._controller.models.show_dialog()

    def show_settings(self) -> None:
        """All settings."""
        self._controller.preferences.show_dialog(self._window)

    def show_palette(self) -> None:
        """All commands, documents and conversations, to be found by a few letters."""
        controller = self._controller
        rows = controller.shelf.documents[:PALETTE_ROWS]
        talks = controller.shelf.conversations[:PALETTE_ROWS]
        entries = [PaletteEntry(r.title, self.tr("Document"), partial(controller.open_row, r)) for r in rows]
        entries += [
            PaletteEntry(
                talk.title,
                self.tr("Conversation"),
                partial(controller.open_conversation, ConversationChosen(talk.id)),
            )
            for talk in talks
        ]
        self._open(CommandPalette(self.commands, entries, self._window))

    def show_shortcuts(self) -> None:
        """All keys."""
        self._open(ShortcutSheet(self.commands, self._window))

    def show_about(self) -> None:
        """Version, licences, and what goes over the network."""
        paths = self._controller.paths
        dialog = AboutDialog(AboutFacts(program_version(), paths.root, paths.log), self._window)
        dialog.folder_wanted.connect(self._controller.show_folder)
        self._open(dialog)

    def show_logs(self) -> None:
        """The folder of the log files."""
        self._controller.show_folder(self._controller.paths.log.parent)

    # -- inside ------------------------------------------------------------------------------------------------------

    @property
    def _document(self) -> DocumentRoom | None:
        room = self._controller.room
        return room if isinstance(room, DocumentRoom) else None

    def _show_tab(self, tab: DocumentTab) -> None:
        room = self._document
        if room is not None:
            room.show_tab(tab)

    def _open(self, dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _ask_where(self, title: str, kinds: str) -> Path | None:
        name = "".join(c if c.isalnum() or c in " -_.," else "_" for c in title)[:80].strip() or "export"
        chosen, _ = QFileDialog.getSaveFileName(self._window, self.tr("Export"), f"{name}.md", kinds)
        return Path(chosen) if chosen else None

    def _room_made(self, room: object) -> None:
        if isinstance(room, DocumentRoom):
            room.document_view.summary.exported.connect(self.export)
            room.document_view.summary.copied.connect(self.copy_summary)

    def _update(self) -> None:
        """What can be done now."""
        commands, controller = self.commands, self._controller
        document, something = self._document is not None, controller.room is not None
        commands.set_enabled(
            document, "summarise", "copy-summary", "new-conversation", "show-summary", "show-ask", "show-pages"
        )
        commands.set_enabled(something, "export", "home")
        commands.set_enabled(document or controller.activity.can_pause, "pause")
        commands.set_enabled(controller.activity.can_stop, "stop")
