"""The Pages tab of a PDF: its pages as they are printed, with the quote that was asked for marked."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.services.page_images import FindHit, PageImage, PageSize, QuoteFound
from app.ui.models.found_places import FoundPlaces
from app.ui.models.outline import OutlineEntryShown
from app.ui.views.page_frame import PageFrame
from app.ui.widgets.page_canvas import PageCanvas


class PagesView(QWidget):
    """Whoever opens a document here answers `image_wanted` by `set_image` or `set_problem`, and `find_wanted` by
    `add_hits`, as often as there is something, and `find_done`; answers about another document must not come."""

    image_wanted = Signal(object)
    """ImageWanted."""
    find_wanted = Signal(str)
    """A text to be looked for instead of the one before; '' stops the search."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = PageCanvas()
        self.frame = PageFrame(self.canvas)
        self._entries: tuple[OutlineEntryShown, ...] = ()
        self._found: FoundPlaces[FindHit] = FoundPlaces()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        self._connect()

    def _connect(self) -> None:
        self.canvas.image_wanted.connect(self.image_wanted)
        self.canvas.page_changed.connect(self.frame.show_page)
        self.canvas.zoom_changed.connect(self._show_zoom)
        self.frame.zoomed.connect(self._zoom)
        self.frame.tools.page_wanted.connect(self.canvas.go_to_page)
        self.frame.outline.chosen.connect(self._go_to_entry)
        self.frame.find_bar.find_wanted.connect(self._begin_search)
        self.frame.find_bar.stepped.connect(self._step)

    @property
    def current_page(self) -> int:
        """The page that is shown; 0 without a document."""
        return self.canvas.current_page

    def open(self, title: str, sizes: Sequence[PageSize], outline: Sequence[OutlineEntryShown]) -> None:
        """Show a document from its first page on."""
        self._entries = tuple(outline)
        self.frame.open(title, 1, len(sizes), outline)
        self.canvas.open(sizes)
        self._show_zoom()

    def open_find(self) -> None:
        """Let the user type what to look for."""
        self.frame.open_find()

    def set_image(self, image: PageImage) -> None:
        """A page as it was wanted."""
        self.canvas.set_image(image)

    def set_problem(self, page: int, text: str) -> None:
        """Why a page cannot be drawn: a plain sentence."""
        self.canvas.set_problem(page, text)

    def set_page_text(self, page: int, text: str) -> None:
        """What a screen reader reads out of a page."""
        self.canvas.set_page_text(page, text)

    def show_quote(self, found: QuoteFound, quote: str) -> None:
        """Go to a quote and mark it; where it was not found, go to its page and say what it reads."""
        self.canvas.set_highlight(found.page, found.boxes)
        if found.boxes:
            self.frame.note.hide()
            self.canvas.go_to_box(found.page, found.boxes[0])
            return
        self.canvas.go_to_page(found.page)
        said = self.tr("The quote could not be marked on this page; it reads: {quote}")
        self.frame.note.say(said.format(quote=quote))

    def add_hits(self, hits: Sequence[FindHit]) -> None:
        """More places of the text that was looked for last, in the document's order."""
        self.canvas.add_hits(hits)
        self._show_place(self._found.add(hits))

    def find_done(self) -> None:
        """There are no more places."""
        self._show_place(self._found.finish())

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Passed on. Not by a focus proxy: Tab would go to that, past all that stands before it."""
        self.canvas.setFocus(event.reason())

    def _begin_search(self, text: str) -> None:
        self.canvas.clear_hits()
        if text:
            self._found.begin(self.current_page)
        else:
            self._found.clear()
        self._show_place(False)
        self.find_wanted.emit(text)

    def _step(self, by: int) -> None:
        self._show_place(self._found.step(by))

    def _show_place(self, moved: bool) -> None:
        if moved and self._found.shown is not None:
            self.canvas.show_hit(self._found.shown)
        self.frame.show_count(self._found)

    def _go_to_entry(self, number: int) -> None:
        self.canvas.go_to_page(self._entries[number].page)

    def _zoom(self, by: int) -> None:
        self.canvas.zoom_by(by)
        self._show_zoom()

    def _show_zoom(self) -> None:
        self.frame.tools.set_zoom(self.canvas.percent, fitted=self.canvas.fits_width)
