"""Scrolling and zooming through the pages of a document, which are laid out in one column."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QAbstractSlider, QFrame, QScrollBar, QWidget

from app.services.page_images import Box
from app.ui.widgets.page_column import PageColumn
from app.ui.widgets.view_point import ViewPoint, box_point, point_in_sight, point_under
from app.ui.widgets.zoom import NOTCH, clamped, next_step, zoom_of

_Action = QAbstractSlider.SliderAction
_KEYS = {
    Qt.Key.Key_Up: _Action.SliderSingleStepSub,
    Qt.Key.Key_Down: _Action.SliderSingleStepAdd,
    Qt.Key.Key_PageUp: _Action.SliderPageStepSub,
    Qt.Key.Key_PageDown: _Action.SliderPageStepAdd,
    Qt.Key.Key_Space: _Action.SliderPageStepAdd,
    Qt.Key.Key_Home: _Action.SliderToMinimum,
    Qt.Key.Key_End: _Action.SliderToMaximum,
}
_KEYS_ACROSS = {Qt.Key.Key_Left: _Action.SliderSingleStepSub, Qt.Key.Key_Right: _Action.SliderSingleStepAdd}


class PageScroll(QAbstractScrollArea):
    """Where the user looks; subclasses paint it. Pages count from 1."""

    page_changed = Signal(int)
    zoom_changed = Signal(int)
    """Per cent of the pages' size on paper."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        # A bar that comes and goes with the height would change the width, and with it the height.
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)
        # Else the style paints a box of its own where the bars meet.
        self.setCornerWidget(QWidget())
        self._column = PageColumn()
        self._percent: float | None = None
        self._zoom_told = (0, True)
        self._point = ViewPoint()
        self._placing = False

    @property
    def page_count(self) -> int:
        """Pages of the open document."""
        return len(self._column.sizes)

    @property
    def current_page(self) -> int:
        """The page that was gone to, or to which the user has scrolled; 0 without a document."""
        return self._point.page

    @property
    def percent(self) -> int:
        """The size in force, in per cent of the pages' size on paper."""
        return round(self._exact_percent())

    @property
    def fits_width(self) -> bool:
        """Whether the zoom follows the width of the view."""
        return self._percent is None

    def visible_pages(self) -> range:
        """The pages of which something is seen."""
        top = self.verticalScrollBar().value()
        return self._column.pages_between(top, top + self.viewport().height() - 1)

    def sheet_rect(self, page: int) -> QRect:
        """Where a page lies, in pixels of the viewport; it may lie outside."""
        return self._column.sheet(page).translated(-self._offset())

    def go_to_page(self, page: int) -> None:
        """Bring a page's top to the top of the view; a number beyond the ends means the first or last page."""
        if self.page_count:
            self._look_at(ViewPoint(min(max(1, page), self.page_count)))

    def go_to_box(self, page: int, box: Box) -> None:
        """Bring a box into the upper third of the view."""
        if 1 <= page <= self.page_count:
            self._look_at(box_point(self._column, page, box))

    def zoom_by(self, steps: int) -> None:
        """One step larger (1) or smaller (-1); 0 fits the width."""
        if steps:
            self._zoom_towards(next_step(self.percent, steps))
        else:
            self.set_zoom(None)

    def set_zoom(self, percent: float | None, at: QPointF | None = None) -> None:
        """Show pages at 50 to 400 per cent of their size on paper, or as wide as the view (None).

        at: the point of the viewport that stays where it is.
        """
        if at is not None and self.page_count:
            self._note(point_under(self._column, at, self._offset(), self.viewport().size()))
        self._percent = None if percent is None else clamped(percent)
        self._lay_out()

    def _zoom_towards(self, percent: float, at: QPointF | None = None) -> None:
        """Zoom, unless the bounds would make it the other way: what fits the width may lie beyond them."""
        if (percent - self._exact_percent()) * (clamped(percent) - self._exact_percent()) > 0:
            self.set_zoom(percent, at)

    def _show_column(self, column: PageColumn) -> None:
        """Show the first page of another document, as wide as the view."""
        self._column = column
        self._percent = None
        self._point = ViewPoint()
        self._lay_out()
        self._look_at(ViewPoint(1 if column.sizes else 0))

    def _lay_out(self) -> None:
        width, line = self.viewport().width(), self.fontMetrics().height()
        self._column.resize(width, None if self._percent is None else self._percent * self._plain_scale() / 100)
        with self._in_place():
            # Across first: a bar that comes or goes there changes the height of what is seen.
            _set_range(self.horizontalScrollBar(), self._column.width, width, line)
            _set_range(self.verticalScrollBar(), self._column.height, self.viewport().height(), line)
        self._place()
        self.viewport().update()
        zoom = (self.percent, self.fits_width)
        if self.page_count and zoom != self._zoom_told:
            self._zoom_told = zoom
            self.zoom_changed.emit(self.percent)

    @contextmanager
    def _in_place(self) -> Iterator[None]:
        """What moves the scroll bars meanwhile is not the user. It may happen within itself."""
        before, self._placing = self._placing, True
        try:
            yield
        finally:
            self._placing = before

    def _look_at(self, point: ViewPoint) -> None:
        self._note(point)
        self._place()

    def _note(self, point: ViewPoint) -> None:
        """Remember a point that is in its place or soon will be."""
        before, self._point = self._point, point
        if point.page != before.page:
            self.page_changed.emit(point.page)

    def _place(self) -> None:
        """Scroll to the point that is looked at."""
        offset = self._point.offset(self._column, self.viewport().size()) if self._point.page else QPoint()
        with self._in_place():
            self.horizontalScrollBar().setValue(offset.x())
            self.verticalScrollBar().setValue(offset.y())

    def _exact_percent(self) -> float:
        return self._column.scale * 100 / self._plain_scale()

    def _plain_scale(self) -> float:
        return self.logicalDpiX() / 72

    def _offset(self) -> QPoint:
        return QPoint(self.horizontalScrollBar().value(), self.verticalScrollBar().value())

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802
        """Move what is seen, and remember where the user looks now."""
        self.viewport().scroll(dx, dy)
        if not self._placing and self.page_count:
            self._note(point_in_sight(self._column, self._offset(), self.viewport().size()))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        """Keep the place."""
        super().resizeEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802
        """Another font changes the steps of scrolling."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lay_out()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        """Zoom with Ctrl, scroll without."""
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom_towards(self._exact_percent() * NOTCH ** (event.angleDelta().y() / 120), event.position())
            event.accept()
        else:
            super().wheelEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Scroll and zoom."""
        key, held = Qt.Key(event.key()), event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        by = zoom_of(event)
        if by is not None:
            self.zoom_by(by)
        elif key == Qt.Key.Key_Space and held == Qt.KeyboardModifier.ShiftModifier:
            self.verticalScrollBar().triggerAction(_Action.SliderPageStepSub)
        elif key in _KEYS and not held & Qt.KeyboardModifier.AltModifier:
            self.verticalScrollBar().triggerAction(_KEYS[key])
        elif key in _KEYS_ACROSS and not held:
            self.horizontalScrollBar().triggerAction(_KEYS_ACROSS[key])
        else:
            event.ignore()


def _set_range(bar: QScrollBar, whole: int, seen: int, line: int) -> None:
    bar.setSingleStep(3 * line)
    bar.setPageStep(max(line, seen - 2 * line))
    bar.setRange(0, max(0, whole - seen))
