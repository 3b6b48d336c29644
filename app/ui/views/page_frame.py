"""What all views of a document's pages have around them: tools, outline, a note, and a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from app.services.page_images import MAX_HITS
from app.ui.models.found_places import FoundPlaces
from app.ui.models.outline import OutlineEntryShown
from app.ui.widgets.find_bar import FindBar
from app.ui.widgets.outline_tree import OutlineTree
from app.ui.widgets.page_note import PageNote
from app.ui.widgets.page_tools import PageTools
from app.ui.widgets.zoom import zoom_of

_MOST_OUTLINE = 0.35
"""Of the width, until the user has made it wider."""


class PageFrame(QWidget):
    """Holds a view of pages; the parts are public, for their signals to be connected by whoever shows the pages."""

    zoomed = Signal(int)
    """1: larger, -1: smaller, 0: the usual size."""

    def __init__(self, content: QWidget, parent: QWidget | None = None, *, fits_width: bool = True) -> None:
        super().__init__(parent)
        self.content = content
        self.tools = PageTools(fits_width=fits_width)
        self.outline = OutlineTree()
        self.note = PageNote()
        self.find_bar = FindBar()
        self.splitter = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False)
        self._outline_wanted = False
        self._outline_sized = False
        self._lay_out()
        self._connect()
        self.outline.hide()

    def _lay_out(self) -> None:
        reading = QWidget()
        _column(reading, (self.note, self.content), 1)
        _column(self, (self.tools, self.splitter, self.find_bar), 1)
        self.splitter.setObjectName("pages")
        self.splitter.addWidget(self.outline)
        self.splitter.addWidget(reading)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)

    def _connect(self) -> None:
        self.tools.outline_toggled.connect(self._show_outline)
        self.splitter.splitterMoved.connect(self._note_sizing)
        self.tools.zoomed.connect(self.zoomed)
        self.tools.find_wanted.connect(self.open_find)
        self.find_bar.closed.connect(self.content.setFocus)

    def open(self, title: str, first: int, last: int, outline: Sequence[OutlineEntryShown]) -> None:
        """Another document, with these numbers of its first and last page; last < first: none."""
        self.setAccessibleName(title)
        self.note.hide()
        self.find_bar.forget()
        self.outline.set_entries(outline)
        self.tools.set_pages(first, last)
        shown = bool(outline) and self._outline_wanted
        self.outline.setVisible(shown)
        self.tools.set_outline(available=bool(outline), shown=shown)

    def show_page(self, page: int) -> None:
        """The page that is shown now; a note about another page goes."""
        self.tools.set_page(page)
        self.outline.show_page(page)
        self.note.hide()

    def open_find(self) -> None:
        """Let the user type what to look for."""
        if self.tools.has_pages:
            self.find_bar.open()

    def show_count(self, found: FoundPlaces[Any]) -> None:
        """How many places the search has found so far, and which of them is shown."""
        total = len(found.hits)
        self.find_bar.set_count(found.current, total, done=found.done, more=total >= MAX_HITS)

    def event(self, event: QEvent) -> bool:
        """While the focus is in here, its keys go before those of the window, which mean larger text and the like."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._command(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Find and zoom."""
        command = self._command(event)
        if command is not None:
            command()
        else:
            super().keyPressEvent(event)

    def _command(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.matches(QKeySequence.StandardKey.Find):
            return self.open_find
        if event.matches(QKeySequence.StandardKey.FindNext):
            return lambda: self.find_bar.stepped.emit(1)
        if event.matches(QKeySequence.StandardKey.FindPrevious):
            return lambda: self.find_bar.stepped.emit(-1)
        by = zoom_of(event)
        return None if by is None else lambda: self.zoomed.emit(by)

    def _note_sizing(self) -> None:
        self._outline_sized = True

    def _show_outline(self, shown: bool) -> None:
        self._outline_wanted = shown
        self.outline.setVisible(shown)
        if shown and not self._outline_sized:
            width = self.splitter.width()
            wide = min(self.outline.sizeHint().width(), int(width * _MOST_OUTLINE))
            self.splitter.setSizes([wide, width - wide])


def _column(parent: QWidget, widgets: Sequence[QWidget], stretched: int) -> None:
    """Widgets one below another, one of which takes all the room that is left."""
    column = QVBoxLayout(parent)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget)
    column.setStretch(stretched, 1)
