"""The window's bottom line: what is running, and what it runs on."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QElapsedTimer, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from app.ui import theme
from app.ui.amounts import decimal_text, duration_text
from app.ui.icons import icon
from app.ui.theme import colours
from app.ui.widgets.elided import ElidedButton, ElidedLabel
from app.ui.widgets.tool_tips import set_tool_tip

SAID_MS = 6000
"""How long a passing message stands."""
TOLD_MS = 5000
"""A screen reader hears of progress at most this often."""


@dataclass(frozen=True, slots=True)
class Running:
    """The job under way. progress: 0 to 1, None where it cannot be told; seconds_left likewise."""

    text: str
    progress: float | None
    seconds_left: float | None
    can_pause: bool
    paused: bool


class StatusLine(QWidget):
    """At the left what is running, with pause and stop; at the right memory, the offline mark and the model."""

    paused = Signal()
    resumed = Signal()
    stopped = Signal()
    model_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._running: Running | None = None
        self._said_text = ""
        self._text = ElidedLabel(Qt.TextElideMode.ElideMiddle)
        self._left = QLabel()
        self._left.setProperty("role", "muted")
        self._bar = _ThinBar()
        self._pause, self._stop = QToolButton(), QToolButton()
        self._memory = QLabel()
        self._memory.setProperty("role", "muted")
        self._offline = _OfflineMark()
        self._model = ElidedButton()
        self._model.setProperty("kind", "quiet")
        self._told = QElapsedTimer()
        self._said = QTimer(self)
        self._said.setSingleShot(True)
        self._said.setInterval(SAID_MS)
        self._lay_out()
        self._connect()
        self.set_model(self.tr("No model"), self.tr("Choose a model"))
        self.set_memory("")
        self.set_offline(True)
        self.set_running(None)
        self._retint()

    # -- calls from the owner ------------------------------------------------------------------------------------------

    def set_model(self, text: str, detail: str) -> None:
        """What is loaded, as "name · device · weight format"; the detail is shown as a tool tip."""
        self._model.set_text(text, detail)
        self._fit()

    def set_running(self, running: Running | None) -> None:
        """The job under way, or None."""
        before, self._running = self._running, running
        if running is None:
            for widget in (self._left, self._bar, self._pause, self._stop):
                widget.hide()
        else:
            self._show_job(running, before)
        self._show_text(at_once=before is None or running is None or before.paused != running.paused)

    def set_memory(self, text: str) -> None:
        """What the worker takes, as "2.72 GiB"; '' hides it."""
        if text != self._memory.text():
            self._memory.setText(text)
            set_tool_tip(self._memory, self.tr("Memory that the worker takes: {size}").format(size=text))
        self._fit()

    def set_offline(self, offline: bool) -> None:
        """Whether nothing may leave this machine."""
        self._offline.setVisible(offline)
        self._fit()

    def say(self, text: str) -> None:
        """Show a passing message for a few seconds, in place of what is running."""
        self._said_text = text
        self._said.start()
        self._show_text(at_once=True)

    # -- building ------------------------------------------------------------------------------------------------------

    def _lay_out(self) -> None:
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 4, 8, 4)
        line.setSpacing(8)
        line.addWidget(self._text)
        line.addWidget(self._left)
        line.addWidget(self._bar)
        line.addWidget(self._pause)
        line.addWidget(self._stop)
        line.addStretch(1)
        line.addWidget(self._memory)
        line.addWidget(self._offline)
        line.addWidget(self._model)
        self._stop.setToolTip(self.tr("Stop"))
        self._stop.setAccessibleName(self.tr("Stop"))

    def _connect(self) -> None:
        self._pause.clicked.connect(self._pause_clicked)
        self._stop.clicked.connect(self.stopped)
        self._model.clicked.connect(self.model_wanted)
        self._said.timeout.connect(self._end_saying)
        theme.signals().changed.connect(self._retint)

    # -- showing -------------------------------------------------------------------------------------------------------

    def _show_job(self, running: Running, before: Running | None) -> None:
        self._bar.set_share(running.progress or 0.0)
        left = ""
        if running.paused:
            left = self.tr("Paused")
        elif running.seconds_left is not None:
            left = self.tr("{time} left").format(time=duration_text(running.seconds_left))
        self._left.setText(f"· {left}" if left else "")
        self._pause.setVisible(running.can_pause)
        self._stop.show()
        if before is None or before.paused != running.paused:
            self._tint_pause(running.paused)

    def _show_text(self, *, at_once: bool) -> None:
        running = self._running
        saying = self._said.isActive()
        idle = self.tr("Ready")
        self._text.set_text(self._said_text if saying else idle if running is None else running.text)
        self._left.setVisible(not saying and running is not None and bool(self._left.text()))
        self._bar.setVisible(not saying and running is not None and running.progress is not None)
        self._fit()
        if at_once or not self._told.isValid() or self._told.hasExpired(TOLD_MS):
            self._told.start()
            self._text.setAccessibleName(self._spoken(running, saying))

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Where room is short the word beside the lock goes first, then the memory; texts are cut after that."""
        line = self.layout()
        assert isinstance(line, QHBoxLayout)
        margins = line.contentsMargins()
        always = (self._text, self._left, self._bar, self._pause, self._stop, self._model)
        shown = [widget.sizeHint().width() for widget in always if not widget.isHidden()]
        room = self.width() - margins.left() - margins.right() - sum(shown) - line.spacing() * (len(shown) + 2)
        if not self._offline.isHidden():
            room -= self._offline.lock_width
        memory = self._memory.sizeHint().width() if self._memory.text() else 0
        self._offline.show_word(memory + self._offline.word_width <= room)
        self._memory.setVisible(0 < memory <= room)

    def _spoken(self, running: Running | None, saying: bool) -> str:
        if saying or running is None:
            return self._text.text
        parts = [running.text]
        if running.progress is not None:
            parts.append(self.tr("{percent} %").format(percent=decimal_text(100 * running.progress, 0)))
        if not self._left.isHidden():
            parts.append(self._left.text().removeprefix("· "))
        return ", ".join(parts)

    def _end_saying(self) -> None:
        self._said_text = ""
        self._show_text(at_once=True)

    def _pause_clicked(self) -> None:
        if self._running is None:
            return
        (self.resumed if self._running.paused else self.paused).emit()

    def _tint_pause(self, paused: bool) -> None:
        name = self.tr("Resume") if paused else self.tr("Pause")
        self._pause.setIcon(icon("play" if paused else "pause"))
        set_tool_tip(self._pause, name)
        self._pause.setAccessibleName(name)

    def _retint(self) -> None:
        self._stop.setIcon(icon("stop"))
        self._tint_pause(self._running is not None and self._running.paused)


