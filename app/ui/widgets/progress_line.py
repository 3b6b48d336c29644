"""How far a reading has come: a thin bar and one line of figures."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QTimer
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QLabel, QProgressBar, QVBoxLayout, QWidget

from app.ui.amounts import count_text, rate_text

UPDATE_MS = 100
ANNOUNCE_MS = 4000
"""Between two changes where a screen reader may be listening: it speaks each of them."""
_STEPS = 1000


@dataclass(frozen=True, slots=True)
class ReadingShown:
    """A reading under way: pages from 1, tokens, tokens per second (0: not known yet), seconds, parts of the notes."""

    page: int
    pages: int
    tokens_done: int
    tokens_total: int
    tokens_per_second: float
    seconds_left: float | None
    parts_done: int
    parts_total: int

    @property
    def share(self) -> float:
        """Of the tokens, 0 to 1."""
        return self.tokens_done / self.tokens_total if self.tokens_total else 0.0


class ProgressLine(QWidget):
    """Shows the newest ReadingShown; hidden while there is none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._newest: ReadingShown | None = None
        self._bar = QProgressBar(textVisible=False)
        self._bar.setProperty("kind", "thin")
        self._bar.setRange(0, _STEPS)
        self._bar.setAccessibleName(self.tr("Progress of the reading"))
        self._text = QLabel(wordWrap=True)
        self._text.setProperty("role", "muted")
        self._pause = QTimer(self, singleShot=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self._bar)
        layout.addWidget(self._text)
        self.hide()
        self._connect()

    def _connect(self) -> None:
        self._pause.timeout.connect(self._update)

    @property
    def text(self) -> str:
        """The line of figures as it is shown now."""
        return self._text.text().replace("\u00a0", " ")

    def set_reading(self, reading: ReadingShown | None) -> None:
        """As often as the caller likes; what is shown changes a few times a second."""
        self._newest = reading
        if reading is None:
            self._pause.stop()
            self.hide()
        elif not self._pause.isActive():
            self._update()
            self.show()

    def _update(self) -> None:
        shown, self._newest = self._newest, None
        if shown is None:
            return
        self._bar.setValue(round(_STEPS * min(1.0, shown.share)))
        # Rows are broken between figures only.
        self._text.setText("\u00a0· ".join(figure.replace(" ", "\u00a0") for figure in self._figures(shown)))
        self._pause.start(ANNOUNCE_MS if QAccessible.isActive() else UPDATE_MS)

    def _figures(self, shown: ReadingShown) -> list[str]:
        figures = [
            self.tr("page {page} of {pages}").format(page=count_text(shown.page), pages=count_text(shown.pages)),
            self.tr("{done} of {total} tokens").format(
                done=count_text(shown.tokens_done), total=count_text(shown.tokens_total)
            ),
        ]
        if shown.tokens_per_second > 0:
            figures.append(self.tr("{rate} tokens/s").format(rate=rate_text(shown.tokens_per_second)))
        if shown.seconds_left is not None:
            figures.append(self._time_left(shown.seconds_left))
        if shown.parts_total:
            figures.append(
                self.tr("{done} of {total} sections written").format(
                    done=count_text(shown.parts_done), total=count_text(shown.parts_total)
                )
            )
        return figures

    def _time_left(self, seconds: float) -> str:
        if seconds < 55:
            return self.tr("{seconds} s left").format(seconds=max(5, 5 * round(seconds / 5)))
        minutes = round(seconds / 60)
        if minutes < 60:
            return self.tr("{minutes} min left").format(minutes=minutes)
        return self.tr("{hours} h {minutes} min left").format(
            hours=count_text(minutes // 60), minutes=f"{minutes % 60:02}"
        )
