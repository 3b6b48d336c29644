"""An open document: its summary, a conversation on it, and its pages, which can also stand beside the other two."""

from __future__ import annotations

from enum import IntEnum
from functools import cached_property

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QIcon, QResizeEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.ui import theme
from app.ui.icons import icon
from app.ui.views.chat import ChatView
from app.ui.views.pages import PagesView
from app.ui.views.summary import SummaryView
from app.ui.views.text_pages import TextPagesView

TAB_MARGINS = 28
"""Pixels beside the words of a tab, in the style sheet."""
BESIDE_FROM_CHARS = 105
"""Width, in letters of the font in use, from which on there is room for a page beside the text."""


class DocumentTab(IntEnum):
    """The tabs, in order."""

    SUMMARY = 0
    ASK = 1
    PAGES = 2


class DocumentView(QWidget):
    """Holds the views; what they show is their controllers' business."""

    pages_shown = Signal()
    """The pages can be seen now, in their tab or beside another."""
    conversation_wanted = Signal()
    """A new conversation on this document."""
    tab_changed = Signal(int)
    """DocumentTab."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.summary = SummaryView()
        self.chats = QStackedWidget()
        self._why = QLabel()
        self._why.setProperty("role", "muted")
        self._why.setWordWrap(True)
        self._why.setTextFormat(Qt.TextFormat.PlainText)
        self._why.setContentsMargins(12, 8, 12, 4)
        self._why.hide()
        self._kinds = QStackedWidget()
        self._pages_pane = QWidget()
        self._pages_tab = QWidget()
        self._side = QWidget()
        self.tabs = QTabWidget()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self._new_chat = QPushButton(self.tr("New conversation"))
        self._close_side = QPushButton()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        pane = QVBoxLayout(self._pages_pane)
        for layout in (pane, QVBoxLayout(self._pages_tab), QVBoxLayout(self._side), QVBoxLayout(self)):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        pane.addWidget(self._why)
        pane.addWidget(self._kinds, 1)
        _layout(self._pages_tab).addWidget(self._pages_pane)
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName(self.tr("Document"))
        self.tabs.addTab(self.summary, self.tr("Summary"))
        self.tabs.addTab(self.chats, self.tr("Ask"))
        self.tabs.addTab(self._pages_tab, self.tr("Pages"))
        self._new_chat.setProperty("kind", "quiet")
        self._new_chat.setToolTip(self.tr("Ask about this document in a new conversation"))
        self._new_chat.setAccessibleName(self.tr("New conversation"))
        corner = QWidget()
        beside = QHBoxLayout(corner)
        # On the line of the tabs' words, which stand above a mark.
        beside.setContentsMargins(0, 0, 4, 4)
        beside.addWidget(self._new_chat)
        self.tabs.setCornerWidget(corner)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self._new_chat.hide()
        head = QHBoxLayout()
        head.setContentsMargins(12, 4, 4, 4)
        title = QLabel(self.tr("Pages"))
        title.setProperty("role", "heading")
        head.addWidget(title, 1)
        self._close_side.setProperty("kind", "quiet")
        self._close_side.setAccessibleName(self.tr("Close the pages beside"))
        self._close_side.setToolTip(self.tr("Close the pages beside"))
        head.addWidget(self._close_side)
        _layout(self._side).addLayout(head)
        self._side.hide()
        self.splitter.setObjectName("document")
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self.tabs)
        self.splitter.addWidget(self._side)
        self.splitter.setStretchFactor(0, 3)
        self.splitter.setStretchFactor(1, 2)
        _layout(self).addWidget(self.splitter)
        self._draw_icons()

    def _connect(self) -> None:
        self.tabs.currentChanged.connect(self._changed)
        self._close_side.clicked.connect(self.close_side)
        self._new_chat.clicked.connect(self.conversation_wanted)
        theme.signals().changed.connect(self._draw_icons)

    @cached_property
    def pages(self) -> PagesView:
        """The pages as they are printed; made when they are first asked for: a document opens without them."""
        view = PagesView(self._kinds)
        self._kinds.addWidget(view)
        return view

    @cached_property
    def text_pages(self) -> TextPagesView:
        """The pages as text; made likewise."""
        view = TextPagesView(self._kinds)
        self._kinds.addWidget(view)
        return view

    @property
    def tab(self) -> DocumentTab:
        """The tab in front."""
        return DocumentTab(self.tabs.currentIndex())

    @property
    def chat(self) -> ChatView | None:
        """The conversation in front, where there is one."""
        view = self.chats.currentWidget()
        return view if isinstance(view, ChatView) else None

    def show_tab(self, tab: DocumentTab) -> None:
        """Bring a tab to the front."""
        self.tabs.setCurrentIndex(tab)
        if tab is DocumentTab.ASK and self.chat is not None:
            self.chat.focus_composer()

    def show_chat(self, view: ChatView) -> None:
        """Bring a conversation to the front of its tab."""
        if self.chats.indexOf(view) < 0:
            self.chats.addWidget(view)
        self.chats.setCurrentWidget(view)

    def forget_chat(self, view: ChatView) -> None:
        """A conversation is closed."""
        self.chats.removeWidget(view)
        view.deleteLater()

    def show_pages(self) -> None:
        """Make the pages seen: beside what is being read where there is room, else in front of it."""
        if self.tab is DocumentTab.PAGES or not self._side.isHidden():
            return
        if self.width() < BESIDE_FROM_CHARS * self.fontMetrics().averageCharWidth():
            self.show_tab(DocumentTab.PAGES)
            return
        _layout(self._side).addWidget(self._pages_pane, 1)
        self._side.show()
        if sum(self.splitter.sizes()) == 0 or self.splitter.sizes()[1] == 0:
            self.splitter.setSizes([self.width() * 11 // 20, self.width() * 9 // 20])
        self.pages_shown.emit()

    def close_side(self) -> None:
        """Put the pages back into their tab."""
        if not self._side.isHidden():
            self._side.hide()
            _layout(self._pages_tab).addWidget(self._pages_pane)
            self.tabs.tabBar().setFocus()

    def show_pictures(self) -> None:
        """Show the document's pages as they are printed."""
        self._kinds.setCurrentWidget(self.pages)
        self._why.hide()

    def show_text_pages(self, why: str) -> None:
        """Show the document's text in place of pictures; `why` stands above it, '' for nothing to say."""
        self._kinds.setCurrentWidget(self.text_pages)
        self._why.setText(why)
        self._why.setVisible(bool(why))

    def open_find(self) -> None:
        """Let the user look for words in the document."""
        if self._side.isHidden():
            self.show_tab(DocumentTab.PAGES)
        shown = self._kinds.currentWidget()
        if isinstance(shown, PagesView | TextPagesView):
            shown.open_find()

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Passed on. Not by a focus proxy: Tab would go to that, past all that stands before it."""
        self.tabs.tabBar().setFocus(event.reason())

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(900, 700)

    def _changed(self, index: int) -> None:
        self._new_chat.setVisible(index == DocumentTab.ASK)
        if index == DocumentTab.PAGES:
            self.close_side()
            self.pages_shown.emit()
        self.tab_changed.emit(index)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit_head()

    def _fit_head(self) -> None:
        """Beside the words of the tabs stand drawings and the words of the button, where there is room."""
        words = self.fontMetrics().horizontalAdvance
        tabs = sum(words(self.tabs.tabText(tab)) + TAB_MARGINS for tab in range(self.tabs.count()))
        drawings = self.tabs.count() * (self.tabs.iconSize().width() + TAB_MARGINS // 2)
        button = words(self.tr("New conversation")) + self.fontMetrics().height() + TAB_MARGINS
        self._new_chat.setText(self.tr("New conversation") if tabs + button <= self.tabs.width() else "")
        drawn = tabs + drawings + button <= self.tabs.width()
        if drawn == self.tabs.tabIcon(0).isNull():
            self._draw_tabs(drawn)

    def _draw_icons(self) -> None:
        self._close_side.setIcon(icon("close"))
        self._new_chat.setIcon(icon("add"))
        self._draw_tabs(not self.tabs.tabIcon(0).isNull())
        self._fit_head()

    def _draw_tabs(self, drawn: bool) -> None:
        for tab, name in ((DocumentTab.SUMMARY, "document"), (DocumentTab.ASK, "chat"), (DocumentTab.PAGES, "outline")):
            self.tabs.setTabIcon(tab, icon(name) if drawn else QIcon())


def _layout(widget: QWidget) -> QVBoxLayout:
    layout = widget.layout()
    assert isinstance(layout, QVBoxLayout)
    return layout
