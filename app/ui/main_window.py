"""The window's frame: panes, and what is dropped on them. What is shown in it is its controller's business."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from app.ui.views.home import HomeView
from app.ui.views.meters import MetersView
from app.ui.views.sidebar import Sidebar
from app.ui.widgets.gives_way import GivesWay
from app.ui.widgets.notice_bar import NoticeBar
from app.ui.widgets.status_line import StatusLine
from app.ui.window_state import WindowState

PRODUCT = "Griffin Desk"
METERS_FROM_CHARS = 115
"""Width of a window, in letters of its font, that has room for the meters beside the rest."""


class MainWindow(QMainWindow):
    """Sidebar, centre and meters side by side; notices and the status line below."""

    files_dropped = Signal(object)
    """tuple[Path, ...] of files and folders."""
    escaped = Signal()
    """Esc was pressed, and nothing that has the focus wants it."""
    painted = Signal()
    """The window was painted for the first time."""
    closing = Signal()
    """The window is about to close."""

    def __init__(self, state: WindowState) -> None:
        super().__init__()
        self._state = state
        self._is_painted = False
        self.sidebar = Sidebar()
        self.home = HomeView()
        self.centre = QStackedWidget()
        self.meters = MetersView()
        self.notices = NoticeBar()
        self.status = StatusLine()
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self._lay_out()
        self._restore()
        self._meters_room = GivesWay(self.meters, self, METERS_FROM_CHARS)

    def _lay_out(self) -> None:
        self.setWindowTitle(PRODUCT)
        self.setAcceptDrops(True)
        self.resize(1280, 800)
        self.setMinimumSize(720, 480)
        # Its menus come a moment after the first paint: nothing below it may jump then.
        self.menuBar().setMinimumHeight(self.menuBar().fontMetrics().height() + 8)
        self.centre.addWidget(self.home)
        self.splitter.setObjectName("panes")
        for pane in (self.sidebar, self.centre, self.meters):
            self.splitter.addWidget(pane)
        self.splitter.setStretchFactor(0, 0)
        self.splitter.setStretchFactor(1, 1)
        self.splitter.setStretchFactor(2, 0)
        self.splitter.setCollapsible(1, False)
        self.splitter.setSizes([280, 740, 260])
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.splitter, 1)
        column.addWidget(self.notices)
        column.addWidget(self.status)
        self.setCentralWidget(body)
        self.notices.hide()

    def _restore(self) -> None:
        state = self._state
        state.restore_geometry(self)
        state.restore_splitter("panes", self.splitter)
        state.restore_splitter("sidebar", self.sidebar.splitter)
        self.sidebar.setVisible(state.shown("sidebar", True))
        self.meters.setVisible(state.shown("meters", True))

    def save_state(self) -> None:
        """Keep sizes and places for the next start."""
        state = self._state
        state.save_geometry(self)
        state.save_splitter("panes", self.splitter)
        state.save_splitter("sidebar", self.sidebar.splitter)
        state.save_shown("sidebar", self.sidebar.isVisibleTo(self))
        state.save_shown("meters", self._meters_room.wanted)

    def show_in_centre(self, view: QWidget | None, title: str = "") -> None:
        """Bring something open to the front; None: the home page. The keyboard's focus is not left behind in it."""
        shown = view or self.home
        focused = self.focusWidget()
        behind = focused is None or self.centre.isAncestorOf(focused)
        if self.centre.indexOf(shown) < 0:
            self.centre.addWidget(shown)
        changed = self.centre.currentWidget() is not shown
        self.centre.setCurrentWidget(shown)
        if changed and behind:
            shown.setFocus(Qt.FocusReason.OtherFocusReason)
        self.set_title(title)

    def set_title(self, title: str) -> None:
        """What is in front; '' for nothing that has a name."""
        self.setWindowTitle(f"{title} – {PRODUCT}" if title else PRODUCT)

    def forget(self, view: QWidget) -> None:
        """Something is closed."""
        self.centre.removeWidget(view)

    def come_to_front(self) -> None:
        """Show the window to a user who started the program once more."""
        if self.isMinimized():
            self.showNormal()
        self.raise_()
        self.activateWindow()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        """Esc, which stops what runs in front."""
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        else:
            super().keyPressEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Files and folders can be dropped anywhere."""
        if _paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """What was dropped is opened."""
        paths = _paths(event.mimeData())
        if paths:
            event.acceptProposedAction()
            self.files_dropped.emit(paths)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        """What can wait waits for the first of these."""
        super().paintEvent(event)
        if not self._is_painted:
            self._is_painted = True
            QTimer.singleShot(0, self.painted.emit)

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802
        """Keep the window's shape, and let the program end."""
        self.save_state()
        self.closing.emit()
        super().closeEvent(event)
        # What is told while the program ends would be painted on a window that is no more.
        self.setUpdatesEnabled(False)


def _paths(data: QMimeData) -> tuple[Path, ...]:
    return tuple(Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile())
