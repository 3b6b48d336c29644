"""The outline beside the pages of a document."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QShowEvent
from PySide6.QtWidgets import QFrame, QTreeView, QWidget

from app.ui.models.outline import OutlineEntryShown, OutlineModel
from app.ui.theme import colours
from app.ui.widgets.outline_delegate import OutlineDelegate
from app.ui.widgets.zoom import zoom_of

_WIDTH_CHARS = 38


class OutlineTree(QTreeView):
    """Follows the page that is shown; a click or Enter on an entry chooses it."""

    chosen = Signal(int)
    """The entry's place in the sequence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = OutlineModel(self)
        self._page = 0
        self.setModel(self._model)
        self.setItemDelegate(OutlineDelegate(self))
        self.setAccessibleName(self.tr("Outline"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setProperty("role", "pane")
        self.setProperty("focusRing", "own")
        self.setHeaderHidden(True)
        self.setUniformRowHeights(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QTreeView.ScrollMode.ScrollPerPixel)
        self.setViewportMargins(0, 4, 0, 4)
        self.setIndentation(self.fontMetrics().height() + 8)
        self._connect()

    def _connect(self) -> None:
        self.clicked.connect(self._choose)
        self.activated.connect(self._choose)

    def set_entries(self, entries: Sequence[OutlineEntryShown]) -> None:
        """Show another outline, in the document's order."""
        self._page = 0
        self._model.set_entries(entries)

    def show_page(self, page: int) -> None:
        """Mark the entry that holds this page; closed branches stay closed."""
        self._page = page
        if not self.isVisible():
            return
        index = self._model.index_at_page(page)
        above = index.parent()
        while above.isValid():
            if not self.isExpanded(above):
                index = above
            above = above.parent()
        if index.isValid() and index != self.currentIndex():
            self.setCurrentIndex(index)

    def _choose(self, index: QModelIndex) -> None:
        if self._model.entry(self._model.number(index)).page > 0:
            self.chosen.emit(self._model.number(index))

    def sizeHint(self) -> QSize:  # noqa: N802
        """Wide enough for usual titles."""
        return QSize(self.fontMetrics().averageCharWidth() * _WIDTH_CHARS, super().sizeHint().height())

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Plus and minus open and close a branch, but with Ctrl they are not for the tree."""
        if zoom_of(event) is None:
            super().keyPressEvent(event)
        else:
            event.ignore()

    def drawBranches(self, painter: QPainter, rect: QRect, _: QModelIndex | QPersistentModelIndex) -> None:  # noqa: N802
        """Clear what the style has painted: the rows paint the arrows with their background."""
        painter.fillRect(rect, colours().base)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """Mark what was not marked while it was hidden."""
        super().showEvent(event)
        self.show_page(self._page)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Larger text is set further in."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.setIndentation(self.fontMetrics().height() + 8)
