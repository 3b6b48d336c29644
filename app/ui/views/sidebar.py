"""The left pane: documents of the library, conversations, and one search field over both."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.services.shelf_rows import ShelfConversation, ShelfDocument, ShelfHit
from app.ui import theme
from app.ui.icons import icon
from app.ui.models.conversations import ConversationChosen, ConversationModel, ConversationRole
from app.ui.models.hits import HitModel, HitRole
from app.ui.models.library import LibraryModel, LibraryRole
from app.ui.models.title_filter import TitleFilter
from app.ui.widgets.document_delegate import DocumentDelegate
from app.ui.widgets.hit_delegate import HitDelegate
from app.ui.widgets.row_paint import UNIT
from app.ui.widgets.search_field import SearchField
from app.ui.widgets.shelf_menu import ConversationMenu, DocumentMenu
from app.ui.widgets.shelf_section import ShelfSection, ShelfSplitter
from app.ui.widgets.shelf_views import ConversationTree, MenuWanted, RowList, steady

NEW_DAY_CHECKED_EVERY_MS = 60_000


class Sidebar(QWidget):
    """Shows what it is given and says what the user did; see the signals."""

    document_chosen = Signal(object)
    """ShelfDocument; so have those below."""
    document_removed = Signal(object)
    folder_shown = Signal(object)
    conversation_chosen = Signal(object)
    """ConversationChosen"""
    conversation_renamed = Signal(object)
    """Renamed"""
    conversation_deleted = Signal(str)
    """The id of a conversation; so have those below."""
    conversation_duplicated = Signal(str)
    conversation_exported = Signal(str)
    new_chat = Signal()
    open_file = Signal()
    search_changed = Signal(str)
    """What to search for in conversations, answered by `set_hits`; '' when nothing is searched any more."""
    thumbnail_wanted = Signal(str)
    """The key of a document whose cover would be seen now, answered by `set_thumbnail`."""

    def __init__(self, today: Callable[[], date] = date.today, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._library = LibraryModel(self)
        self._conversations = ConversationModel(today, self)
        self._hits = HitModel(self)
        self._open_document = ""
        self._open_conversation = ""
        self._build()
        self._new_day = QTimer(self)
        self._new_day.start(NEW_DAY_CHECKED_EVERY_MS)
        self._connect()
        self._say_counts()

    def _build(self) -> None:
        self.search = SearchField()
        self._open_button = QPushButton(self.tr("Open"))
        self._open_button.setToolTip(self.tr("Open a document from a file"))
        self._chat_button = QPushButton(self.tr("New chat"))
        self._draw_icons()
        self.documents = RowList(self.tr("Library"))
        self._document_delegate = DocumentDelegate()
        self.documents.setItemDelegate(self._document_delegate)
        self.documents.setModel(self._library)
        self.conversations = ConversationTree(self.tr("Conversations"), self._conversations)
        self.hits = RowList(self.tr("In conversations"))
        self._hit_delegate = HitDelegate()
        self.hits.setItemDelegate(self._hit_delegate)
        self.hits.setModel(self._hits)
        self.library_section = ShelfSection(self.tr("Library"), self.documents)
        self.conversations_section = ShelfSection(self.tr("Conversations"), self.conversations)
        self.hits_section = ShelfSection(self.tr("In conversations"), self.hits)
        self.hits_section.hide()
        self._lay_out()

    def _lay_out(self) -> None:
        self._buttons = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._buttons.setSpacing(2 * UNIT)
        for button in (self._open_button, self._chat_button):
            self._buttons.addWidget(button, 1)
        top = QVBoxLayout()
        top.setContentsMargins(3 * UNIT, 3 * UNIT, 3 * UNIT, UNIT)
        top.setSpacing(2 * UNIT)
        top.addWidget(self.search)
        top.addLayout(self._buttons)
        self.splitter = ShelfSplitter(self.library_section, self.conversations_section, self.hits_section)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.splitter, 1)

    def _connect(self) -> None:
        self._open_button.clicked.connect(self.open_file)
        self._chat_button.clicked.connect(self.new_chat)
        self.search.textChanged.connect(self._filter)
        self.search.settled.connect(self.search_changed)
        self.search.left_downwards.connect(self._focus_found)
        self._library.thumbnail_wanted.connect(self.thumbnail_wanted)
        self._conversations.renamed.connect(self.conversation_renamed)
        self.documents.keys.chosen.connect(self._choose_document)
        self.documents.keys.removed.connect(lambda index: self.document_removed.emit(index.data(LibraryRole.DOCUMENT)))
        self.documents.keys.menu_wanted.connect(self._show_document_menu)
        self.conversations.keys.chosen.connect(self._choose_conversation)
        self.conversations.keys.removed.connect(self._delete_conversation)
        self.conversations.keys.menu_wanted.connect(self._show_conversation_menu)
        self.hits.keys.chosen.connect(self._choose_hit)
        self._new_day.timeout.connect(self._conversations.refresh_days)
        theme.signals().changed.connect(self._draw_icons)

    def set_documents(self, documents: Sequence[ShelfDocument]) -> None:
        """Show these documents in this order."""
        with steady(self.documents):
            self._library.set_documents(documents)
        self._mark_open()
        self._say_counts()

    def update_document(self, document: ShelfDocument) -> None:
        """Show what has become of one document; a new one comes first."""
        if self._library.document(document.key) is None:
            with steady(self.documents):
                self._library.update_document(document)
            self._say_counts()
        else:
            self._library.update_document(document)

    def set_thumbnail(self, key: str, image: QImage) -> None:
        """The cover of a document; a null image where there is none to be had."""
        self._library.set_thumbnail(key, image)

    def set_conversations(self, conversations: Sequence[ShelfConversation]) -> None:
        """Show these conversations, those changed last first."""
        with steady(self.conversations):
            self._conversations.set_conversations(conversations)
        self._mark_open()
        self._say_counts()

    def set_hits(self, query: str, hits: Sequence[ShelfHit]) -> None:
        """Show what was found in conversations, unless the user searches for something else by now."""
        if query.strip() != self.search.query or not query.strip():
            return
        self._hits.set_hits(hits, query)
        self.hits_section.set_count(len(hits), len(hits), self.tr("No conversation holds these words."))
        self.hits_section.show()
        self.splitter.fit()

    def select_document(self, key: str) -> None:
        """Mark the document that is open ('' for none); says nothing."""
        self._open_document = key
        self._mark(self.documents, self._library.index_of(key))

    def select_conversation(self, conversation_id: str) -> None:
        """Mark the conversation that is open ('' for none); says nothing."""
        self._open_conversation = conversation_id
        self._mark(self.conversations, self._conversations.index_of(conversation_id))

    def focus_search(self) -> None:
        """Let the user type a search; what stands in the field is selected."""
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.search.selectAll()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        fits = self.width() >= 2 * self._widest_button() + 8 * UNIT
        self._buttons.setDirection(QBoxLayout.Direction.LeftToRight if fits else QBoxLayout.Direction.TopToBottom)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(self._widest_button() + 6 * UNIT, super().minimumSizeHint().height())

    def _widest_button(self) -> int:
        return max(self._open_button.sizeHint().width(), self._chat_button.sizeHint().width())

    def _filter(self) -> None:
        wanted = TitleFilter(self.search.text())
        self._library.set_filter(wanted)
        self._conversations.set_filter(wanted)
        self._mark_open()
        self._say_counts()
        if self.search.query:
            self.splitter.fit()
        else:
            self._hits.set_hits(())
            self.hits_section.hide()
            self.splitter.as_before()

    def _say_counts(self) -> None:
        nothing, total = self.tr("No title has these words."), self._library.total
        teach = self.tr("Open a document to have it read from the first page to the last.")
        self.library_section.set_count(self._library.rowCount(), total, nothing if total else teach)
        teach = self.tr("Start a chat, or ask about a document; what is said is kept here.")
        total = self._conversations.total
        self.conversations_section.set_count(self._conversations.shown, total, nothing if total else teach)

    def _mark_open(self) -> None:
        """Select what is open: a view selects a neighbour of the row that goes, and any row that is right-clicked."""
        for view, index in (
            (self.documents, self._library.index_of(self._open_document)),
            (self.conversations, self._conversations.index_of(self._open_conversation)),
        ):
            if not index.isValid():
                view.clearSelection()
            elif not view.selectionModel().isSelected(index):
                view.selectionModel().select(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    @staticmethod
    def _mark(view: QAbstractItemView, index: QModelIndex) -> None:
        if index.isValid():
            view.setCurrentIndex(index)
            view.scrollTo(index)
        else:
            view.clearSelection()

    def _focus_found(self) -> None:
        for section, view in (
            (self.library_section, self.documents),
            (self.conversations_section, self.conversations),
            (self.hits_section, self.hits),
        ):
            if not section.isHidden() and not section.sentence:
                view.setFocus(Qt.FocusReason.TabFocusReason)
                return

    def _choose_document(self, index: QModelIndex) -> None:
        self._open_document_row(index.data(LibraryRole.DOCUMENT))

    def _open_document_row(self, document: ShelfDocument) -> None:
        self._open_document = document.key
        self.document_chosen.emit(document)

    def _choose_conversation(self, index: QModelIndex) -> None:
        conversation, branch = self._conversations.conversation(index), self._conversations.branch(index)
        if conversation is None:
            self.conversations.setExpanded(index, not self.conversations.isExpanded(index))
            return
        self._open(ConversationChosen(conversation.id, None if branch is None else branch.turn_id))

    def _choose_hit(self, index: QModelIndex) -> None:
        hit: ShelfHit = index.data(HitRole.HIT)
        self._open(ConversationChosen(hit.conversation_id, hit.turn_id))

    def _open(self, chosen: ConversationChosen) -> None:
        self._open_conversation = chosen.conversation_id
        self.conversation_chosen.emit(chosen)

    def _delete_conversation(self, index: QModelIndex) -> None:
        if self._conversations.conversation(index) is not None and self._conversations.branch(index) is None:
            self.conversation_deleted.emit(index.data(ConversationRole.CONVERSATION).id)

    def _show_document_menu(self, wanted: MenuWanted) -> None:
        menu = DocumentMenu(wanted.index.data(LibraryRole.DOCUMENT), self)
        menu.opened.connect(self._open_document_row)
        menu.folder_shown.connect(self.folder_shown)
        menu.removed.connect(self.document_removed)
        self._pop_up(menu, wanted)

    def _show_conversation_menu(self, wanted: MenuWanted) -> None:
        conversation, branch = self._conversations.conversation(wanted.index), self._conversations.branch(wanted.index)
        if conversation is None:
            return
        chosen = ConversationChosen(conversation.id, None if branch is None else branch.turn_id)
        menu = ConversationMenu(conversation.id, self, branch=branch is not None)
        menu.opened.connect(lambda: self._open(chosen))
        menu.rename_wanted.connect(self._rename)
        menu.duplicated.connect(self.conversation_duplicated)
        menu.exported.connect(self.conversation_exported)
        menu.deleted.connect(self.conversation_deleted)
        self._pop_up(menu, wanted)

    def _rename(self, conversation_id: str) -> None:
        index = self._conversations.index_of(conversation_id)
        if index.isValid():
            self.conversations.setCurrentIndex(index)
            self.conversations.edit(index)

    def _pop_up(self, menu: DocumentMenu | ConversationMenu, wanted: MenuWanted) -> None:
        menu.aboutToHide.connect(self._mark_open)
        menu.popup(wanted.place)

    def _draw_icons(self) -> None:
        self._open_button.setIcon(icon("open"))
        self._chat_button.setIcon(icon("add"))
