"""The bar below a document in which the user looks for a text."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLocale, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QWidget

from app.ui.widgets.icon_button import IconButton

SETTLES_AFTER_MS = 250


class FindBar(QWidget):
    """Says what is looked for and which of the places found the user wants to see; Esc closes it."""

    find_wanted = Signal(str)
    """The text, once nobody has typed for a moment; '' stops a search."""
    stepped = Signal(int)
    """1: the next place, -1: the one before."""
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._field = _FindField()
        self._field.setPlaceholderText(self.tr("Find in this document"))
        self._field.setAccessibleName(self.tr("Find in this document"))
        self._count = QLabel()
        self._previous = IconButton("chevron-up", self.tr("Previous place"), self.tr("Shift+Enter"))
        self._next = IconButton("chevron-down", self.tr("Next place"), self.tr("Enter"))
        self._close = IconButton("close", self.tr("Close the search"), self.tr("Esc"))
        self._told = ""
        self._pause = QTimer(self, singleShot=True, interval=SETTLES_AFTER_MS)
        self._lay_out()
        self._connect()
        self.set_count(None, 0, done=True)
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(4)
        row.addWidget(self._field, 1)
        row.addSpacing(4)
        row.addWidget(self._count)
        row.addSpacing(4)
        for widget in (self._previous, self._next, self._close):
            row.addWidget(widget)
        row.addStretch(1)
        self._field.setMaximumWidth(self._field.fontMetrics().averageCharWidth() * 60)
        self._count.setProperty("role", "muted")
        self.setProperty("role", "bar")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setFocusProxy(self._field)

    def _connect(self) -> None:
        self._field.textChanged.connect(self._typed)
        self._field.entered.connect(self._step)
        self._field.escaped.connect(self.close_search)
        self._pause.timeout.connect(self._tell)
        self._previous.clicked.connect(lambda: self._step(-1))
        self._next.clicked.connect(lambda: self._step(1))
        self._close.clicked.connect(self.close_search)

    def open(self) -> None:
        """Show the bar, ready to type; what was looked for last is looked for again."""
        self.show()
        self._field.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._field.selectAll()
        self._tell()

    def close_search(self) -> None:
        """Hide the bar and stop the search."""
        if self.isHidden():
            return
        self._pause.stop()
        self.hide()
        if self._told:
            self._told = ""
            self.find_wanted.emit("")
        self.closed.emit()

    def forget(self) -> None:
        """Hide the bar and empty it: another document."""
        self.close_search()
        self._field.clear()
        self._pause.stop()

    def set_count(self, current: int | None, total: int, *, done: bool, more: bool = False) -> None:
        """How much was found.

        Args:
            current: the place that is shown, from 0.
            done: nothing more will be found.
            more: there is more in the document than the search gives.
        """
        text = self._count_text(current, QLocale().toString(total), total, done, more)
        self._count.setText(text)
        self._field.setAccessibleDescription(text)
        self._previous.setEnabled(total > 0)
        self._next.setEnabled(total > 0)

    def _count_text(self, current: int | None, written: str, total: int, done: bool, more: bool) -> str:
        if not self._told:
            return ""
        if not total:
            return self.tr("Not found") if done else self.tr("Searching")
        if current is None:
            return self.tr("{places} so far").format(places=written)
        text = self.tr("{place} of the first {places}") if more else self.tr("{place} of {places}")
        if not done:
            text = self.tr("{place} of {places} so far")
        return text.format(place=QLocale().toString(current + 1), places=written)

    def _typed(self) -> None:
        self._pause.start()

    def _step(self, by: int) -> None:
        """Enter right after typing begins the search, which shows a place by itself."""
        if self._pause.isActive():
            self._tell()
        else:
            self.stepped.emit(by)

    def _tell(self) -> None:
        self._pause.stop()
        text = " ".join(self._field.text().split())
        if text != self._told:
            self._told = text
            self.find_wanted.emit(text)


class _FindField(QLineEdit):
    """Tells Enter with Shift from Enter without, and keeps Esc from the shortcuts of the window."""

    entered = Signal(int)
    escaped = Signal()

    def event(self, event: QEvent) -> bool:
        key = event.key() if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride else None
        if key == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)
