"""The window gauge: how much of what was read the model attends exactly, and how much lives in its state alone."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.amounts import count_text
from app.ui.theme import colours

LEAST_SHARE = 0.03
"""Of the bar, for the exact part however long the text was."""


@dataclass(frozen=True, slots=True)
class WindowGauge:
    """Tokens that a state has taken in, and how many of the last it attends exactly."""

    position: int
    window_tokens: int

    @property
    def exact(self) -> int:
        """Tokens that are attended exactly."""
        return min(self.position, self.window_tokens)

    @property
    def compressed(self) -> int:
        """Tokens before them, which the state alone holds."""
        return self.position - self.exact


class WindowGaugeWidget(QWidget):
    """A bar and a sentence."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = _Bar()
        self._text = QLabel()
        self._text.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        self.setAccessibleName(self.tr("Window gauge"))
        self.set_gauge(None)
        theme.signals().changed.connect(self._bar.update)

    @property
    def text(self) -> str:
        """The sentence under the bar."""
        return self._text.text()

    def set_gauge(self, gauge: WindowGauge | None) -> None:
        """Show the state in use; None where there is none."""
        text = self._sentence(gauge)
        if text != self._text.text():
            self._text.setText(text)
            self.setAccessibleDescription(text)
        self._bar.set_gauge(gauge)

    def _sentence(self, gauge: WindowGauge | None) -> str:
        if gauge is None or gauge.position <= 0:
            return self.tr("Nothing is read yet")
        if gauge.position == 1:
            return self.tr("The only token exactly")
        if gauge.compressed == 0:
            return self.tr("All {count} tokens exactly").format(count=count_text(gauge.exact))
        text = self.tr("The last {exact} tokens exactly, {before} before them in the state")
        return text.format(exact=count_text(gauge.exact), before=count_text(gauge.compressed))


class _Bar(QWidget):
    """From the first token to the last: what the state holds, then what is exact; room that is left stays empty."""

    def __init__(self) -> None:
        super().__init__()
        self._gauge: WindowGauge | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def set_gauge(self, gauge: WindowGauge | None) -> None:
        if gauge != self._gauge:
            self._gauge = gauge
            self.update()

    def shares(self) -> tuple[float, float]:
        """Of the bar's width: the state's part, and the exact part that follows it."""
        if self._gauge is None or self._gauge.position <= 0 or self._gauge.window_tokens <= 0:
            return 0.0, 0.0
        if self._gauge.compressed == 0:
            return 0.0, self._gauge.exact / self._gauge.window_tokens
        exact = max(self._gauge.exact / self._gauge.position, LEAST_SHARE)
        return 1.0 - exact, exact

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(120, max(8, self.fontMetrics().height() // 2))

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        force = colours()
        painter = QPainter(self)
        state, exact = self.shares()
        whole = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.fillRect(whole, force.hover)
        painter.fillRect(QRectF(whole.left(), whole.top(), whole.width() * state, whole.height()), force.outline)
        left = whole.left() + whole.width() * state
        painter.fillRect(QRectF(left, whole.top(), whole.width() * exact, whole.height()), force.accent)
        painter.setPen(QPen(force.outline, 1))
        painter.drawRect(whole)
        painter.end()
