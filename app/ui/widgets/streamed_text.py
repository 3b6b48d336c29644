"""Text that comes in small pieces and is shown a few times a second."""

from __future__ import annotations

from time import perf_counter

from PySide6.QtCore import QObject, QTimer, Signal

SHORTEST_INTERVAL_MS = 100
_SHARE = 12
"""Showing takes at most one part in so many of the time."""


class StreamedText(QObject):
    """Collects pieces and says when to show all of them: the longer that takes, the less often."""

    due = Signal(str)
    """The whole text so far."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pieces: list[str] = []
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._took_s = 0.0
        self._connect()

    def _connect(self) -> None:
        self._timer.timeout.connect(self.flush)

    def start(self, text: str = "") -> None:
        """A new text."""
        self._timer.stop()
        self._pieces = [text] if text else []
        self._took_s = 0.0

    def add(self, piece: str) -> None:
        """More of it."""
        self._pieces.append(piece)
        if not self._timer.isActive():
            self._timer.start(max(SHORTEST_INTERVAL_MS, int(self._took_s * 1000 * _SHARE)))

    def text(self) -> str:
        """The whole text so far."""
        self._pieces = ["".join(self._pieces)]
        return self._pieces[0]

    def flush(self) -> None:
        """Show it now."""
        self._timer.stop()
        begun = perf_counter()
        self.due.emit(self.text())
        self._took_s = perf_counter() - begun
