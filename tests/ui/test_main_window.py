"""The window's frame: what is dropped on it, what it keeps for the next start, its title, and Esc."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.ui.main_window import MainWindow
from app.ui.views.chat import ChatView
from app.ui.window_state import WindowState

COPY, LEFT, NONE = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    """On the screen."""
    made = MainWindow(WindowState())
    qtbot.addWidget(made)
    made.show()
    qtbot.waitActive(made)
    return made


def drop(target: QWidget, urls: Sequence[str]) -> bool:
    """Drag something over a widget and let it go; whether that took it."""
    data = QMimeData()
    data.setUrls([QUrl(url) for url in urls])
    entered = QDragEnterEvent(QPoint(5, 5), COPY, data, LEFT, NONE)
    QApplication.sendEvent(target, entered)
    if entered.isAccepted():
        QApplication.sendEvent(target, QDropEvent(QPointF(5, 5), COPY, data, LEFT, NONE))
    return entered.isAccepted()


def test_files_and_folders_are_dropped_anywhere(window: MainWindow, tmp_path: Path) -> None:
    """All of them at once; what lies on no disk is not taken."""
    dropped: list[object] = []
    window.files_dropped.connect(dropped.append)
    paths = (tmp_path / "a b.pdf", tmp_path)
    assert drop(window, [path.as_uri() for path in paths])
    assert not drop(window, ["https://example.org/a.pdf"])
    assert dropped == [paths]


def test_a_file_dropped_on_the_composer_is_the_windows(window: MainWindow, tmp_path: Path) -> None:
    """It is opened, not written down; text is."""
    view = ChatView()
    window.show_in_centre(view)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(tmp_path))])
    assert not view.composer.field.canInsertFromMimeData(data)
    data = QMimeData()
    data.setText("some words")
    assert view.composer.field.canInsertFromMimeData(data)


def test_panes_are_as_they_were_left(qtbot: QtBot, window: MainWindow) -> None:
    """Sizes, and which are shown."""
    window.splitter.setSizes([350, 600, 300])
    sizes = window.splitter.sizes()
    window.meters.hide()
    window.close()
    again = MainWindow(WindowState())
    qtbot.addWidget(again)
    again.show()
    assert again.sidebar.isVisible() and not again.meters.isVisible()
    again.meters.show()
    assert abs(again.splitter.sizes()[0] - sizes[0]) < 30


def test_closing_is_told_once(window: MainWindow) -> None:
    """Before the window is gone."""
    told: list[bool] = []
    window.closing.connect(lambda: told.append(window.isVisible()))
    window.close()
    assert told == [True]


def test_what_is_in_front(qtbot: QtBot, window: MainWindow) -> None:
    """Its title is the window's; the keyboard's focus goes with it, unless it is elsewhere in the window."""
    view = ChatView()
    window.home._sample.setFocus()
    window.show_in_centre(view, "A talk")
    assert window.windowTitle() == "A talk – Griffin Desk"
    qtbot.waitUntil(view.composer.field.hasFocus)
    window.sidebar.search.setFocus()
    window.show_in_centre(None)
    assert window.windowTitle() == "Griffin Desk" and window.sidebar.search.hasFocus()
    window.forget(view)
    assert window.centre.count() == 1


def test_esc_is_told_when_nobody_else_wants_it(qtbot: QtBot, window: MainWindow) -> None:
    """A search is emptied by it first."""
    told: list[int] = []
    window.escaped.connect(lambda: told.append(1))
    search = window.sidebar.search
    search.setText("words")
    qtbot.keyClick(search, Qt.Key.Key_Escape)
    assert (search.text(), told) == ("", [])
    qtbot.keyClick(search, Qt.Key.Key_Escape)
    assert told == [1]
