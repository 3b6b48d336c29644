"""The pages of one open document: pictures where it is a PDF that can be shown, its text everywhere else."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from app.services.library import LibraryDocument
from app.services.page_images import FindHit, PageImage, PageSize, PdfPages, QuoteFound
from app.tasks.model import Citation
from app.ui.failure import Failure
from app.ui.job import Job, Task
from app.ui.job_scope import JobScope
from app.ui.jobs import Jobs, Lane
from app.ui.models.outline import OutlineEntryShown
from app.ui.views.pages import PagesView
from app.ui.views.text_pages import TextPagesView
from app.ui.widgets.page_canvas import ImageWanted


class PagesController(QObject):
    """Joins a PagesView to the pictures of a PDF. Nothing is drawn before it is looked at."""

    text_only = Signal(str)
    """There are no pictures: why, as a sentence."""
    pictures = Signal()
    """There are pictures."""
    password_wanted = Signal(bool)
    """The file needs a password, and the one there is (true) is wrong; `set_password` goes on."""
    unlocked = Signal(str)
    """The password that has opened the file."""

    def __init__(
        self,
        jobs: Jobs,
        item: LibraryDocument,
        path: Path,
        password: str,
        view: PagesView,
        text_view: TextPagesView,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._jobs = JobScope(jobs)
        self._item = item
        self._path = path
        self._password = password
        self._view = view
        self._text_view = text_view
        self._pages: PdfPages | None = None
        self._search: PdfPages | None = None
        self._finding: Job | None = None
        self._opening = False
        self._shown = False
        self._text_shown = False
        self._waiting: Citation | None = None
        self._connect()

    def _connect(self) -> None:
        self._view.image_wanted.connect(self._draw)
        self._view.find_wanted.connect(self._find)

    @property
    def is_text(self) -> bool:
        """Whether the text is shown in place of pictures."""
        return self._text_shown

    def open(self) -> None:
        """Show the pages, unless they are shown."""
        if self._shown or self._opening:
            return
        if self._item.document.format != "pdf":
            self._show_text("")
            return
        self._opening = True
        self._free()
        pages = self._pages = self._new_pages()

        def done(sizes: tuple[PageSize, ...]) -> None:
            if pages is self._pages:
                self._opened(sizes)

        def failed(failure: Failure) -> None:
            if pages is self._pages:
                self._cannot_open(failure)

        self._jobs.submit(Lane.PAGES, lambda task: pages.sizes(), done=done, failed=failed)

    def set_file(self, path: Path, password: str) -> None:
        """The same document has been opened from here, maybe another place than before."""
        moved = path != self._path
        self._path, self._password = path, password or self._password
        if self._shown and self._item.document.format == "pdf" and (moved or self._text_shown):
            self._shown = self._text_shown = False
            self.open()

    def set_password(self, password: str) -> None:
        """The file's password, after `password_wanted`; '' shows the text instead."""
        if self._jobs.closed:
            return
        self._password, self._opening = password, False
        if password:
            self.open()
        else:
            self._show_text(self.tr("The pages need the file's password; the text that was read is shown instead."))

    def show_citation(self, citation: Citation) -> None:
        """Open the page of a citation with its quote marked."""
        self.open()
        if self._text_shown:
            self._text_view.show_citation(citation)
        elif not self._shown:
            self._waiting = citation
        else:
            pages = self._pages
            assert pages is not None  # pictures are shown

            def done(found: QuoteFound) -> None:
                if pages is not self._pages:
                    self.show_citation(citation)  # in what is shown by now
                else:
                    self._view.show_quote(found, citation.quote)

            def failed(failure: Failure) -> None:
                if pages is not self._pages:
                    self.show_citation(citation)
                elif failure.error.code == "changed":
                    self._waiting = citation
                    self._show_why(failure)
                else:
                    self._view.show_quote(QuoteFound(citation.page, (), 0.0), citation.quote)

            self._jobs.submit(
                Lane.PAGES, lambda task: pages.locate(citation.page, citation.quote), done=done, failed=failed
            )

    def close(self) -> None:
        """End the processes that draw and search, whatever they are at."""
        self._jobs.close()
        self._free()

    def _free(self) -> None:
        for lane, pages in ((Lane.PAGES, self._pages), (Lane.FIND, self._search)):
            if pages is not None:
                # At once: the lane is another document's, too, and a page that hangs would keep it.
                pages.interrupt()
                self._jobs.free(lane, pages.close)
        self._pages = self._search = None

    def _new_pages(self) -> PdfPages:
        return PdfPages(self._path, password=self._password or None, expected_id=self._item.document_id)

    # -- pictures ----------------------------------------------------------------------------------------------------

    def _opened(self, sizes: tuple[PageSize, ...]) -> None:
        self._shown, self._opening = True, False
        if self._password:
            self.unlocked.emit(self._password)
        self.pictures.emit()
        document = self._item.document
        outline = [OutlineEntryShown(s.title, s.level, s.page_from) for s in document.sections]
        self._view.open(document.title, sizes, outline)
        if self._waiting is not None:
            citation, self._waiting = self._waiting, None
            self.show_citation(citation)

    def _cannot_open(self, failure: Failure) -> None:
        if failure.error.code == "password":
            self.password_wanted.emit(bool(self._password))
        else:
            self._show_why(failure)

    def _show_why(self, failure: Failure) -> None:
        """The text, under the reason why there are no pictures, or none any more."""
        why = failure.error.message
        if failure.error.code == "missing":
            why = self.tr("The file is not at {path} any more").format(path=self._path)
        elif failure.error.code == "changed":
            why = self.tr("The file at {path} is not the document that was read any more").format(path=self._path)
        self._show_text(self.tr("{why}; the text that was read is shown instead.").format(why=why))

    def _show_text(self, why: str) -> None:
        page = self._view.current_page if self._shown else 0
        self._free()
        self._shown, self._text_shown, self._opening = True, True, False
        self._text_view.open(self._item.document)
        if page:
            self._text_view.go_to_page(page)
        self.text_only.emit(why)
        if self._waiting is not None:
            citation, self._waiting = self._waiting, None
            self._text_view.show_citation(citation)

    def _draw(self, wanted: ImageWanted) -> None:
        pages = self._pages
        if pages is None:
            return

        def done(image: PageImage) -> None:
            if pages is self._pages:
                self._drawn(image)

        def failed(failure: Failure) -> None:
            if pages is not self._pages:
                return
            if failure.error.code == "changed":
                self._show_why(failure)
            else:
                self._view.set_problem(wanted.page, failure.error.message)

        def draw(task: Task[None]) -> PageImage:
            return pages.image(wanted.page, wanted.width_px)

        self._jobs.submit(Lane.PAGES, draw, done=done, failed=failed)

    def _drawn(self, image: PageImage) -> None:
        self._view.set_image(image)
        text = next((page.text for page in self._item.document.pages if page.number == image.page), "")
        self._view.set_page_text(image.page, text)

    # -- words -------------------------------------------------------------------------------------------------------

    def _find(self, words: str) -> None:
        if self._finding is not None:
            self._finding.abandon()
            self._finding = None
        if not words or self._text_shown:
            return
        if self._search is None:
            # A process of its own: pages are drawn while it looks through all of them.
            self._search = self._new_pages()
        pages = self._search

        def look(task: Task[FindHit]) -> None:
            for hit in pages.find(words, cancelled=task.cancelled):
                task.report(hit)

        def told(hits: Sequence[FindHit]) -> None:
            self._view.add_hits(hits)

        def failed(failure: Failure) -> None:
            self._view.find_done()
            if pages is self._search and failure.error.code == "changed":
                self._show_why(failure)

        self._finding = self._jobs.submit(
            Lane.FIND, look, events=told, done=lambda _: self._view.find_done(), failed=failed
        )
