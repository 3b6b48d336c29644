"""The right pane: how fast the model reads and writes, what it takes of memory, how far its window reaches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QStyle, QVBoxLayout, QWidget

from app.ui.amounts import count_text, decimal_text, rate_text
from app.ui.models.meter_history import Beat, MeterHistory
from app.ui.widgets.meter_plots import MeterPlots
from app.ui.widgets.window_gauge import WindowGauge, WindowGaugeWidget

if TYPE_CHECKING:
    from app.inference.generator import ModelInfo

__all__ = ["Beat", "MetersView", "WindowGauge"]

REFRESH_MS = 1000


class MetersView(QWidget):
    """Takes in every beat; draws once a second at most, and only while it can be seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "surround")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._history = MeterHistory()
        self._model: ModelInfo | None = None
        self._stale = True
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(REFRESH_MS)
        self._activity = _label("small")
        self._empty = _label("muted", self.tr("Meters start when a model is loaded."))
        self._plots = MeterPlots()
        self._gauge = WindowGaugeWidget()
        self._turn, self._turn_written = _label(), _label("small")
        self._read, self._written = _label(), _label()
        self._body = QWidget()
        self._content = QWidget()
        self._lay_out()
        self._connect()
        self.set_window(None)
        self.set_turn(None, 0, 0.0)
        self.set_totals(0, 0)
        self.set_model(None)

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(max(260, self.fontMetrics().averageCharWidth() * 38), 480)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        bar = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        content = self._content.minimumSizeHint().width() + bar
        return QSize(max(content, self.fontMetrics().averageCharWidth() * 28), 120)

    # -- calls from the owner ------------------------------------------------------------------------------------------

    def add(self, beat: Beat) -> None:
        """Take in one second of the worker; seconds without one are gaps."""
        self._history.add(beat)
        self._stale = True
        self._refresh()

    def set_model(self, info: ModelInfo | None) -> None:
        """The model that the meters are of; None while none is loaded."""
        self._model = info
        self._empty.setVisible(info is None)
        self._body.setVisible(info is not None)
        self._activity.setVisible(info is not None)
        self._stale = True
        self._wake()

    def set_window(self, gauge: WindowGauge | None) -> None:
        """The state in use: how far it is, and what its window holds."""
        self._gauge.set_gauge(gauge)

    def set_turn(self, first_token_s: float | None, written_tokens: int, tokens_per_second: float) -> None:
        """The last answer: seconds to its first token (None where there is none), tokens, and their rate."""
        if first_token_s is None:
            self._turn.setText(self.tr("No answer written yet"))
        else:
            text = self.tr("Time to first token {seconds} s · {rate} tokens/s")
            seconds = decimal_text(first_token_s, 2 if first_token_s < 10 else 0)
            self._turn.setText(text.format(seconds=seconds, rate=rate_text(tokens_per_second)))
        self._turn_written.setVisible(written_tokens > 0)
        self._turn_written.setText(self.tr("Tokens written: {count}").format(count=count_text(written_tokens)))

    def set_totals(self, read: int, written: int) -> None:
        """Tokens in this run of the program."""
        self._read.setText(self.tr("Tokens read: {count}").format(count=count_text(read)))
        self._written.setText(self.tr("Tokens written: {count}").format(count=count_text(written)))

    # -- building ------------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(4)
        body.addWidget(self._plots)
        sections: tuple[tuple[str, tuple[QWidget, ...]], ...] = (
            (self.tr("Window"), (self._gauge,)),
            (self.tr("Last turn"), (self._turn, self._turn_written)),
            (self.tr("This run"), (self._read, self._written)),
        )
        for title, widgets in sections:
            body.addSpacing(8)
            body.addWidget(_label("heading", title))
            for widget in widgets:
                body.addWidget(widget)
        head = QHBoxLayout()
        head.addWidget(_label("heading", self.tr("Meters")), 1)
        self._activity.setWordWrap(False)
        head.addWidget(self._activity)
        column = QVBoxLayout(self._content)
        column.setContentsMargins(12, 12, 12, 12)
        column.setSpacing(8)
        column.addLayout(head)
        column.addWidget(self._empty)
        column.addWidget(self._body)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setAccessibleName(self.tr("Meters"))
        scroll.setWidget(self._content)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    def _connect(self) -> None:
        self._pause.timeout.connect(self._refresh)

    # -- drawing -------------------------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        super().showEvent(event)
        self._wake()

    def _wake(self) -> None:
        """Make the plots the first time that they would be seen, after the window itself has been painted."""
        if self._model is None or not self.isVisible():
            return
        self._refresh()
        if not self._plots.has_plots:
            QTimer.singleShot(0, self, self._make_plots)

    def load_plots(self) -> None:
        """Make the plots, though they may not be seen yet: later it would stop the window for a third of a second."""
        if not self._plots.has_plots:
            self._plots.make_plots()

    def _make_plots(self) -> None:
        if self._plots.has_plots or self._model is None:
            return
        self._plots.make_plots()
        self._plots.refresh(self._history, self._model.state_nbytes)

    def _refresh(self) -> None:
        if not self._stale or self._model is None or not self.isVisible() or self._pause.isActive():
            return
        self._stale = False
        self._pause.start()
        newest = self._history.newest
        self._activity.setText(self.tr("working") if newest is not None and newest.busy else self.tr("idle"))
        self._plots.refresh(self._history, self._model.state_nbytes)
        # A longer figure, or larger text, needs a wider pane.
        if self.minimumSizeHint().width() > self.width():
            self.updateGeometry()


def _label(role: str = "", text: str = "") -> QLabel:
    label = QLabel(text)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setWordWrap(True)
    if role:
        label.setProperty("role", role)
    return label
