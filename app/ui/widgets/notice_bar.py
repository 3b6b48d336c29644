"""One line above the status for what the user should know: what happened, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QEnterEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.ui import theme
from app.ui.icons import icon

INFO_MS = 8000
MOST = 5
"""Notices kept at a time, the shown one among them."""


class NoticeKind(StrEnum):
    """How much a notice matters, from the least on."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence with a next step; `details` can be copied, `action_text` is on a button that calls `run`."""

    kind: NoticeKind
    text: str
    details: str = ""
    action_text: str = ""
    run: Callable[[], None] | None = None


class NoticeBar(QWidget):
    """Shows one notice; the others wait, those that matter most first.

    An info goes by itself, unless the pointer or the keyboard is on it. Hidden while there is nothing to say.
    """

    emptied = Signal()
    """The last notice has gone."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._notices: list[Notice] = []
        self._shown: Notice | None = None
        self._hovered = False
        self._frame = QFrame()
        self._frame.setProperty("role", "notice")
        self._picture = QLabel()
        self._text = QLabel(wordWrap=True)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._more = QLabel()
        self._more.setProperty("role", "muted")
        self._action = QPushButton()
        self._copy = QPushButton(self.tr("Copy details"))
        self._close = QToolButton()
        self._close.setToolTip(self.tr("Close this notice"))
        self._close.setAccessibleName(self.tr("Close this notice"))
        self._close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._expiry = QTimer(self, singleShot=True, interval=INFO_MS)
        self._lay_out()
        self._connect()
        self.hide()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self._frame)
        row.setContentsMargins(12, 4, 8, 4)
        row.setSpacing(8)
        for widget in (self._picture, self._text, self._more, self._action, self._copy, self._close):
            row.addWidget(widget)
        row.setStretchFactor(self._text, 1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(8, 4, 8, 4)
        whole.addWidget(self._frame)

    def _connect(self) -> None:
        self._action.clicked.connect(self._run)
        self._copy.clicked.connect(self._copy_details)
        self._close.clicked.connect(self.dismiss)
        self._expiry.timeout.connect(self.dismiss)
        theme.signals().changed.connect(self._set_icons)
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._time)

    @property
    def current(self) -> Notice | None:
        """The notice that is shown."""
        return self._shown

    @property
    def notices(self) -> tuple[Notice, ...]:
        """The shown one, then those that wait, in their order."""
        return tuple(self._notices)

    def show(self, notice: Notice | None = None) -> None:
        """Show a notice, or have it wait behind those that matter as much; one that is there already stays alone.

        Where there are too many, the oldest of the least that matter goes. Without a notice as QWidget.show.
        """
        if notice is None:
            super().show()
            return
        if notice in self._notices:
            return
        self._notices.append(notice)
        # Stable: among equals the oldest is first.
        self._notices.sort(key=lambda item: -_weight(item))
        if len(self._notices) > MOST:
            least = min(map(_weight, self._notices))
            self._notices.remove(next(item for item in self._notices if _weight(item) == least))
        self._update()

    def dismiss(self) -> None:
        """The shown notice goes, the next one comes."""
        if self._notices:
            self._notices.pop(0)
            self._update()

    def clear(self) -> None:
        """All of them go."""
        self._notices.clear()
        self._update()

    def _update(self) -> None:
        first = self._notices[0] if self._notices else None
        waiting = len(self._notices) - 1
        self._more.setText(self.tr("{number} more").format(number=waiting))
        self._more.setVisible(waiting > 0)
        if first is self._shown:
            return
        self._shown = first
        self._expiry.stop()
        if first is None:
            self._leave()
            self.emptied.emit()
            return
        self._text.setText(first.text)
        self._frame.setAccessibleName(first.text)
        self._action.setText(first.action_text)
        self._action.setVisible(bool(first.action_text) and first.run is not None)
        self._copy.setText(self.tr("Copy details"))
        self._copy.setVisible(bool(first.details))
        theme.set_property(self._frame, "kind", first.kind.value)
        self._set_icons()
        super().show()
        self._time()
        _announce(self._frame, first)

    def _leave(self) -> None:
        """Hidden, and the keyboard's focus is not lost with it."""
        if self._has_focus():
            self.focusNextChild()
        self._hovered = False
        self.hide()

    def _set_icons(self) -> None:
        kind = NoticeKind.INFO if self._shown is None else self._shown.kind
        size = round(self.fontMetrics().height() * 1.1)
        self._picture.setPixmap(icon("info" if kind is NoticeKind.INFO else "warning").pixmap(size, size))
        self._close.setIcon(icon("close"))

    def _run(self) -> None:
        run = self._shown.run if self._shown is not None else None
        self.dismiss()
        if run is not None:
            run()

    def _copy_details(self) -> None:
        if self._shown is not None:
            QGuiApplication.clipboard().setText(f"{self._shown.text}\n\n{self._shown.details}")
            self._copy.setText(self.tr("Copied"))

    def _time(self) -> None:
        """An info has its time again whenever it is left."""
        if self._shown is None or self._shown.kind is not NoticeKind.INFO or self._hovered or self._has_focus():
            self._expiry.stop()
        elif not self._expiry.isActive():
            self._expiry.start()

    def _has_focus(self) -> bool:
        focused = QApplication.focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def enterEvent(self, event: QEnterEvent) -> None:  # noqa: N802
        super().enterEvent(event)
        self._hovered = True
        self._time()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802
        super().leaveEvent(event)
        self._hovered = False
        self._time()


def _weight(notice: Notice) -> int:
    return list(NoticeKind).index(notice.kind)


def _announce(widget: QWidget, notice: Notice) -> None:
    """Have a screen reader say it, an error at once."""
    event = QAccessibleAnnouncementEvent(widget, notice.text)
    if notice.kind is NoticeKind.ERROR:
        event.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
    QAccessible.updateAccessibility(event)
