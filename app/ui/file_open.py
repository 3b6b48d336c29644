"""Files that the system hands to the running program, as macOS does where others start it anew with their names."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication


class FileOpeningApplication(QApplication):
    """The application, which hears of files that are opened with it.

    A subclass and not an event filter: a filter would be asked about each event of every widget.
    """

    files_opened = Signal(tuple)
    """One or more paths (tuple[Path, ...])."""

    def event(self, event: QEvent) -> bool:
        """Qt's: the events of the application itself."""
        if isinstance(event, QFileOpenEvent) and event.file():
            self.files_opened.emit((Path(event.file()),))
            return True
        return super().event(event)
