"""The ring around whatever has the keyboard focus, for widgets on which the style sheet draws none."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QRegion
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QGroupBox,
    QLineEdit,
    QMenu,
    QMenuBar,
    QTabBar,
    QWidget,
)

WIDTH = 2
"""Of the ring, in pixels; inside it lies one pixel of the background, so that it shows on its own colour too."""
INSET = 3
"""Pixels from the edge of a primary button to its ring, which lies inside: the accent does not show on the accent."""

RINGED_BY_SHEET = (QAbstractButton, QAbstractSpinBox, QAbstractSlider, QComboBox, QGroupBox, QLineEdit, QTabBar)
WITHOUT_RING = (QMenu, QMenuBar)


class FocusRing(QObject):
    """Keeps one ring on the focused widget of an application.

    A widget that was clicked gets its ring at the next key, as in browsers. A widget whose property `focusRing` is
    "own", or whose `role` is "field" (the sheet frames it), gets none.
    """

    def __init__(self, application: QApplication) -> None:
        super().__init__(application)
        self._ring: _Ring | None = None
        self._colours = (QColor("black"), QColor("white"), QColor("white"))
        application.focusChanged.connect(self._move)

    def set_colours(self, accent: QColor, base: QColor, on_accent: QColor) -> None:
        """Of the ring, of the line inside it, and of the ring on what is filled with the accent."""
        self._colours = (accent, base, on_accent)
        if self._ring is not None:
            self._ring.set_colours(*self._colours)

    def _move(self, _: QWidget | None, focused: QWidget | None) -> None:
        if self._ring is not None:
            self._ring.leave()
            self._ring = None
        if focused is None or not needs_ring(focused):
            return
        self._ring = _Ring(focused)
        self._ring.destroyed.connect(self._lost)
        self._ring.set_colours(*self._colours)
        self._ring.setVisible(QApplication.mouseButtons() == Qt.MouseButton.NoButton)

    def _lost(self, gone: QObject) -> None:
        if gone is self._ring:
            self._ring = None


def needs_ring(widget: QWidget) -> bool:
    """Whether nothing else shows that this widget has the focus."""
    if filled(widget):
        return True
    if widget.isWindow() or isinstance(widget, RINGED_BY_SHEET + WITHOUT_RING):
        return False
    own: bool = widget.property("focusRing") == "own" or widget.property("role") == "field"
    return not own


def filled(widget: QWidget) -> bool:
    """Whether this is a primary button."""
    return isinstance(widget, QAbstractButton) and str(widget.property("kind")) == "primary"


class _Ring(QWidget):
    """Lies over its parent and lets everything through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("focusRing")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)
        self._colours = (QColor("black"), QColor("white"), QColor("white"))
        self._filled = filled(parent)
        self._fit(parent)
        parent.installEventFilter(self)

    def set_colours(self, accent: QColor, base: QColor, on_accent: QColor) -> None:
        self._colours = (accent, base, on_accent)
        self.update()

    def leave(self) -> None:
        """Go away with the focus."""
        parent = self.parentWidget()
        if parent is not None:
            parent.removeEventFilter(self)
        self.hide()
        self.deleteLater()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget):
            self._fit(watched)
        elif event.type() == QEvent.Type.KeyPress and not self.isVisible():
            self.show()
        return False

    def _fit(self, parent: QWidget) -> None:
        self.setGeometry(parent.rect())
        # Only the ring itself: what is painted below, however often, does not pass through this widget.
        edge = INSET + WIDTH if self._filled else WIDTH + 1
        self.setMask(QRegion(self.rect()) - QRegion(self.rect().adjusted(edge, edge, -edge, -edge)))
        self.raise_()

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        accent, base, on_accent = self._colours
        painter = QPainter(self)
        if self._filled:
            ink, inset = on_accent, INSET
        else:
            painter.fillRect(self.rect(), base)
            ink, inset = accent, 0
        painter.setPen(QPen(ink, WIDTH, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap, Qt.PenJoinStyle.MiterJoin))
        inset += WIDTH // 2
        painter.drawRect(self.rect().adjusted(inset, inset, -inset, -inset))
        painter.end()