class _OfflineMark(QWidget):
    """A lock and a word."""

    def __init__(self) -> None:
        super().__init__()
        self._lock, self._word = QLabel(), QLabel(self.tr("Offline"))
        self._word.setProperty("role", "muted")
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(2)
        line.addWidget(self._lock)
        line.addWidget(self._word)
        self.setToolTip(self.tr("Nothing leaves this machine but what you start yourself in “Models”."))
        self.setAccessibleName(self._word.text())
        self.setAccessibleDescription(self.toolTip())
        self._retint()
        theme.signals().changed.connect(self._retint)

    @property
    def lock_width(self) -> int:
        """Pixels that the lock takes."""
        return self._lock.sizeHint().width()

    @property
    def word_width(self) -> int:
        """Pixels that the word takes beside it."""
        return self._word.sizeHint().width() + 2

    def show_word(self, shown: bool) -> None:
        """Show the word, or the lock alone."""
        self._word.setVisible(shown)

    def _retint(self) -> None:
        side = self.fontMetrics().height()
        self._lock.setPixmap(icon("lock", colours().muted).pixmap(side, side))


class _ThinBar(QWidget):
    """How far the job is. Not a QProgressBar: that tells a screen reader of every step."""

    def __init__(self) -> None:
        super().__init__()
        self._share = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)

    @property
    def share(self) -> float:
        """0 to 1."""
        return self._share

    def set_share(self, share: float) -> None:
        share = min(max(share, 0.0), 1.0)
        if share != self._share:
            self._share = share
            self.update()

    def sizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.fontMetrics().averageCharWidth() * 16, 6)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        return QSize(self.fontMetrics().averageCharWidth() * 6, 6)

    def paintEvent(self, _: QPaintEvent) -> None:  # noqa: N802
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        high = self.height()
        painter.setBrush(colours().outline)
        painter.drawRoundedRect(0, high // 2 - 1, self.width(), 2, 1, 1)
        painter.setBrush(colours().accent)
        painter.drawRoundedRect(0, high // 2 - 2, round(self.width() * self._share), 4, 2, 2)
        painter.end()
