"""The row of tools above the pages of a document."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeySequence, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from app.ui.widgets.icon_button import IconButton
from app.ui.widgets.page_field import PageField

_SPACING = 4


class PageTools(QWidget):
    """Says what the user wants; what it shows is set from outside."""

    outline_toggled = Signal(bool)
    page_wanted = Signal(int)
    """A page's number, by the field or by the buttons beside it."""
    zoomed = Signal(int)
    """1: larger, -1: smaller, 0: as wide as the view, or the usual size."""
    find_wanted = Signal()

    def __init__(self, parent: QWidget | None = None, *, fits_width: bool = True) -> None:
        super().__init__(parent)
        self._outline = IconButton("outline", self.tr("Outline"))
        self._outline.setCheckable(True)
        self._previous = IconButton("previous", self.tr("Previous page"))
        self._next = IconButton("next", self.tr("Next page"))
        self._page = PageField()
        self._of = QLabel()
        self._out = IconButton("zoom-out", self.tr("Zoom out"), _shortcut("Ctrl+-"))
        self._percent = QLabel()
        self._in = IconButton("zoom-in", self.tr("Zoom in"), _shortcut("Ctrl++"))
        self._fit = IconButton("fit-width", self.tr("Fit width"), _shortcut("Ctrl+0"))
        self._fit.setCheckable(True)
        self._find = IconButton("search", self.tr("Find"), _shortcut("Ctrl+F"))
        self._lay_out()
        # Not before it has a parent: for a moment it would be a window, and take the keyboard from the real one.
        self._fit.setVisible(fits_width)
        self._connect()
        self.set_pages(1, 0)

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(_SPACING)
        row.addWidget(self._outline)
        row.addSpacing(8)
        row.addWidget(self._previous)
        row.addWidget(self._page)
        row.addWidget(self._of)
        row.addWidget(self._next)
        row.addStretch(1)
        row.addWidget(self._out)
        row.addWidget(self._percent)
        row.addWidget(self._in)
        row.addWidget(self._fit)
        row.addSpacing(8)
        row.addWidget(self._find)
        # Or its text would keep the row from getting narrower.
        self._percent.setMinimumWidth(1)
        self._of.setProperty("role", "muted")
        self._percent.setProperty("role", "muted")
        self.setProperty("role", "header")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)

    def _connect(self) -> None:
        self._outline.toggled.connect(self.outline_toggled)
        self._previous.clicked.connect(lambda: self.page_wanted.emit(self._page.page - 1))
        self._next.clicked.connect(lambda: self.page_wanted.emit(self._page.page + 1))
        self._page.entered.connect(self._go)
        self._out.clicked.connect(lambda: self.zoomed.emit(-1))
        self._in.clicked.connect(lambda: self.zoomed.emit(1))
        self._fit.clicked.connect(lambda: self.zoomed.emit(0))
        self._find.clicked.connect(self.find_wanted)

    def set_pages(self, first: int, last: int) -> None:
        """The numbers of the first and the last page; a last page before the first: no document."""
        there = last >= first
        self._pages = range(first, max(first, last) + 1)
        self._page.set_pages(first, self._pages[-1])
        self._of.setText(f"/ {QLocale().toString(last)}" if there else "")
        for widget in (self._page, self._out, self._in, self._fit, self._find):
            widget.setEnabled(there)
        self.set_page(first)

    @property
    def has_pages(self) -> bool:
        """Whether there is a document."""
        return self._page.isEnabled()

    def set_page(self, page: int) -> None:
        """The page that is shown."""
        self._page.set_page(page)
        self._previous.setEnabled(self.has_pages and page > self._pages[0])
        self._next.setEnabled(self.has_pages and page < self._pages[-1])

    def set_zoom(self, percent: int, *, fitted: bool) -> None:
        """The size in force."""
        self._percent.setText(self.tr("{percent} %").format(percent=percent))
        self._fit.setChecked(fitted)
        self._make_room()

    def set_outline(self, *, available: bool, shown: bool) -> None:
        """Whether the document has an outline, and whether it is seen."""
        self._outline.setEnabled(available)
        with QSignalBlocker(self._outline):
            self._outline.setChecked(shown)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """Where there is too little room the figure of the zoom goes."""
        figure = 0 if self._percent.isVisibleTo(self) else self._percent.sizeHint().width() + _SPACING
        self._percent.setVisible(self.width() >= self.sizeHint().width() + figure)

    def _go(self, page: int) -> None:
        self.set_page(page)
        self.page_wanted.emit(page)


def _shortcut(keys: str) -> str:
    return QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)
