"""The Pages tab of a document that has no printed pages to show: its text, one page or part at a time."""

from __future__ import annotations

from PySide6.QtCore import QElapsedTimer, QTimer
from PySide6.QtGui import QFocusEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.core.text import capitalised
from app.documents.model import Document, PageKind
from app.services.page_images import MAX_HITS
from app.tasks.model import Citation
from app.ui.models.found_places import FoundPlaces
from app.ui.models.outline import OutlineEntryShown
from app.ui.models.text_search import TextHit, TextSearch
from app.ui.views.page_frame import PageFrame
from app.ui.widgets.page_text import PageText
from app.ui.widgets.zoom import next_step

_UPDATE_MS = 33


class TextPagesView(QWidget):
    """Shows what was read of an EPUB, a web page, a Word, Markdown or text file, and marks citations in it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.text = PageText()
        self.text.setAccessibleName(self.tr("Pages"))
        self.frame = PageFrame(self.text, fits_width=False)
        self._document: Document | None = None
        self._index = 0
        self._percent = 100.0
        self._citation: Citation | None = None
        self._found: FoundPlaces[TextHit] = FoundPlaces()
        self._search: TextSearch | None = None
        self._not_shown: list[TextHit] = []
        self._since_update = QElapsedTimer()
        self._walk = QTimer(self, singleShot=True, interval=0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.frame)
        self._connect()
        self._show_zoom()

    def _connect(self) -> None:
        self.text.turned.connect(self._turn)
        self.text.zoomed.connect(self._zoom)
        self.frame.zoomed.connect(self._zoom)
        self.frame.tools.page_wanted.connect(self.go_to_page)
        self.frame.outline.chosen.connect(self._go_to_entry)
        self.frame.find_bar.find_wanted.connect(self._begin_search)
        self.frame.find_bar.stepped.connect(self._step)
        self._walk.timeout.connect(self._search_on)

    @property
    def current_page(self) -> int:
        """The number of the page or part that is shown; 0 without a document."""
        pages = self._document.pages if self._document is not None else ()
        return pages[self._index].number if pages else 0

    def open_find(self) -> None:
        """Let the user type what to look for."""
        self.frame.open_find()

    def open(self, document: Document) -> None:
        """Show a document from its first page on."""
        self._document = document
        self._citation = None
        pages = document.pages
        outline = [OutlineEntryShown(section.title, section.level, section.page_from) for section in document.sections]
        self.frame.open(document.title, pages[0].number if pages else 1, pages[-1].number if pages else 0, outline)
        self._show(0)

    def go_to_page(self, number: int) -> None:
        """Show a page from its beginning; where there is none of this number, the nearest one."""
        if self._document is not None and self._document.pages:
            pages = self._document.pages
            self._show(min(range(len(pages)), key=lambda index: abs(pages[index].number - number)))

    def show_citation(self, citation: Citation) -> None:
        """Go to a quote and mark it; where its page has no such place, say what it reads."""
        self._citation = citation
        self.go_to_page(citation.page)
        if self._quote() is not None:
            self.text.scroll_to(citation.start)
        elif self._document is not None:
            said = self.tr("The quote could not be marked on this page; it reads: {quote}")
            self.frame.note.say(said.format(quote=citation.quote))

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: N802
        """Passed on. Not by a focus proxy: Tab would go to that, past all that stands before it."""
        self.text.setFocus(event.reason())

    def _show(self, index: int) -> None:
        document = self._document
        self._index = index
        if document is None or not document.pages:
            self.text.show_text("")
            return
        page = document.pages[index]
        self.text.show_text(page.text if page.text.strip() else "")
        problem = capitalised(page.problem)
        self.text.setPlaceholderText(problem or self.tr("There is no text on this page."))
        said = (
            self.tr("part {page} of {pages}")
            if document.page_kind is PageKind.PART
            else self.tr("page {page} of {pages}")
        )
        self.text.setAccessibleDescription(said.format(page=page.number, pages=document.pages[-1].number))
        self.text.mark_quote(self._quote())
        self._mark_hits()
        self.frame.show_page(page.number)

    def _quote(self) -> tuple[int, int] | None:
        """What of the page that is shown is the quote."""
        citation = self._citation
        if self._document is None or citation is None or citation.page != self.current_page:
            return None
        end = min(citation.end, len(self._document.pages[self._index].text))
        return (citation.start, end) if 0 <= citation.start < end else None

    def _turn(self, by: int) -> None:
        if self._document is None or not 0 <= self._index + by < len(self._document.pages):
            return
        self._show(self._index + by)
        if by < 0:
            self.text.verticalScrollBar().setValue(self.text.verticalScrollBar().maximum())

    def _go_to_entry(self, number: int) -> None:
        if self._document is None:
            return
        section = self._document.sections[number]
        self.go_to_page(section.page_from)
        self.text.scroll_to(max(0, section.start - self._document.page_start(section.page_from)))

    def _begin_search(self, text: str) -> None:
        self._walk.stop()
        self._not_shown.clear()
        self._found.clear()
        if text and self._document is not None:
            self._found.begin(self.current_page)
            self._search = TextSearch(self._document.pages, text)
            self._since_update.start()
            self._walk.start()
        self._mark_hits()
        self.frame.show_count(self._found)

    def _search_on(self) -> None:
        """Look through one more page, and come back for the next when everything else has had its turn."""
        if self._search is None:
            return
        room = MAX_HITS - len(self._found.hits) - len(self._not_shown)
        self._not_shown += self._search.step()[:room]
        done = self._search.done or len(self._found.hits) + len(self._not_shown) >= MAX_HITS
        if done or self._since_update.elapsed() >= _UPDATE_MS or self._found.current is None:
            self._show_found(done)
        if not done:
            self._walk.start()

    def _show_found(self, done: bool) -> None:
        new = bool(self._not_shown)
        moved = self._found.add(self._not_shown)
        self._not_shown.clear()
        if done:
            moved = self._found.finish() or moved
        self._since_update.restart()
        if moved:
            self._show_hit()
        elif new:
            self._mark_hits()
        if new or done:
            self.frame.show_count(self._found)

    def _step(self, by: int) -> None:
        if self._found.step(by):
            self._show_hit()
            self.frame.show_count(self._found)

    def _show_hit(self) -> None:
        hit = self._found.shown
        if hit is None:
            return
        if hit.page != self.current_page:
            self.go_to_page(hit.page)
        else:
            self._mark_hits()
        self.text.scroll_to(hit.start)

    def _mark_hits(self) -> None:
        here = [(hit.start, hit.end) for hit in self._found.hits if hit.page == self.current_page]
        shown = self._found.shown
        current = (shown.start, shown.end) if shown is not None and shown.page == self.current_page else None
        self.text.mark_hits(here, current)

    def _zoom(self, by: int) -> None:
        self._percent = next_step(self._percent, by) if by else 100.0
        self.text.set_scale(self._percent / 100)
        self._show_zoom()

    def _show_zoom(self) -> None:
        self.frame.tools.set_zoom(round(self._percent), fitted=False)
