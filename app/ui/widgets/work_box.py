"""Work on a model's files: how far it is, and how to stop it."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from app.ui.models.model_row import WorkKind, WorkShown
from app.ui.models.model_words import progress_text, work_text
from app.ui.widgets.progress_line import ANNOUNCE_MS, UPDATE_MS

_STEPS = 1000


class WorkBox(QWidget):
    """Shows the newest WorkShown; hidden while there is none."""

    stop_wanted = Signal(str)
    """The model's name."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._work: WorkShown | None = None
        self._is_new = False
        self._bar = QProgressBar(textVisible=False)
        self._bar.setProperty("kind", "thin")
        self._bar.setAccessibleName(self.tr("Progress"))
        self._text = QLabel(wordWrap=True)
        self._text.setProperty("role", "muted")
        self._stop = QPushButton()
        self._rest = QTimer(self, singleShot=True)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._text, 1)
        line.addWidget(self._stop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._bar)
        column.addLayout(line)
        self.hide()
        self._connect()

    def _connect(self) -> None:
        self._rest.timeout.connect(self._update)
        self._stop.clicked.connect(self._stop_it)

    @property
    def text(self) -> str:
        """The line of figures as it is shown now."""
        return self._text.text().replace("\u00a0", " ")

    def show_work(self, work: WorkShown | None) -> None:
        """As often as the caller likes; figures change a few times a second, all else at once."""
        before, self._work = self._work, work
        self._is_new = self._is_new or work != before
        if work is None:
            self._rest.stop()
            self.hide()
            return
        same = before is not None and _kind(before) == _kind(work)
        if not same or not self._rest.isActive():
            self._update()
        self.show()

    def _update(self) -> None:
        work = self._work
        if work is None or not self._is_new:
            return
        self._is_new = False
        # Without an end in sight the bar runs to and fro.
        moving = work.share is None and work.progress is not None
        self._bar.setRange(0, 0 if moving else _STEPS)
        self._bar.setValue(0 if work.share is None else round(_STEPS * work.share))
        progress = None if work.stopping else work.progress
        self._text.setText(work_text(work) if progress is None else progress_text(progress))
        self._stop.setText(self.tr("Pause") if work.kind is WorkKind.GET else self.tr("Stop"))
        self._stop.setEnabled(not work.stopping)
        self._rest.start(ANNOUNCE_MS if QAccessible.isActive() else UPDATE_MS)

    def _stop_it(self) -> None:
        if self._work is not None:
            self.stop_wanted.emit(self._work.name)


def _kind(work: WorkShown) -> tuple[object, ...]:
    return work.name, work.kind, work.stopping, None if work.progress is None else work.progress.stage
