"""One measured value in large figures, with its name, its unit and the colour of its line."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from app.ui import theme


class Figure(QWidget):
    """A name at the left, the value at the right. ink: the colour in force of the value's line in a plot."""

    def __init__(self, name: str, ink: Callable[[], QColor]) -> None:
        super().__init__()
        self._name = QLabel(name)
        self._value = QLabel()
        self._value.setProperty("role", "figure")
        self._unit = QLabel()
        self._unit.setProperty("role", "muted")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(_Swatch(ink))
        layout.addSpacing(2)
        layout.addWidget(self._name, 1)
        layout.addWidget(self._value, 0, Qt.AlignmentFlag.AlignBaseline)
        layout.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBaseline)
        self.setAccessibleName(name)

    @property
    def text(self) -> str:
        """Value and unit as shown."""
        return f"{self._value.text()} {self._unit.text()}".strip()

    def set_value(self, value: str, unit: str) -> None:
        """Show a value that is written out already."""
        if (value, unit) == (self._value.text(), self._unit.text()):
            return
        self._value.setText(value)
        self._unit.setText(unit)
        self.setAccessibleDescription(self.text)


class _Swatch(QWidget):
    """A short piece of the line."""

    def __init__(self, ink: Callable[[], QColor]) -> None:
        super().__init__()
        self._ink = ink
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.signals().changed.connect(self.update)

    def sizeHint(self) -> QSize:  # noqa: N802
        side = self.fontMetrics().height()
        return QSize(side * 2 // 3, side)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.fillRect(0, self.height() // 2 - 1, self.width(), 3, self._ink())
        painter.end()
