"""A pane that is hidden while its window is too narrow for it and for what it stands beside."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QWidget


class GivesWay(QObject):
    """Hides a pane when its window becomes narrower than so many letters of its font, and shows it again afterwards.

    Only the change hides it: a user who asks for the pane in a narrow window has it.
    """

    def __init__(self, pane: QWidget, window: QWidget, from_chars: int) -> None:
        super().__init__(window)
        self._pane = pane
        self._window = window
        self._from_chars = from_chars
        self._narrow = False
        self._gave_way = False
        window.installEventFilter(self)

    @property
    def wanted(self) -> bool:
        """Whether the pane would be there in a wide window."""
        return self._gave_way or self._pane.isVisibleTo(self._window)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Look when the window's width or its text changes."""
        # By the event alone: Qt also tells of the window's end, when Python may have taken this object apart.
        if event.type() in (QEvent.Type.Resize, QEvent.Type.FontChange):
            self._look()
        return False

    def _look(self) -> None:
        narrow = self._window.width() < self._from_chars * self._window.fontMetrics().averageCharWidth()
        if narrow == self._narrow:
            return
        self._narrow = narrow
        if narrow:
            self._gave_way = self._pane.isVisibleTo(self._window)
            self._pane.hide()
        elif self._gave_way:
            self._gave_way = False
            self._pane.show()
