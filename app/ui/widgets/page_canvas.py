"""The pages of a PDF in one column: only what is seen is painted, and its images are asked for."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRectF, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.services.page_images import Box, FindHit, PageImage, PageSize
from app.ui import theme
from app.ui.widgets.drawn_pages import DrawnPages, ImageWanted, Need
from app.ui.widgets.page_access import page_shown, tell_screen_readers
from app.ui.widgets.page_column import PageColumn
from app.ui.widgets.page_marks import PageMarks
from app.ui.widgets.page_scroll import PageScroll
from app.ui.widgets.sheet import paint_blank, paint_border, paint_image, paint_problem

__all__ = ["ImageWanted", "PageCanvas"]

_SCROLLED_MS = 20
_RESIZED_MS = 120
"""A size that lasts shorter than this is not drawn: the image of the size before is stretched meanwhile."""


class PageCanvas(PageScroll):
    """Pages count from 1; `set_image` and `set_problem` answer `image_wanted`, and must be of the open document."""

    image_wanted = Signal(object)
    """ImageWanted: at most two at a time are not yet answered, and never the same twice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tell_screen_readers()
        self.setAccessibleName(self.tr("Pages"))
        self._drawn = DrawnPages()
        self._marks = PageMarks()
        self._texts: dict[int, str] = {}
        self._asking = QTimer(self, singleShot=True)
        self._connect()

    def _connect(self) -> None:
        self._asking.timeout.connect(self._ask)
        self.page_changed.connect(self._tell_page)
        theme.signals().changed.connect(self.viewport().update)

    def open(self, sizes: Sequence[PageSize]) -> None:
        """Show the first page of a document with pages of these sizes; none at all closes the one before."""
        self._drawn = DrawnPages()
        self._marks = PageMarks()
        self._texts.clear()
        self._show_column(PageColumn(sizes))
        self._asking.start(0)

    def set_image(self, image: PageImage) -> None:
        """Show an image in the place of the white sheet or of an older image."""
        if 1 <= image.page <= self.page_count:
            self._drawn.arrived(image)
            self._answered(image.page)

    def set_problem(self, page: int, text: str) -> None:
        """Say on the sheet why a page cannot be drawn: a plain sentence."""
        if 1 <= page <= self.page_count:
            self._drawn.failed(page, text)
            self._answered(page)

    def set_page_text(self, page: int, text: str) -> None:
        """What a screen reader reads out while this page is shown."""
        self._texts[page] = text
        if page == self.current_page:
            self.setAccessibleDescription(text)

    def set_highlight(self, page: int, boxes: Sequence[Box]) -> None:
        """Mark a quote; what was marked before is no longer. No boxes: mark none."""
        self._marks.set_quote(page, boxes)
        self.viewport().update()

    def add_hits(self, hits: Sequence[FindHit]) -> None:
        """Mark what a search found, beside what it found before."""
        self._marks.add_hits(hits)
        self.viewport().update()

    def show_hit(self, hit: FindHit) -> None:
        """Mark one of the hits more strongly and bring it into sight."""
        self._marks.set_current(hit)
        if hit.boxes:
            self.go_to_box(hit.page, hit.boxes[0])
        else:
            self.go_to_page(hit.page)
        self.viewport().update()

    def clear_hits(self) -> None:
        """Take the marks of a search away."""
        self._marks.clear_hits()
        self.viewport().update()

    def accessible_value(self) -> str:
        """Which page is shown."""
        if not self.page_count:
            return ""
        return self.tr("page {page} of {pages}").format(page=self.current_page, pages=self.page_count)

    def _tell_page(self, page: int) -> None:
        self.setAccessibleDescription(self._texts.get(page, ""))
        page_shown(self)

    def _answered(self, page: int) -> None:
        if page in self.visible_pages():
            self.viewport().update(self.sheet_rect(page))
        self._ask_soon(0)

    def _ask_soon(self, delay_ms: int) -> None:
        """Ask after a while; what is soon to be asked anyway is not put off."""
        if not self._asking.isActive():
            self._asking.start(delay_ms)

    def _ask(self) -> None:
        visible = self.visible_pages()
        if not visible or not self.isVisible():
            return
        pages = sorted(visible, key=lambda page: page != self.current_page)
        near = [page for page in (visible.stop, visible.start - 1) if 1 <= page <= self.page_count]
        for wanted in self._drawn.next_wanted([*map(self._need, pages)], [*map(self._need, near)]):
            self.image_wanted.emit(wanted)

    def _need(self, page: int) -> Need:
        sheet, ratio = self._column.sheet(page), self.devicePixelRatioF()
        return Need(page, max(1, round(sheet.width() * ratio)), max(1, round(sheet.height() * ratio)))

    def _lay_out(self) -> None:
        super()._lay_out()
        self._asking.start(_RESIZED_MS)

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        """Ask for what comes into sight."""
        super().scrollContentsBy(dx, dy)
        self._ask_soon(_SCROLLED_MS)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """Paint the sheets that the exposed part shows."""
        painter = QPainter(self.viewport())
        painter.fillRect(event.rect(), theme.colours().window)
        top = self.verticalScrollBar().value() + event.rect().top()
        for page in self._column.pages_between(top, top + event.rect().height() - 1):
            self._paint_page(painter, page)
        painter.end()

    def _paint_page(self, painter: QPainter, page: int) -> None:
        sheet, image, problem = self.sheet_rect(page), self._drawn.image(page), self._drawn.problem(page)
        if image is not None:
            paint_image(painter, sheet, image, self.devicePixelRatioF())
        elif problem:
            paint_problem(painter, sheet, problem, self.font(), self.viewport().width())
        else:
            paint_blank(painter, sheet, page, self.font())
        self._marks.paint(painter, page, QRectF(sheet), self._column.sizes[page - 1])
        paint_border(painter, sheet)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Ask for what was not asked for while nothing was seen."""
        super().showEvent(event)
        self._asking.start(0)

    def event(self, event: QEvent) -> bool:
        """A screen of another density needs other images."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._asking.start(_RESIZED_MS)
        return super().event(event)
