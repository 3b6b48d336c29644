"""Small plots of the last minutes, by pyqtgraph: that takes long to import, so import this file when one is shown."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Sequence

import numpy as np
import pyqtgraph as pg  # type: ignore[import-untyped]
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPen
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.style_sheet import mixed
from app.ui.theme import colours

LINE_WIDTH = 2
ROOM_BELOW, ROOM_ABOVE = 0.07, 0.16
"""Beyond the scale's ends, as shares of it: room for a line at 0 and for the labels of the axis."""


def round_top(value: float, least: float, unit: float = 1.0) -> float:
    """The end of a scale: the smallest of 1, 2, 3, 4, 5, 6, 8 times a power of ten of `unit` that holds `value`."""
    amount = max(value, least) / unit
    power = 10.0 ** math.floor(math.log10(amount))
    digit = next(digit for digit in (1, 2, 3, 4, 5, 6, 8, 10) if digit * power >= amount * (1 - 1e-9))
    return digit * power * unit


class TimePlot(QWidget):
    """One to three lines over the same seconds, with 0 and the scale's end marked: a picture, nothing to operate."""

    def __init__(self, inks: Sequence[Callable[[], QColor]], label: Callable[[float], str], widest: str) -> None:
        """inks: the colour in force of each line. label: of a value at the axis. widest: the longest label there is."""
        super().__init__()
        self._inks, self._label, self._widest = inks, label, widest
        self._top = 0.0
        self._view = pg.GraphicsLayoutWidget()
        self._view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._view.ci.setContentsMargins(0, 0, 0, 0)
        self._view.ci.setSpacing(0)
        self._view.setAntialiasing(True)
        # The wheel and the pointer go to the pane around the plot.
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._box = pg.ViewBox(enableMenu=False, enableMouse=False)
        self._box.setDefaultPadding(0)
        self._box.disableAutoRange()
        self._axis = pg.AxisItem("left")
        self._axis.linkToView(self._box)
        self._axis.setStyle(tickLength=0, hideOverlappingLabels=False, tickTextOffset=4)
        self._view.addItem(self._axis, 0, 0)
        self._view.addItem(self._box, 0, 1)
        self._curves = [pg.PlotCurveItem(connect="finite") for _ in inks]
        for curve in self._curves:
            self._box.addItem(curve)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._view)
        self.restyle()

    @property
    def axis_width(self) -> int:
        """Pixels left of the lines."""
        return self.fontMetrics().horizontalAdvance(self._widest) + 8

    def restyle(self) -> None:
        """Take over the colours and the text size in force."""
        force = colours()
        self._view.setBackground(force.window)
        self._axis.setStyle(tickFont=self.font())
        self._axis.setTextPen(force.muted)
        self._axis.setPen(force.window)
        # Lighter than the lines also where borders are as light as text.
        self._axis.setTickPen(QPen(mixed(force.window, force.border, 0.7)))
        self._axis.setGrid(255)
        self._axis.setWidth(self.axis_width)
        for curve, ink in zip(self._curves, self._inks, strict=True):
            curve.setPen(pg.mkPen(ink(), width=LINE_WIDTH))
        self.setFixedHeight(round(self.fontMetrics().height() * 4.2))

    def show_series(self, series: Sequence[array[float]], *, top: float, span_s: float) -> None:
        """Draw each line's values, one a second up to now; `span_s` seconds fit in, values from 0 to `top`."""
        for curve, values in zip(self._curves, series, strict=True):
            shown = np.frombuffer(values, dtype=np.float64) if len(values) else np.empty(0)
            curve.setData(np.arange(1.0 - len(shown), 1.0), shown)
        self._box.setXRange(-span_s, 0, padding=0)
        if top != self._top:
            self._top = top
            self._box.setYRange(-ROOM_BELOW * top, (1 + ROOM_ABOVE) * top, padding=0)
            self._axis.setTicks([[(0.0, "0"), (top, self._label(top))]])
